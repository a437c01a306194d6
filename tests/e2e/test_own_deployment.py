"""A target and a Prometheus that run already: with and without a witness, with others using the target too."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from harness.config import toml_file
from harness.config.profile import TargetStart
from harness.report.render.json_report import parse
from harness.runtime.stack import embedded
from tests.e2e.conftest import PROJECT, Harness, Writer

SHORT = ("--duration", "4s", "--warmup", "1s")


@pytest.fixture(scope="module")
def without_witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Stack]:
    """The target as anybody else's: it tells nothing about its requests."""
    profile = toml_file.parse((PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert profile.start is not None
    start = TargetStart(
        command=profile.start.command,
        cwd=profile.start.cwd,
        prepare=profile.start.prepare,
        env={**profile.start.env, "TARGET_WITNESS": "0"},
    )
    with embedded.embedded(start, PROJECT, tmp_path_factory.mktemp("logs"), scrape_interval_s=1.0) as running:
        yield running


def own(services: embedded.Stack) -> tuple[str, ...]:
    """The flags for a deployment of one's own."""
    return ("--target", services.target, "--prometheus", services.prometheus)


def test_a_running_deployment_with_a_witness_passes(harness: Harness, services: embedded.Stack, tmp_path: Path) -> None:
    """The scrape interval is found out, and every check passes."""
    done = harness.run("run", *SHORT, *own(services), "--out", tmp_path / "run")
    done.check_passed(tmp_path / "run")


def test_without_a_witness_each_verdict_says_its_strength(
    harness: Harness, without_witness: embedded.Stack, tmp_path: Path
) -> None:
    """Counts are still exact; latencies are bounded from one side and say so; nothing fails."""
    done = harness.run("run", *SHORT, *own(without_witness), "--json", "--out", tmp_path / "run")
    report = parse(done.out)
    done.check_passed(tmp_path / "run")
    strengths = {
        check: {v.strength for v in report.verdicts if v.check == check} for check in ("latency-buckets", "percentiles")
    }
    assert strengths["latency-buckets"] == {"one-sided"}
    assert {v.strength for v in report.verdicts if v.check == "request-conservation"} == {"exact"}


@pytest.mark.long
def test_without_a_witness_a_calibrated_run_is_two_sided(
    harness: Harness, without_witness: embedded.Stack, write: Writer
) -> None:
    """Names mapped to views and a no-op view's latency bound the histograms from above too.

    Few requests are enough for a view whose latencies lie in the upper half of one bucket, 0.15-0.2 s.
    """
    locustfile = write.file(
        "waiting.py",
        """
        from locust import FastHttpUser, constant, task

        class Waiting(FastHttpUser):
            wait_time = constant(0.02)

            @task(3)
            def fast(self):
                self.client.get("/work/fast")

            @task
            def wait(self):
                self.client.get("/work/wait?ms=180", name="/work/wait")
        """,
    )
    config = write.config(f"""
        scenario = "{locustfile}"
        calibration = "/work/fast"
        [profiles.test.views]
        "/work/fast" = "work:fast"
        "/work/wait" = "work:wait"
    """)
    few = ("--users", "3")  # none waits for a thread, so the no-op view is quick
    flags = ("--config", config, "--json", "--out", write.directory / "run")
    done = harness.run("run", *SHORT, *few, *own(without_witness), *flags)
    assert done.out, done.told
    report = parse(done.out)
    assert [v for v in report.verdicts if v.status == "fail"] == []
    judged = [v for v in report.verdicts if v.check in ("latency-buckets", "percentiles") and "view" in v.labels]
    assert judged
    for verdict in judged:
        assert verdict.tolerance is not None, verdict
        assert verdict.power is not None, verdict
        assert (verdict.strength == "two-sided (calibrated)") == verdict.power.reaches, verdict
    assert "work:wait GET p50" in {v.subject for v in judged if v.strength == "two-sided (calibrated)"}


@contextmanager
def others(target: str) -> Iterator[None]:
    """Somebody else who asks for a page ten times a second, at most for a minute."""
    stop = threading.Event()

    def ask() -> None:
        with requests.Session() as session:
            session.trust_env = False
            for _ in range(600):
                if stop.wait(0.1):
                    return
                session.get(f"{target}/work/fast", timeout=5)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_foreign_traffic_is_noticed_and_judged_as_lower_bounds(
    harness: Harness, services: embedded.Stack, tmp_path: Path
) -> None:
    """Declared, it passes with one-sided verdicts; undeclared, the run is inconclusive and says what to declare."""
    quick = tmp_path / "harness.toml"
    quick.write_text(f'[profiles.own]\nscenario = "{PROJECT}/scenarios/mixed.py"\nquiet_timeout = "4s"\n')
    flags: tuple[str | Path, ...] = ("--config", quick, *SHORT, *own(services), "--json")
    with others(services.target):
        declared = harness.run("run", *flags, "--foreign-traffic", "--out", tmp_path / "declared")
        undeclared = harness.run("run", *flags, "--out", tmp_path / "undeclared")
    for done in (declared, undeclared):
        assert done.out, done.told
        report = parse(done.out)
        assert [v for v in report.verdicts if v.status == "fail"] == []
        assert {v.strength for v in report.verdicts if v.check == "request-counts"} == {"one-sided"}
    declared.check_passed(tmp_path / "declared")
    assert undeclared.code == 3
    assert any("foreign_traffic = true" in verdict["why"] for verdict in json.loads(undeclared.out)["verdicts"])
