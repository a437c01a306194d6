"""Locustfiles as people write them, whose ways must not make a correct system look wrong."""

import json
from pathlib import Path

import pytest

from harness.core.verdict import Status
from harness.report.render.json_report import parse
from harness.runtime import process
from tests.e2e.conftest import PROJECT, Harness, Writer, rows_of
from tests.parts import mostly_long

HEAD = """
from locust import FastHttpUser, HttpUser, between, constant, events, task
"""
FILES = {
    "an exception inside catch_response": """
class {user}Visitor({user}):
    wait_time = between(0.02, 0.1)
    @task
    def fast(self):
        with self.client.get("/work/fast", catch_response=True) as response:
            if response.text == "ok":
                raise KeyError("not JSON")
""",
    "events of its own": """
class {user}Visitor({user}):
    wait_time = between(0.02, 0.1)
    @task
    def fast(self):
        self.client.get("/work/fast")
        events.request.fire(request_type="SQL", name="select", response_time=3, response_length=0, exception=None)
""",
    "another name of loopback": """
class {user}Visitor({user}):
    wait_time = between(0.02, 0.1)
    @task
    def fast(self):
        self.client.get(self.host.replace("127.0.0.1", "localhost") + "/work/fast", name="/work/fast")
""",
    "a view slower than stop_timeout": """
class {user}Visitor({user}):
    wait_time = constant(0)
    @task
    def wait(self):
        self.client.get("/work/wait?ms=2500", name="/work/wait")
""",
}


@pytest.mark.parametrize("name", mostly_long([*FILES]))
def test_it_raises_no_false_alarm(harness: Harness, write: Writer, name: str) -> None:
    """With users of both kinds: what nobody can tell widens the bounds, and the report says why."""
    users = "".join(FILES[name].format(user=user) for user in ("HttpUser", "FastHttpUser"))
    locustfile = write.file("mine.py", HEAD + users)
    out = write.directory / "run"
    text = (PROJECT / "harness.toml").read_text().replace('warmup = "3s"', 'warmup = 0\nstop_timeout = "1s"')
    for path in ("target_app", "monitoring/grafana/dashboards", "monitoring/prometheus/rules"):
        text = text.replace(f'"{path}"', json.dumps(str(PROJECT / path)))
    config = write.file("harness.toml", text)
    done = harness.run(
        "run", "--config", config, "--locustfile", locustfile, "--duration", "4s", "--users", "4", "--out", out
    )
    report = parse((out / "report.json").read_text())
    told = [v for v in report.verdicts if v.check != "thresholds"]  # those are the profile's own wishes
    assert [(v.check, v.subject, v.why) for v in told if v.status is Status.FAIL] == [], done.told


@pytest.mark.long
def test_the_settings_of_another_locust_do_not_leak_in(harness: Harness, tmp_path: Path) -> None:
    """LOCUST_ variables are for somebody's own Locust."""
    port = str(process.free_port())
    out = tmp_path / "run"
    env = {"LOCUST_TAGS": "none", "LOCUST_CSV": str(tmp_path / "stray"), "LOCUST_WEB_PORT": port}
    done = harness.run("run", "--duration", "4s", "--warmup", "0s", "--out", out, **env)
    done.check_passed(out)
    assert not list(tmp_path.glob("stray*"))


SHAPED = """
import os
from locust import HttpUser, LoadTestShape, constant, events, tag, task

@events.init_command_line_parser.add_listener
def arguments(parser):
    parser.add_argument("--shelf", required=True, env_var="LOCUST_SHELF")

class Visitor(HttpUser):
    wait_time = constant(0.05)
    @tag("read")
    @task
    def read(self):
        shelf, reader = self.environment.parsed_options.shelf, os.environ["LOCUST_READER"]
        self.client.get(f"/work/fast?shelf={shelf}&reader={reader}", name=f"{shelf} {reader}")
    @tag("write")
    @task
    def write(self):
        self.client.get("/work/slow?n=1", name="written")
    @tag("read")
    @task
    def fail(self):
        raise RuntimeError("the shelf is empty")

class Plateau(LoadTestShape):
    def tick(self):
        return (3, 3) if self.get_run_time() < 600 else None
"""


def test_a_locustfile_has_its_shape_its_arguments_and_its_environment(harness: Harness, write: Writer) -> None:
    """A shape of ten minutes ends with `--duration`, as the warm-up does; the report says who decided on the users."""
    out = write.directory / "run"
    locustfile = write.file("mine.py", SHAPED)
    flags = ("--duration", "3s", "--warmup", "1s", "--tags", "read", "--out", out)
    env = {"LOCUST_READER": "ann", "LOCUST_TAGS": "write", "LOCUST_USERS": "50"}
    done = harness.run("run", "--locustfile", locustfile, *flags, "--", "--shelf", "poems", **env)
    done.check_passed(out)
    report = parse((out / "report.json").read_text())
    assert report.users == 3
    assert report.window_s < 10
    found = {str(finding.code): finding.text for finding in report.findings}
    assert "decided how many users there were, up to 3," in found["load-shape"]
    assert "first RuntimeError: the shelf is empty;" in found["user-errors"]
    assert {row["name"] for row in rows_of(out)} == {"poems ann"}


@pytest.mark.long
def test_a_locustfile_that_is_slow_to_begin_is_run_for_as_long(harness: Harness, write: Writer) -> None:
    """What is done while it is imported is not taken from the load."""
    text = """
    import time
    from locust import FastHttpUser, constant, task

    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        pass

    class Visitor(FastHttpUser):
        wait_time = constant(0.05)
        @task
        def fast(self):
            self.client.get("/work/fast")
    """
    out = write.directory / "run"
    locustfile = write.file("mine.py", text)
    done = harness.run(
        "run", "--locustfile", locustfile, "--duration", "4s", "--warmup", "0s", "--users", "2", "--out", out
    )
    done.check_passed(out)
    assert json.loads((out / "run.json").read_text())["generator"]["duration_s"] >= 3  # whole pulses


@pytest.mark.parametrize(("flag", "value"), mostly_long([("--users", "4"), ("--arrival-rate", "40")]))
def test_functions_that_locust_makes_users_of_are_recorded_once(
    harness: Harness, write: Writer, flag: str, value: str
) -> None:
    """Each request counts once and none is cut off at the end, whoever decides when it is sent."""
    text = """
    def test_fast(session):
        session.get("/work/wait?ms=20", name="/work/wait")

    def test_slow(fastsession):
        fastsession.get("/work/slow?n=1", name="/work/slow")
    """
    out = write.directory / "run"
    locustfile = write.file("mine.py", text)
    done = harness.run(
        "run", "--locustfile", locustfile, "--duration", "4s", "--warmup", "0s", flag, value, "--out", out
    )
    done.check_passed(out)
    kept = json.loads((out / "run.json").read_text())["shards"]
    assert [shard["file"] for shard in kept if shard["phase"] == "measure"] == ["samples-0.arrow"]
    assert "Traceback" not in (out / "logs" / "locust-measure.log").read_text()
