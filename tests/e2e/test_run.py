"""The whole path on real parts: the embedded stack, real load, a real Prometheus."""

import json
import signal
import time
from pathlib import Path

import pytest

from harness.core.codes import Code
from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness, Writer, rows_of
from tests.parts import mostly_long

SHORT = ("--duration", "4s", "--warmup", "1s")


def test_the_reference_app_passes_every_check_and_leaves_all_reports(harness: Harness, tmp_path: Path) -> None:
    """`harness run` on the unmodified app ends with exit 0 and every report, and judging again agrees."""
    out = tmp_path / "run"
    done = harness.run("run", *SHORT, "--out", out)
    done.check_passed(out)
    assert "Traceback" not in done.err
    report = parse((out / "report.json").read_text())
    assert "double-observation" in {finding.code for finding in report.findings}
    for name in ("report.html", "junit.xml", "summary.md", "run.json", "evidence.json"):
        assert (out / name).stat().st_size > 500
    assert "load: scenarios/mixed.py" in done.err
    before = (out / "report.json").read_text()
    assert harness.run("verify", out, "--quiet").code == done.code
    assert (out / "report.json").read_text() == before
    (out / "report.html").unlink()
    assert harness.run("report", out, "--quiet").code == done.code
    assert (out / "report.html").exists()


@pytest.mark.long
def test_json_prints_the_report_and_nothing_else(harness: Harness, tmp_path: Path) -> None:
    """`--json` puts report.json on standard output; progress goes to standard error."""
    out = tmp_path / "run"
    done = harness.run("run", *SHORT, "--json", "--out", out, "--locustfile", PROJECT / "scenarios" / "cache.py")
    assert json.loads(done.out) == json.loads((out / "report.json").read_text())
    done.check_passed(out)


@pytest.mark.long
@pytest.mark.parametrize("scenario", ["database", "slow", "errors"])
def test_every_scenario_verifies(harness: Harness, tmp_path: Path, scenario: str) -> None:
    """Each scenario drives the app with metrics that verify."""
    out = tmp_path / "run"
    done = harness.run("run", *SHORT, "--out", out, "--locustfile", PROJECT / "scenarios" / f"{scenario}.py")
    done.check_passed(out)


def test_several_locust_processes_each_leave_a_closed_shard(harness: Harness, tmp_path: Path) -> None:
    """`--workers 2` records in two processes, and every sample is there."""
    out = tmp_path / "run"
    done = harness.run("run", *SHORT, "--workers", "2", "--out", out)
    done.check_passed(out)
    run = json.loads((out / "run.json").read_text())
    measured = [shard for shard in run["shards"] if shard["phase"] == "measure"]
    assert len(measured) == 2
    assert {row["worker"] for row in rows_of(out)} == {0, 1}


@pytest.mark.quiet
def test_at_saturation_the_metrics_verify_and_the_blind_spot_shows(harness: Harness, tmp_path: Path) -> None:
    """Far more users than threads: counts and witness hold exactly, and users wait where no metric sees it.

    Scrapes wait in the same queue. On a slow machine they take more than the second that is usual here.
    """
    out = tmp_path / "run"
    load = ("--users", "40", "--pace", "closed", "--duration", "8s", "--warmup", "2s")
    harness.run("run", *load, "--set", "scrape_interval=2s", "--set", "rules=[]", "--out", out)
    report = parse((out / "report.json").read_text())
    rests_on_the_client = {"blind-spot", "thresholds", "generator-health"}
    assert [v for v in report.verdicts if v.check not in rests_on_the_client and v.status != "pass"] == []
    spot = next(v for v in report.verdicts if v.check == "blind-spot" and v.subject == "all views p50")
    if spot.code is Code.SATURATED:  # on a busy machine the load generator is what is saturated, and then it says so
        assert "generator-health" in {v.check for v in report.verdicts if v.status == "inconclusive"}
        return
    assert spot.observed is not None
    assert spot.expected is not None
    assert spot.observed > 2 * spot.expected
    assert "blind-spot" in {finding.code for finding in report.findings}


QUICKSTART = """
    # The example of Locust's documentation, quickstart page.
    import time
    from locust import HttpUser, task, between

    class QuickstartUser(HttpUser):
        wait_time = between(1, 5)

        @task
        def hello_world(self):
            self.client.get("/hello")
            self.client.get("/world")

        @task(3)
        def view_items(self):
            for item_id in range(10):
                self.client.get(f"/item?id={item_id}", name="/item")
                time.sleep(1)

        def on_start(self):
            self.client.post("/login", json={"username":"foo", "password":"bar"})
"""


@pytest.mark.long
def test_a_locustfile_of_locusts_documentation_runs_unchanged(harness: Harness, write: Writer, tmp_path: Path) -> None:
    """It knows nothing of the target; all its 404s are accounted for."""
    out = tmp_path / "run"
    done = harness.run("run", *SHORT, "--out", out, "--locustfile", write.file("quickstart.py", QUICKSTART))
    done.check_passed(out)
    assert {row["status"] for row in rows_of(out)} == {404}
    assert ("/login", "POST") in {(row["name"], row["method"]) for row in rows_of(out)}


