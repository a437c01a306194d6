"""A worker's side of the door: one connection to the run, opened again whenever it breaks."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.core.errors import LoadError, UsageError
from harness.runtime.load.distributed import wire
from harness.runtime.load.distributed.collector import CONFLICT, OK, UNAUTHORIZED

TIMEOUT_S = 3.0
"""For one answer; a run answers at once."""
UPLOAD_TIMEOUT_S = 30.0
"""The same between two parts of a shard."""
WHOLE_S, UPLOAD_WHOLE_S = 60.0, 900.0
"""For a question with the whole of its answer: one that drips is none."""
T = TypeVar("T")


class CutOffError(Exception):
    """The run cannot be reached, or does not answer."""


class RefusedError(Exception):
    """The run answers and does not accept; the message is its own."""

    def __init__(self, refused: wire.Refused) -> None:
        """What it answered."""
        super().__init__(refused.why)
        self.again = refused.again


class Link:
    """Asks the collector of one run. Raises CutOffError, RefusedError, and UsageError for a token that is wrong."""

    def __init__(self, host: str, port: int, token: str, name: str, client: str) -> None:
        """`port` is that of Locust's master; the collector listens on the next one."""
        self._host, self._port = host, port + 1
        self._headers = {"Authorization": f"Bearer {token}", wire.WORKER: name, wire.CLIENT: client}
        self._connection: http.client.HTTPConnection | None = None

    def hello(self, hello: wire.Hello) -> wire.Welcome:
        """Ask to take part."""
        return self._post("/hello", hello, wire.Welcome)

    def next(self, after: int) -> wire.Next:
        """What is to be done after a phase."""
        return self._post("/next", wire.Asked(after), wire.Next)

    def beat(self, beat: wire.Beat) -> wire.Heard:
        """Report."""
        return self._post("/beat", beat, wire.Heard)

    def closed(self, closed: wire.Closed) -> wire.Received:
        """Announce a shard."""
        return self._post("/closed", closed, wire.Received)

    def time_s(self) -> float:
        """The run's clock."""
        return self._decoded(self._ask("GET", "/clock", None, {}), wire.Clock).time_s

    def scenario(self) -> bytes:
        """The archive."""
        return self._ask("GET", "/scenario", None, {})

    def send(self, file: Path, closed: wire.Closed, begins: int) -> wire.Received:
        """Hand in a shard from a byte on. Raises OSError when it cannot be read."""
        headers = {
            wire.PHASE: str(closed.phase),
            wire.TOTAL: str(closed.bytes),
            wire.FROM: str(begins),
            wire.DIGEST: closed.sha256,
            "Content-Length": str(closed.bytes - begins),
        }
        with file.open("rb") as stream:
            stream.seek(begins)
            try:
                answer = self._ask("PUT", "/shard", stream, headers, UPLOAD_TIMEOUT_S)
            finally:
                self.close()
        return self._decoded(answer, wire.Received)

    def close(self) -> None:
        """Hang up; the next question calls again."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _post(self, path: str, message: msgspec.Struct, kind: type[T]) -> T:
        return self._decoded(self._ask("POST", path, msgspec.json.encode(message), {}), kind)

    def _ask(
        self, method: str, path: str, body: object, headers: dict[str, str], timeout_s: float = TIMEOUT_S
    ) -> bytes:
        if self._connection is None or timeout_s != TIMEOUT_S:
            self.close()
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout_s, blocksize=2**17)
        try:
            with _hung_up(self._connection, WHOLE_S if timeout_s == TIMEOUT_S else UPLOAD_WHOLE_S):
                self._connection.request(method, path, body, {**self._headers, **headers})  # type: ignore[arg-type]
                answer = self._connection.getresponse()
                text = answer.read(wire.MOST_ARCHIVE + 2**16)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise CutOffError(f"{type(error).__name__}: {error}") from None
        if answer.will_close:
            self.close()
        if answer.status == OK:
            return text
        refused = _refused(text)
        if answer.status == UNAUTHORIZED:
            raise UsageError(
                f"{wire.TOKEN_VARIABLE}: the run at {self._host}:{self._port - 1} has another token; copy the command "
                "that it shows"
            )
        if answer.status == CONFLICT:
            raise RefusedError(refused)
        raise CutOffError(f"status {answer.status}: {refused.why}")

    def _decoded(self, text: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(text, type=kind)
        except (msgspec.DecodeError, ValueError):
            raise LoadError(
                f"what listens at {self._host}:{self._port} is no run of this harness; is --master right?"
            ) from None


@contextmanager
def _hung_up(connection: http.client.HTTPConnection, limit_s: float) -> Iterator[None]:
    """Hang up when the block takes longer: each byte that comes would begin the connection's own time-out anew."""

    def hang_up() -> None:
        if connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(limit_s, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _refused(text: bytes) -> wire.Refused:
    try:
        return msgspec.json.decode(text, type=wire.Refused)
    except (msgspec.DecodeError, ValueError):
        return wire.Refused("it answers as no run does")
