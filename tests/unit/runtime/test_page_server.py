"""The server of the live page, by what its readers get."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from harness.core.errors import UsageError
from harness.runtime import page_server
from harness.runtime.page_server import PageServer
from tests.unit.runtime import dripping


@pytest.fixture
def server() -> Iterator[PageServer]:
    made = PageServer("127.0.0.1", 0, "<p>first</p>", b'{"n":0}')
    made.start()
    yield made
    made.close()


def port_of(server: PageServer) -> int:
    return int(server.address.rstrip("/").rpartition(":")[2])


def ask(server: PageServer, path: str = "/", method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=20)
    connection.request(method, path, headers=headers)
    return connection.getresponse()


class Reader:
    """Reads the stream of events in a thread of its own."""

    def __init__(self, server: PageServer) -> None:
        self.seen: list[object] = []
        self._answer = ask(server, "/events")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError):
            for line in self._answer:
                if line.startswith(b"data: "):
                    self.seen.append(json.loads(line.removeprefix(b"data: ")))

    def has(self, wanted: object) -> bool:
        until = time.monotonic() + 20
        while wanted not in self.seen and time.monotonic() < until:
            time.sleep(0.02)
        return wanted in self.seen


def test_the_page_and_its_state(server: PageServer) -> None:
    """As they are now; nothing is kept by a browser, framed by another page or read by another origin."""
    answer = ask(server)
    assert (answer.status, answer.read()) == (200, b"<p>first</p>")
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("X-Frame-Options") == "DENY"
    assert answer.getheader("Access-Control-Allow-Origin") is None
    server.publish(b'{"n":1}', b'{"new":1}')
    assert json.loads(ask(server, "/live.json").read()) == {"n": 1}
    assert ask(server, "/run.json").status == 404
    assert ask(server, method="HEAD").read() == b""


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "[::2]", "[::1].evil.example", ""]
)
def test_another_name_is_refused(server: PageServer, host: str) -> None:
    """A name that somebody else gave to this machine's address is an attack (DNS rebinding)."""
    for path in ("/", "/live.json", "/events"):
        answer = ask(server, path, Host=host)
        assert answer.status == 421
        assert b"first" not in answer.read()


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:9", "LOCALHOST"])
def test_loopback_has_several_names(server: PageServer, host: str) -> None:
    """Whatever the port: a tunnel changes it."""
    assert ask(server, Host=host).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(server: PageServer, method: str) -> None:
    """There is no other method."""
    assert ask(server, method=method).status == 501
    assert ask(server).read() == b"<p>first</p>"


def test_two_readers_and_one_that_leaves(server: PageServer) -> None:
    """Each gets the state first and then what changes; a tab that comes again begins with the state."""
    one, other = Reader(server), Reader(server)
    assert one.has({"n": 0})
    assert other.has({"n": 0})
    leaving = ask(server, "/events")
    leaving.close()
    server.publish(b'{"n":1}', b'{"new":1}')
    assert one.has({"new": 1})
    assert other.has({"new": 1})
    again = Reader(server)
    assert again.has({"n": 1})
    assert {"new": 1} not in again.seen


def test_the_page_becomes_the_report(server: PageServer) -> None:
    """Readers hear of it, and the server waits until their streams are over."""
    reader = Reader(server)
    assert reader.has({"n": 0})
    server.become("<p>report</p>", b'{"over":true}')
    assert ask(server).read() == b"<p>report</p>"
    assert reader.has({"over": True})


def test_a_reader_gets_the_report_after_its_stream_is_over(server: PageServer) -> None:
    """The server ends when it has fetched that, however long it took to ask."""
    reader = Reader(server)
    assert reader.has({"n": 0})
    server.become("<p>report</p>", b'{"over":true}')
    assert reader.has({"over": True})
    closing = threading.Thread(target=server.close)
    closing.start()
    time.sleep(0.5)
    assert closing.is_alive()
    assert ask(server).read() == b"<p>report</p>"
    closing.join()


def test_readers_are_few(server: PageServer) -> None:
    """Beyond the bound a connection is closed at once; when one leaves, there is room again."""
    held = [ask(server, "/events") for _ in range(page_server.MOST_READERS)]
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(server)
    for each in held:
        each.close()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        server.publish(b'{"n":2}', b"{}")
        with suppress(http.client.HTTPException, OSError):
            if ask(server).status == 200:
                return
        time.sleep(0.1)
    pytest.fail("no room")


def test_a_port_that_is_taken_is_the_users_to_change() -> None:
    """So is an address that this machine does not have, and a name that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--live: 127.0.0.1:{port} is taken; name another port"):
            PageServer("127.0.0.1", port, "", b"")
    with pytest.raises(UsageError, match="no address of this machine"):
        PageServer("192.0.2.1", 0, "", b"")
    with pytest.raises(UsageError, match="is no address"):
        PageServer("no-such-host.invalid", 0, "", b"")


def test_it_says_whether_others_can_reach_it(server: PageServer) -> None:
    """Only an address that the user named is not loopback."""
    assert not server.is_public
    public = PageServer("0.0.0.0", 0, "", b"")
    assert public.is_public
    public.start()
    public.close()


def test_a_header_that_drips_holds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and the request never."""
    monkeypatch.setattr(page_server, "SLOW_S", 0.5)
    made = PageServer("127.0.0.1", 0, "", b"{}")
    made.start()
    try:
        assert dripping.is_let_go(port_of(made))
    finally:
        made.close()