REDIRECTS = """
    from locust import FastHttpUser, HttpUser, constant, task

    class Slow(HttpUser):
        wait_time = constant(0.05)
        @task
        def follow(self):
            self.client.get("/work/redirect", name="slow")

    class Fast(FastHttpUser):
        wait_time = constant(0.05)
        @task
        def follow(self):
            self.client.get("/work/redirect", name="fast")
        @task
        def stay(self):
            self.client.get("/work/redirect", name="stay", allow_redirects=False)
"""


def test_every_hop_of_a_redirect_is_a_sample(harness: Harness, write: Writer, tmp_path: Path) -> None:
    """One call of either client that follows a redirect leaves two samples: what the server saw."""
    out = tmp_path / "run"
    done = harness.run("run", *SHORT, "--out", out, "--locustfile", write.file("redirects.py", REDIRECTS))
    done.check_passed(out)
    for name in ("slow", "fast"):
        rows = [row for row in rows_of(out) if row["name"] == name]
        hops = [(row["hop"], row["status"], row["view"]) for row in rows]
        assert set(hops) == {(0, 302, "work:redirect"), (1, 200, "work:fast")}
        assert hops.count((0, 302, "work:redirect")) == hops.count((1, 200, "work:fast"))
    assert {(row["hop"], row["status"]) for row in rows_of(out) if row["name"] == "stay"} == {(0, 302)}


@pytest.mark.long
def test_workers_that_are_recycled_raise_no_alarm(harness: Harness, tmp_path: Path) -> None:
    """Each new one runs SQL of its own, outside of any request."""
    out = tmp_path / "run"
    done = harness.run("run", *SHORT, "--users", "4", "--out", out, GUNICORN_CMD_ARGS="--max-requests 40")
    done.check_passed(out)
    assert "processes started in the window" in (out / "report.json").read_text()


TIMEOUTS = """
    from locust import FastHttpUser, HttpUser, constant, task

    class Impatient(HttpUser):
        wait_time = constant(0.02)
        @task(40)
        def fast(self):
            self.client.get("/work/fast")
        @task(1)
        def hang_up(self):
            self.client.get("/work/wait?ms=300", name="/work/wait", timeout=0.05)

    class Hasty(FastHttpUser):
        wait_time = constant(0.02)
        network_timeout = 0.1
        @task(40)
        def fast(self):
            self.client.get("/work/fast")
        @task(1)
        def hang_up(self):
            self.client.get("/work/wait?ms=300", name="/work/wait")
"""


def test_client_timeouts_are_recorded_and_named(harness: Harness, write: Writer, tmp_path: Path) -> None:
    """A request that the client gave up is a sample without a status; the metric may have counted it."""
    out = tmp_path / "run"
    done = harness.run(
        "run", *SHORT, "--json", "--users", "4", "--out", out, "--locustfile", write.file("timeouts.py", TIMEOUTS)
    )
    lost = [row for row in rows_of(out) if row["status"] == 0]
    assert lost
    assert all(row["error"] for row in lost)
    report = parse(done.out)
    assert [v for v in report.verdicts if v.status == "fail"] == []
    counts = next(v for v in report.verdicts if v.check == "request-conservation")
    assert counts.tolerance is not None
    assert counts.tolerance.above == len(lost)
    assert "no-response" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("number", mostly_long([signal.SIGINT, signal.SIGTERM]))
def test_an_interruption_keeps_the_samples_and_stops_everything(
    harness: Harness, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C or SIGTERM in the middle of the load: exit 130, no process, no temporary file, samples readable."""
    out = tmp_path / "run"
    process = harness.start("run", "--duration", "60s", "--warmup", "1s", "--out", out)
    try:
        deadline = time.monotonic() + 60
        while not (out / "logs" / "pulse-1.jsonl").exists() or (out / "logs" / "pulse-1.jsonl").stat().st_size < 500:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    harness.check_clean()
    assert len(rows_of(out)) > 50
    assert harness.run("verify", out).code == 3


@pytest.mark.parametrize("delay_s", [0.3, 1.0, 1.6, 2.2])
def test_an_interruption_while_starting_stops_everything(harness: Harness, tmp_path: Path, delay_s: float) -> None:
    """At whatever moment of the start it comes."""
    process = harness.start("run", "--out", tmp_path / "run")
    try:
        time.sleep(delay_s)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode in (130, -signal.SIGTERM), err
    harness.check_clean()


def test_up_keeps_the_stack_until_it_is_interrupted(harness: Harness) -> None:
    """`harness up` prints both addresses and ends with its processes on Ctrl-C."""
    process = harness.start("up")
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines[0].startswith("target      http://127.0.0.1:")
        assert lines[1].startswith("prometheus  http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    harness.check_clean()
