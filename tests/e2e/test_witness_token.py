"""A target whose witness is on by token only, as in staging: with the token, without it, and where the token goes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.config import toml_file
from harness.config.profile import TargetStart
from harness.core.report import Report
from harness.report.render.json_report import parse
from harness.runtime.stack import embedded
from tests.e2e.conftest import PROJECT, Done, Harness

TOKEN = "only-the-load-generator-knows-this"
VARIABLE = "STAGING_TOKEN"
PROFILE = f"""
[profiles.staging]
scenario = "{PROJECT}/scenarios/mixed.py"
duration = "4s"
warmup = "1s"
"""
ORIGINS = """
import json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from locust import FastHttpUser, HttpUser
from locust.env import Environment
from harness.runtime.load.locust_plugin import clients

seen = []


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append((self.server.server_port == target.server_port, self.path, self.headers.get("X-Witness-Token")))
        self.send_response(302 if "away" in self.path or "home" in self.path else 200)
        if "away" in self.path:
            self.send_header("Location", f"http://127.0.0.1:{elsewhere.server_port}/there")
        if "home" in self.path:
            self.send_header("Location", f"http://127.0.0.1:{target.server_port}/again")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


target, elsewhere = (ThreadingHTTPServer(("127.0.0.1", 0), Server) for _ in range(2))
for server in (target, elsewhere):
    threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"http://127.0.0.1:{target.server_port}"
clients.instrument(stamp=False, token=sys.stdin.read(), target=host)
for kind in (HttpUser, FastHttpUser):
    environment = Environment(host=host)
    user = type("User", (kind,), {"host": host})(environment)
    user.client.get("/plain")
    user.client.get("/away")
    user.client.get(f"http://127.0.0.1:{elsewhere.server_port}/direct")
    user.client.get(f"http://127.0.0.1:{elsewhere.server_port}/home")
    user.client.get(host.replace("127.0.0.1", "localhost") + "/named")
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def by_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Stack]:
    """The reference target, its witness on by token."""
    profile = toml_file.parse((PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert profile.start is not None
    start = TargetStart(
        command=profile.start.command,
        cwd=profile.start.cwd,
        prepare=profile.start.prepare,
        env={**profile.start.env, "TARGET_WITNESS_TOKEN": TOKEN},
    )
    with embedded.embedded(start, PROJECT, tmp_path_factory.mktemp("logs"), scrape_interval_s=1.0) as running:
        yield running


def run(harness: Harness, services: embedded.Stack, directory: Path, more: str, **env: str) -> Done:
    """A run against that target, with more keys in its profile."""
    config = directory / "harness.toml"
    config.write_text(PROFILE + more)
    own = ("--target", services.target, "--prometheus", services.prometheus)
    return harness.run("run", "--config", config, *own, "--json", "--out", directory / "run", **env)


def strengths(report: Report, check: str) -> set[str]:
    return {str(verdict.strength) for verdict in report.verdicts if verdict.check == check}


def strengths_of_powerful(report: Report, check: str) -> set[str]:
    """Those of verdicts that would have seen an error of their limit: what saw too little is one-sided anyway."""
    found = [verdict for verdict in report.verdicts if verdict.check == check]
    return {str(verdict.strength) for verdict in found if verdict.power is not None and verdict.power.reaches}


def test_with_the_token_the_verdicts_are_two_sided(harness: Harness, by_token: embedded.Stack, tmp_path: Path) -> None:
    """And the token is in no file of the run, in no log and in nothing that was printed."""
    more = f'witness_token_env = "{VARIABLE}"\n'
    done = run(harness, by_token, tmp_path, more, **{VARIABLE: TOKEN})
    done.check_passed(tmp_path / "run")
    report = parse(done.out)
    assert strengths_of_powerful(report, "latency-buckets") <= {"two-sided (witness)"}
    assert any("gaps between the two witnesses" in each.why for each in report.verdicts)
    assert strengths(report, "database") != set()
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert {"run.json", "report.json", "locust-measure.log"} <= {path.name for path in files}
    assert [path.name for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert TOKEN not in done.told


def test_without_the_token_there_is_no_header_and_verdicts_are_one_sided(
    harness: Harness, by_token: embedded.Stack, tmp_path: Path
) -> None:
    """As with an app that has no witness; nothing fails."""
    assert "Server-Timing" not in requests.get(f"{by_token.target}/data/read?id=7", timeout=10).headers
    done = run(harness, by_token, tmp_path, "", **{VARIABLE: TOKEN})
    done.check_passed(tmp_path / "run")
    assert strengths(parse(done.out), "latency-buckets") == {"one-sided"}


def test_a_missing_variable_is_a_usage_error(harness: Harness, by_token: embedded.Stack, tmp_path: Path) -> None:
    """That names the key and the variable, before anything is loaded."""
    done = run(harness, by_token, tmp_path, f'witness_token_env = "{VARIABLE}_UNSET"\n')
    assert done.code == 2, done.told
    assert f"witness_token_env: the environment variable {VARIABLE}_UNSET is not set" in done.err
    assert not (tmp_path / "run").exists()


def test_the_token_goes_to_the_target_and_to_nobody_else() -> None:
    """Both of Locust's clients; a redirect away from the target, or to it, is not followed."""
    done = subprocess.run(
        [sys.executable, "-c", ORIGINS],
        input="t0ken",
        capture_output=True,
        text=True,
        timeout=60,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    one_client = [
        [True, "/plain", "t0ken"],
        [True, "/away", "t0ken"],
        [False, "/direct", None],
        [False, "/home", None],
        [True, "/named", "t0ken"],
    ]
    assert json.loads(done.stdout.splitlines()[-1]) == one_client * 2
