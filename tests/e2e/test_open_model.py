"""Arrivals that come whether the target answers or not."""

import json
from pathlib import Path

import pytest

from harness.core.report import Report
from harness.core.verdict import Status, Verdict
from harness.report.render.json_report import parse
from tests.e2e.conftest import Harness, Writer, rows_of
from tests.parts import mostly_long

LOCUSTFILE = """
from locust import {user}, TaskSet, between, task

class Inner(TaskSet):
    wait_time = between(5, 9)

    @task
    def twice(self):
        self.client.get("/work/fast")
        self.client.get("/work/wait?ms={ms}", name="/work/wait")

class Visitor({user}):
    wait_time = between(5, 9)
    tasks = {{Inner: 1}}

    def on_start(self):
        self.client.get("/work/page")

    @task(3)
    def once(self):
        self.client.get("/work/wait?ms={ms}", name="/work/wait")
"""
RATE = 20.0


def arrivals(report: Report) -> Verdict:
    """The verdict on them."""
    return next(v for v in report.verdicts if (v.check, v.subject) == ("generator-health", "arrivals"))


@pytest.mark.parametrize(("user", "workers"), mostly_long([("FastHttpUser", "2"), ("HttpUser", "1")]))
def test_a_target_that_keeps_up_gets_every_arrival(
    harness: Harness, write: Writer, tmp_path: Path, user: str, workers: str
) -> None:
    """Whatever the locustfile's wait times and task sets; each request of a task has an intended start."""
    locustfile = write.file("mine.py", LOCUSTFILE.format(user=user, ms=5))
    out = tmp_path / "run"
    flags = ("--locustfile", locustfile, "--arrival-rate", RATE, "--workers", workers)
    done = harness.run("run", *map(str, flags), "--duration", "6s", "--warmup", "1s", "--out", out)
    assert done.code in (0, 3), done.told
    report, run = parse((out / "report.json").read_text()), json.loads((out / "run.json").read_text())
    assert (run["arrival_rate"], run["arrival_seed"]) == (RATE, 1)
    assert arrivals(report).status is Status.PASS, done.told
    told = arrivals(report)
    assert told.expected is not None
    assert told.observed is not None
    assert 0.95 * told.expected <= told.observed <= told.expected  # a busy machine may leave the last ones
    rows = rows_of(out)
    planned = [row for row in rows if row["intended_s"] is not None]
    assert {row["name"] for row in rows if row["intended_s"] is None} == {"/work/page"}
    assert len([row for row in planned if row["name"] == "/work/wait"]) == told.observed
    assert {row["worker"] for row in rows} == set(range(int(workers)))
    assert report.views[0].intended.p50_s is not None
    health = run["generator"]
    assert health["peak_users"] == health["planned_users"] == RATE
    # One process knows when its plan is over and ends; the parts of several end with Locust's run time.
    limited = "--run-time limit reached" in (out / "logs" / "locust-measure.log").read_text()
    assert limited == (workers != "1")


def test_a_target_that_does_not_keep_up_is_told_by_what_it_left(
    harness: Harness, write: Writer, tmp_path: Path
) -> None:
    """Far more arrivals than threads: they are late or never begun, and no latency hides it."""
    locustfile = write.file("mine.py", LOCUSTFILE.format(user="FastHttpUser", ms=900))
    out = tmp_path / "run"
    done = harness.run(
        "run", "--locustfile", locustfile, "--arrival-rate", "60", "--duration", "6s", "--warmup", "0s", "--out", out
    )
    assert done.code in (1, 3), done.told
    report = parse((out / "report.json").read_text())
    assert arrivals(report).status is Status.INCONCLUSIVE, done.told
    assert (arrivals(report).observed or 0) < 0.95 * (arrivals(report).expected or 0)
    everything = report.views[0]
    assert everything.intended.p95_s is not None
    assert everything.client.p95_s is not None
    assert everything.intended.p95_s > everything.client.p95_s
    assert "never-begun" in {finding.code for finding in report.findings}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--arrival-rate", "0"), "must be a number of requests per second above 0"),
        (("--arrival-rate", "nan"), "must be a number of requests per second above 0"),
        (("--arrival-rate", "many"), "'many' must be a number of requests per second"),
        (("--arrival-rate", "5", "--users", "3"), "not allowed with argument"),
        (("--arrival-rate", "5", "--pace", "closed"), "--pace: not allowed with --arrival-rate"),
    ],
)
def test_a_rate_that_is_none_and_a_second_model_are_refused(
    harness: Harness, flags: tuple[str, ...], message: str
) -> None:
    """By the flag's name."""
    done = harness.run("run", *flags)
    assert done.code == 2
    assert message in done.err
