"""Serves one page that changes, for readers of this machine, until its run ends. Nothing can be changed through it.

A browser may be led here by another site: the Host header must name this server (DNS rebinding), no other origin may
read an answer, and nothing but GET and HEAD is answered. Each reader has a thread; how many there are is bounded, and
one that reads too slowly is dropped.
"""

import errno
import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harness.core.errors import UsageError
from harness.runtime.incoming import Incoming

MOST_READERS = 32
SLOW_S = 10.0
"""A reader that takes longer to send its request, or to take an event, is dropped."""
QUIET_S = 5.0
"""A comment is sent after so long without an event: a tab that was closed is noticed."""
GOODBYE_S = 3.0
"""How long readers have to fetch the report when the run ends."""
HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.%]+)\]|(?P<name>[^:\[\]]+))(?::[0-9]*)?")
"""A Host header (RFC 9110, 7.2), in small letters."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class PageServer:
    """`/` is the page, `/live.json` its state, `/events` a stream of what changes of it."""

    def __init__(self, host: str, port: int, page: str, state: bytes) -> None:
        """Listen. Raises UsageError for an address that cannot be had."""
        self._page = page.encode()
        self._state = self._change = state
        self._number = 0
        self._news = threading.Condition()
        self._over = False
        self._closed = False
        self.readers = 0
        """Event streams that are open."""
        self._leaving = 0
        self._server = _listening(host, port, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="live page", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    @property
    def address(self) -> str:
        """Where the page is."""
        host = self._server.server_name
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self._server.server_port}/"

    @property
    def is_public(self) -> bool:
        """Other machines may reach it."""
        return not ipaddress.ip_address(self._server.server_name.partition("%")[0]).is_loopback

    def publish(self, state: bytes, change: bytes) -> None:
        """A new state, and what of it is new to who knows the one before."""
        with self._news:
            self._state, self._change = state, change
            self._number += 1
            self._news.notify_all()

    def become(self, page: str, state: bytes) -> None:
        """Show this page from now on: the run is over."""
        with self._news:
            self._page = page.encode()
            self._over = True
        self.publish(state, state)

    def close(self) -> None:
        """Let those who read fetch the last page, and end. It takes at most `GOODBYE_S`."""
        until = time.monotonic() + GOODBYE_S
        while self._over and (self.readers or self._leaving) and time.monotonic() < until:
            time.sleep(0.05)
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(SLOW_S)

    def page(self) -> bytes:
        """As it is now."""
        with self._news:
            return self._page

    def fetched(self) -> None:
        """Somebody has the page; one whose stream said that the run is over needs no more."""
        with self._news:
            self._leaving = max(self._leaving - 1, 0)

    def state(self) -> bytes:
        """As it is now."""
        with self._news:
            return self._state

    def stream(self, send: Callable[[bytes], None]) -> None:
        """Send the state, then each change, until the run ends or `send` raises OSError."""
        with self._news:
            self.readers += 1
        try:
            self._stream(send)
        finally:
            with self._news:
                self.readers -= 1

    def _stream(self, send: Callable[[bytes], None]) -> None:
        known = -1
        while True:
            with self._news:
                if not self._closed and known == self._number:
                    self._news.wait(QUIET_S)
                if self._closed:
                    return
                number, over = self._number, self._over
                text = self._change if known == number - 1 and known >= 0 else self._state
            send(b": nothing new\n\n" if known == number else b"data: " + text + b"\n\n")
            known = number
            if over:
                with self._news:
                    self._leaving += 1
                return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = MOST_READERS

    def __init__(self, address: tuple[str, int], family: socket.AddressFamily, source: PageServer) -> None:
        self.address_family = family
        self.source = source
        self.named = address[0].lower()
        self._free = threading.BoundedSemaphore(MOST_READERS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """As in the base class, which looks up the machine's name, and may wait for that."""
        self.allow_reuse_address = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for each reader, as long as there are few."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Make room for the next one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that goes away is no error, and nothing of it belongs on the console."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "harness", ""
    timeout = SLOW_S
    server: _Server

    def setup(self) -> None:
        """Read the request within `SLOW_S`: a header that drips would hold one of few threads."""
        super().setup()
        incoming = Incoming(self.connection, SLOW_S)
        incoming.within(SLOW_S)
        self.rfile.close()
        self.rfile = incoming.buffered()

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing of it belongs on the console."""

    def _answer(self, *, body: bool) -> None:
        self.close_connection = True
        if not self._is_meant():
            self._send(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"this server has another name\n", body=body)
            return
        path, source = self.path.partition("?")[0], self.server.source
        match path:
            case "/":
                self._send(HTTPStatus.OK, "text/html", source.page(), body=body)
                source.fetched()
            case "/live.json":
                self._send(HTTPStatus.OK, "application/json", source.state(), body=body)
            case "/events" if body:
                self._head(HTTPStatus.OK, "text/event-stream", None)
                source.stream(self._push)
            case _:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", b"nothing is here; the page is /\n", body=body)

    def _is_meant(self) -> bool:
        """The Host header is loopback's, the name that was given, or the address that was reached."""
        names = self.headers.get_all("Host") or []
        if len(names) != 1:
            return False
        named = HOST.fullmatch(names[0].strip().lower())
        name = named and (named["v6"] or named["name"])
        own = str(self.connection.getsockname()[0]).lower()
        return name in LOOPBACK | {self.server.named, own, socket.gethostname().lower()}

    def _send(self, status: HTTPStatus, kind: str, text: bytes, *, body: bool) -> None:
        self._head(status, kind, len(text))
        if body:
            self.wfile.write(text)

    def _head(self, status: HTTPStatus, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind if kind.startswith("application") else f"{kind}; charset=utf-8")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()

    def _push(self, event: bytes) -> None:
        self.wfile.write(event)
        self.wfile.flush()


def _listening(host: str, port: int, source: PageServer) -> _Server:
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        return _Server((str(address[0]), port), family, source)
    except socket.gaierror as error:
        raise UsageError(f"--live: {host!r} is no address: {error.strerror}; write --live=127.0.0.1:{port}") from None
    except OSError as error:
        match error.errno:
            case errno.EADDRINUSE:
                what = "is taken; name another port, or none for a free one"
            case errno.EADDRNOTAVAIL:
                what = "is no address of this machine; leave it out for 127.0.0.1"
            case errno.EACCES:
                what = "may not be used by this user; name a port from 1024 up"
            case _:
                what = f"cannot be used: {error.strerror}; name another one"
        raise UsageError(f"--live: {shown} {what}") from None
