"""Every scenario under bare Locust, against the target and against one that answers wrongly."""

import ast
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.target_app.conftest import PROJECT, Target

SCENARIOS = sorted((PROJECT / "scenarios").glob("*.py"))
EXPECTING = ["database", "errors", "mixed"]
"""Scenarios that ask for errors."""
AT_ONCE = 4
"""Locust's run time starts with its process: too many that start at once would leave none for requests."""


@dataclass(frozen=True)
class Load:
    """What Locust said at its end."""

    code: int
    requests: dict[str, int]
    failures: dict[str, int]
    err: str


class AlwaysGood(BaseHTTPRequestHandler):
    """A 200 for whatever is asked: errors swallowed."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def always_good() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), AlwaysGood)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def loads(target: Target, always_good: str, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Load]:
    """Several loads at a time: (scenario, `target` or `always good`) -> what came of it."""
    jobs = [(scenario.stem, "target", target.url, 3) for scenario in SCENARIOS]
    jobs += [(name, "always good", always_good, 10) for name in EXPECTING]
    elsewhere = tmp_path_factory.mktemp("locust")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = pool.map(lambda job: run_locust(job[0], job[2], job[3], elsewhere), jobs)
        return {(name, kind): load for (name, kind, *_), load in zip(jobs, done, strict=True)}


def run_locust(name: str, host: str, users: int, cwd: Path) -> Load:
    """Bare Locust for five seconds, its own start included, from a directory that is not the project's."""
    file = PROJECT / "scenarios" / f"{name}.py"
    options = [
        "--headless",
        "-u",
        str(users),
        "-r",
        str(users),
        "-t",
        "5s",
        "--stop-timeout",
        "5",
        "--only-summary",
        "--json",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(file), "--host", host, *options],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    rows = json.loads(done.stdout)
    return Load(
        done.returncode,
        {row["name"]: row["num_requests"] for row in rows},
        {row["name"]: row["num_failures"] for row in rows if row["num_failures"]},
        done.stderr,
    )


@pytest.mark.parametrize("name", [scenario.stem for scenario in SCENARIOS])
def test_a_scenario_runs_without_failures(loads: dict[tuple[str, str], Load], name: str) -> None:
    """The errors that it asks for are none, and each request has a name without a number in it."""
    load = loads[name, "target"]
    assert (load.code, load.failures) == (0, {}), load.err
    assert load.requests  # how many depends on the machine
    assert all("n=" not in request and "ms=" not in request and "id=" not in request for request in load.requests)


@pytest.mark.parametrize("name", EXPECTING)
def test_an_error_that_does_not_come_is_a_failure(loads: dict[tuple[str, str], Load], name: str) -> None:
    """A 200 in place of the expected error is reported, so an app that swallows its errors does not look well."""
    load = loads[name, "always good"]
    assert load.code == 1
    assert load.failures
    expecting = {
        "/work/fail",
        "/work/raises",
        "/work/raises?type=KeyError",
        "/work/missing",
        "/nowhere",
        "/work/submit",
        "/work/nothing",
        "/data/wrong",
    }
    if name == "mixed":
        expecting.remove("/work/submit")
    assert load.failures == {path: count for path, count in load.requests.items() if path in expecting}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.stem)
def test_a_scenario_knows_neither_harness_nor_target(scenario: Path) -> None:
    """It imports Locust and the standard library."""
    imported = set()
    for node in ast.walk(ast.parse(scenario.read_text())):
        match node:
            case ast.Import(names=names):
                imported |= {name.name.split(".")[0] for name in names}
            case ast.ImportFrom(module=str(module)):
                imported.add(module.split(".")[0])
            case _:
                pass
    assert imported <= {"locust"} | sys.stdlib_module_names


def test_the_shares_of_the_mixed_scenario_are_all_different() -> None:
    """Two views with one share could be swapped unnoticed; raised exceptions are one to two per cent."""
    tree = ast.parse((PROJECT / "scenarios" / "mixed.py").read_text())
    shares = {
        node.name: decorator.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and isinstance(decorator.args[0], ast.Constant)
    }
    weights = [share for share in shares.values() if isinstance(share, int)]
    assert len(set(weights)) == len(weights) == len(shares) == 27
    raises = shares["raises"]
    assert isinstance(raises, int)
    assert 0.01 <= raises / sum(weights) <= 0.02
