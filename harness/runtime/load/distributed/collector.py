"""The HTTP door of a run for its workers: who has the token asks for work, reports, and hands in shards.

Everything that comes is bounded: messages by `MOST_JSON`, shards by what was announced, silence by `SILENT_S`, and
connections by the number of workers. A shard is taken when it is whole by size, digest and its own count of rows.
"""

import hmac
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, time
from typing import Any, TypeVar

import msgspec

from harness.runtime.incoming import Incoming
from harness.runtime.load import shards
from harness.runtime.load.distributed import wire
from harness.runtime.load.distributed.crew import Crew, Part, RefusedError

SILENT_S = 30.0
"""A connection on which nothing comes for so long, or no whole request, is closed; only samples may take longer."""
CONNECTIONS = 8
"""Beside four for each worker."""
OK, BAD, UNAUTHORIZED, NOT_FOUND, CONFLICT, FULL = 200, 400, 401, 404, 409, 507
T = TypeVar("T")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], crew: Crew) -> None:
        self.crew = crew
        self.free = threading.BoundedSemaphore(CONNECTIONS + 4 * crew.size)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as socketserver calls it
        """A connection that broke is the worker's to mend: it asks again. Anything else is shown."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.crew.note(f"the request of a worker at {client_address[0]} failed: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = SILENT_S
    server: _Server

    def setup(self) -> None:
        """Read with a limit on the whole: a header that drips would hold one of few connections."""
        super().setup()
        self.incoming = Incoming(self.connection, SILENT_S)
        self.rfile.close()
        self.rfile = self.incoming.buffered()

    def handle_one_request(self) -> None:
        """Wait for a request, and have it whole within `SILENT_S`, but for the samples of a shard."""
        self.incoming.within(SILENT_S)
        super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what matters is shown by the crew."""

    def do_GET(self) -> None:
        """The clock, the archive, and how much of a shard has come."""
        self._answer({"/clock": self._clock, "/scenario": self._scenario, "/shard": self._received})

    def do_POST(self) -> None:
        """What workers say."""
        self._answer({"/hello": self._hello, "/next": self._next, "/beat": self._beat, "/closed": self._closed})

    def do_PUT(self) -> None:
        """A shard, or the rest of one."""
        self._answer({"/shard": self._take})

    def _answer(self, ways: dict[str, Callable[[], None]]) -> None:
        crew = self.server.crew
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), crew.token.encode()):
            crew.refuse(f"at {self.client_address[0]}: it has another token; copy the command that this run shows")
            self._say(UNAUTHORIZED, wire.Refused("the token is not that of this run; copy the command that it shows"))
            return
        way = ways.get(self.path)
        if way is None:
            self._say(NOT_FOUND, wire.Refused(f"{self.path} is nothing that a run answers"))
            return
        try:
            way()
        except RefusedError as error:
            self._say(CONFLICT, wire.Refused(str(error), error.again))
        except (msgspec.DecodeError, ValueError, TypeError) as error:
            self._say(BAD, wire.Refused(f"the message cannot be read: {error}"))
        except ConnectionError:
            self.close_connection = True
        except TimeoutError:
            self.close_connection = True
        except OSError as error:
            self._say(FULL, wire.Refused(f"the run cannot write: {error.strerror}; free space there"))

    def _clock(self) -> None:
        self._say(OK, wire.Clock(time()))

    def _scenario(self) -> None:
        self._crew_member()
        self._send(OK, self.server.crew.archive, "application/x-tar")

    def _hello(self) -> None:
        hello = self._read(wire.Hello)
        self._say(OK, self.server.crew.admit(hello, self.headers[wire.CLIENT], self.client_address[0]))

    def _next(self) -> None:
        name, client = self._crew_member()
        self._say(OK, self.server.crew.next(name, client, self._read(wire.Asked).after))

    def _beat(self) -> None:
        name, client = self._crew_member()
        self._say(OK, self.server.crew.beat(name, client, self._read(wire.Beat)))

    def _closed(self) -> None:
        name, client = self._crew_member()
        closed = self._read(wire.Closed)
        if closed.bytes > wire.MOST_SHARD:
            raise RefusedError(f"its samples are more than {wire.MOST_SHARD // 2**30} GiB; load for a shorter time")
        self.server.crew.close(name, client, closed)
        part = self.server.crew.part(name, client, closed.phase)
        self._say(OK, _received(part))

    def _received(self) -> None:
        part = self._part()
        self._say(OK, _received(part))

    def _part(self) -> Part:
        name, client = self._crew_member()
        part = self.server.crew.part(name, client, int(self.headers[wire.PHASE]))
        if part.closed is None:
            raise RefusedError("the worker has not closed its samples of this phase")
        return part

    def _take(self) -> None:
        """Append what comes to what has come; the last byte decides. One that came twice is taken once."""
        part, length = self._part(), int(self.headers["Content-Length"])
        closed, begins = part.closed, int(self.headers[wire.FROM])
        assert closed is not None  # `_part` saw to it
        if (int(self.headers[wire.TOTAL]), self.headers[wire.DIGEST]) != (closed.bytes, closed.sha256):
            raise RefusedError("these are other samples than the worker has closed")
        with self.server.crew.lock:
            if part.taken:
                self.close_connection = True
                self._say(OK, wire.Received(closed.bytes, taken=True))
                return
            _check_awaited(part)
        if not part.coming.acquire(blocking=False):
            raise RefusedError("these samples are coming in already; send what is missing later", again=True)
        try:
            had = part.bytes
            if begins != had or not 0 <= length <= closed.bytes - begins:
                raise RefusedError(f"the run has {had} bytes of these samples; send what follows them", again=True)
            self._append(part, length)
            if part.bytes == closed.bytes:
                self._keep(part)
        finally:
            part.coming.release()
        self._say(OK, _received(part))

    def _append(self, part: Part, length: int) -> None:
        self.incoming.within(math.inf)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(part.partial, flags, 0o666), "ab") as file:
            left = length
            while left:
                block = self.rfile.read1(min(left, wire.BLOCK))
                if not block:
                    raise ConnectionError
                file.write(block)
                left -= len(block)
                part.progressed = monotonic()
            file.flush()
            os.fsync(file.fileno())

    def _keep(self, part: Part) -> None:
        """Take a shard whose last byte has come. Raises RefusedError for one that was altered, which is dropped."""
        came, closed = part.partial, part.closed
        assert closed is not None  # it was announced
        if (found := wire.digest(came)) != closed.sha256:
            came.unlink()
            raise RefusedError(
                f"the samples were altered on the way (SHA-256 {found[:12]}); send them again", again=True
            )
        if closed.rows is not None and (rows := shards.closing_count(came)) != closed.rows:
            came.unlink()
            raise RefusedError(f"the samples end with {rows} rows, not {closed.rows} as announced")
        with self.server.crew.lock:
            _check_awaited(part)
            came.replace(part.file)
            part.taken = True

    def _crew_member(self) -> tuple[str, str]:
        name, client = self.headers[wire.WORKER] or "", self.headers[wire.CLIENT] or ""
        self.server.crew.member(name, client)
        return name, client

    def _read(self, kind: type[T]) -> T:
        length = int(self.headers["Content-Length"])
        if not 0 <= length <= wire.MOST_JSON:
            self.close_connection = True
            raise ValueError(f"it is longer than {wire.MOST_JSON} bytes")
        return msgspec.json.decode(self.rfile.read(length), type=kind)

    def _say(self, status: int, message: msgspec.Struct) -> None:
        self._send(status, msgspec.json.encode(message), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        if status != OK:
            self.close_connection = True  # what was not read of the request must not be taken for the next one
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body)


def _received(part: Part) -> wire.Received:
    return wire.Received(part.bytes, part.taken)


def _check_awaited(part: Part) -> None:
    if part.given_up:
        raise RefusedError("the run was judged without these samples; bring them with `harness collect`")


@contextmanager
def opened(address: str, port: int, crew: Crew) -> Iterator[None]:
    """Answer workers until the block ends. Raises OSError when nobody can listen there."""
    server = _Server((address, port), crew)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
