"""Probes against a small server: what is sent, and what is left of the answers."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from harness.evidence.client import probes
from harness.evidence.client.schema import Labels
from harness.runtime.load import prober, shard_file, shards

SEEN: list[tuple[str, str | None, str | None, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        token, stamp, cookie = (self.headers.get(name) for name in ("X-Witness-Token", "X-Request-Start", "Cookie"))
        SEEN.append((self.path, token, stamp, cookie))
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Set-Cookie", "session=1")
        self.send_header("Server-Timing", 'view;dur=1.500000;desc="orders:list", app;dur=1.75')
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    SEEN.clear()
    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_each_path_is_asked_in_turn(server: str) -> None:
    """With the token and the stamp, no cookie, and no redirect followed."""
    paths = {"list": "/orders", "moved": "/moved"}
    found = prober.probe(server, paths, token="sesame", stamp=True, at_most_s=60.0)
    assert [path for path, *_ in SEEN] == ["/orders", "/moved"] * prober.ROUNDS
    assert {(token, bool(stamp), cookie) for _, token, stamp, cookie in SEEN} == {("sesame", True, None)}
    assert [each.status for each in found] == [200, 302] * prober.ROUNDS


def test_without_a_token_none_is_sent(server: str) -> None:
    """Nor a stamp where it is not asked for; the time is up after the first round at the latest."""
    prober.probe(server, {"list": "/orders"}, token="", stamp=False, at_most_s=60.0)
    assert {seen[1:] for seen in SEEN} == {(None, None, None)}


def test_no_time_leaves_no_probe(server: str) -> None:
    """Nothing is sent after the deadline."""
    assert prober.probe(server, {"list": "/orders"}, token="", stamp=False, at_most_s=-1.0) == ()
    assert not SEEN


def test_the_probes_are_rows_of_a_whole_shard(server: str, tmp_path: Path) -> None:
    """The next one of the run directory, in the phase of probes."""
    (tmp_path / "samples-4.arrow").touch()
    found = prober.probe(server, {"list": "/orders"}, token="", stamp=False, at_most_s=60.0)
    shard = shard_file.write(tmp_path, found, Labels({}, {}, prober.PHASE, "<unnamed view>"))
    assert (shard.file, shard.phase, shard.rows) == ("samples-5.arrow", "probe", prober.ROUNDS)
    assert shards.state_of(tmp_path, shard).problem == ""
    read = probes.read(shards.tables(tmp_path, [shard], probes.COLUMNS), "")
    assert [answer.inner_s for answer in read.answers["orders:list", "GET"]] == [0.0015] * prober.ROUNDS


def test_a_target_that_does_not_answer_leaves_a_lost_probe(tmp_path: Path) -> None:
    """With status 0, and the kind of error."""
    found = prober.probe("http://127.0.0.1:1", {"list": "/orders"}, token="", stamp=False, at_most_s=60.0)
    assert {(each.status, each.error) for each in found} == {(0, "unreachable")}
    shard = shard_file.write(tmp_path, found, Labels({}, {}, prober.PHASE, "<unnamed view>"))
    assert probes.read(shards.tables(tmp_path, [shard], probes.COLUMNS), "").lost == prober.ROUNDS


@pytest.mark.parametrize("begins", ["@{}/x", ".{}/x", ":80@{}/x"])
def test_a_path_that_names_another_host_is_not_asked(server: str, begins: str) -> None:
    """It may come from a worker; nobody has named that host."""
    elsewhere = server.removeprefix("http://")
    paths = {"odd": begins.format(elsewhere), "own": "/orders"}
    found = prober.probe("http://127.0.0.2:9", paths, token="sesame", stamp=False, at_most_s=5.0)
    assert {each.name for each in found} == {"own"}
    assert not SEEN
