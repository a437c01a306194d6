"""The target's own books: asked for over HTTP, and read."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from harness.config.profile import Profile
from harness.core.query import NoData
from harness.evidence import target_totals
from harness.evidence.target_totals import Migrations, SqlLog, State, Statements
from harness.runtime import target_client
from tests.unit.runtime import impostor

ANSWERS = {"/state": (200, {"rows": {"note": 3}}), "/list": (200, []), "/closed": (404, {})}


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, answer = ANSWERS.get(self.path, (200, None))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"<html>" if answer is None else json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server on a free port."""
    with HTTPServer(("127.0.0.1", 0), _Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/state", {"result": {"rows": {"note": 3}}}),
        ("/list", {"error": "{url}/list gave no JSON object"}),
        ("/closed", {"error": "{url}/closed gave status 404"}),
        ("/page", {"error": "{url}/page gave no JSON: JSONDecodeError"}),
    ],
)
def test_the_target_is_asked(url: str, path: str, told: dict[str, Any]) -> None:
    """What it answers, or why that is no answer."""
    assert target_client.fetch(url, path) == json.loads(json.dumps(told).replace("{url}", url))


def test_a_target_that_is_gone_is_told_as_such() -> None:
    """No exception: the checks that need it say so."""
    assert "cannot be reached" in target_client.fetch("http://127.0.0.1:9", "/state")["error"]


def test_books_are_read() -> None:
    """Missing numbers are 0, what was not asked for is None."""
    read = target_totals.parse(
        {
            "state": {"result": {"rows": {"note": 3}, "migrations": {"default": {"applied": 4, "unapplied": 1}}}},
            "sql_log": {"result": {"totals": {"default": {"execute": 7}}, "statements": []}},
        }
    )
    assert read.state == State({"note": 3}, {"default": Migrations(4, 1)})
    assert read.sql_log == SqlLog({"default": Statements(7)})
    assert target_totals.parse({}) == target_totals.UNKNOWN


@pytest.mark.parametrize("answer", [{"error": "gone"}, {"result": {"totals": []}}, {"result": {}}, {}])
def test_books_in_another_shape_are_no_data(answer: dict[str, Any]) -> None:
    """Never zeros."""
    assert isinstance(target_totals.parse({"sql_log": answer}).sql_log, NoData)


def test_what_is_asked_at_one_moment_has_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two answers that never end take no longer than one."""
    monkeypatch.setattr(target_client, "TIMEOUT_S", 0.5)
    with impostor.serving(impostor.HOSTILE["chunks that drip"]) as (url, _):
        began = time.monotonic()
        found = target_client.totals(url, Profile("x", state="/a", sql_log="/b"), ("state", "sql_log"))
    assert time.monotonic() - began < 0.9
    assert [list(each) for each in found.values()] == [["error"], ["error"]]
