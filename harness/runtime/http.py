"""The HTTP client of the harness: for the target, Prometheus and the doctor. Locust has its own.

A deadline and a limit of bytes hold for the whole answer, however slowly or in however many parts it comes:
informational answers, header lines, chunks and redirects count, and what is compressed counts unpacked. A redirect
leads nowhere but to the same origin. A host is the one that `harness.core.url` reads, and its addresses are those of
the first look-up: a name that resolves elsewhere later leads nobody astray.

It is longer than other modules because a limit that a layer below does not know is none: socket, HTTP and requests are
bound together here.
"""

import base64
import http.client
import io
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from harness.core import secret, url
from harness.core.text import shorten

MIB = 2**20
DEADLINE_S = 30.0
"""For one request and all that comes of it."""
MOST_BYTES = 256 * MIB
"""Of an answer of Prometheus: 690 series in the raw samples of an hour are 64 MiB."""
SMALL_BYTES = 16 * MIB
"""Of an answer that is read for a few facts."""
MOST_REDIRECTS = 5
BLOCK = 65536
RETRIES = 3
"""A request is sent so many times more while a proxy hiccups."""
BACKOFF_S = 0.5
"""Before the first repetition; each later one waits twice as long."""
GONE_NEXT_MOMENT = frozenset({408, 429, 502, 503, 504})
"""Statuses that a proxy gives while what is behind it restarts; those that Prometheus itself gives are not repeated."""
PROMETHEUS_ERROR = b'"errorType"'
"""In each error of Prometheus's own (web/api/v1/api.go, `respondError`)."""


class Problem(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    LARGE = "large"
    ELSEWHERE = "elsewhere"
    """It redirects to another origin, or in circles."""
    BROKEN = "broken"
    """What came is no HTTP."""


class AnswerError(requests.RequestException):
    """There is no answer; the message is one line that begins with what happened, without the URL."""

    def __init__(self, problem: Problem, text: str) -> None:
        """`text` continues a sentence that begins with the URL."""
        super().__init__(secret.redact(shorten(text, 300)))
        self.problem = problem


class _Socket:
    """A socket for http.client, of which each read ends at the deadline and all reads at the limit of bytes."""

    def __init__(self, raw: socket.socket, deadline: float, most_bytes: int) -> None:
        self._raw = raw
        self._stream: io.BufferedReader[Any] = io.BufferedReader(_Stream(raw, deadline, most_bytes), BLOCK)
        self._deadline = deadline

    def makefile(self, _mode: str) -> "io.BufferedReader[Any]":
        return self._stream

    def sendall(self, data: bytes) -> None:
        self._raw.settimeout(left_s(self._deadline))
        self._raw.sendall(data)

    def close(self) -> None:
        """http.client closes it before the body is read; who opened it closes it."""


class _Stream(io.RawIOBase):
    def __init__(self, raw: socket.socket, deadline: float, most_bytes: int) -> None:
        self._raw, self._deadline, self._left = raw, deadline, most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._raw.settimeout(left_s(self._deadline))
        count = self._raw.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise AnswerError(Problem.LARGE, "answers without end")
        return count


class _Adapter(BaseAdapter):
    """Sends one request within the deadline of its session."""

    def __init__(self, session: "Session") -> None:
        super().__init__()
        self._session = session

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Ask, and ask again while the answer is one that may be another the next moment. Raises AnswerError."""
        wait_s, again = BACKOFF_S, RETRIES if self._session.repeats else 0
        while True:
            try:
                response = _exchange(request, self._session.deadline, self._session.most_bytes)
            except AnswerError as error:
                if not again or error.problem not in (Problem.UNREACHABLE, Problem.BROKEN):
                    raise
            else:
                lasting = response.status_code not in GONE_NEXT_MOMENT or PROMETHEUS_ERROR in response.content[:BLOCK]
                if lasting or not again or time.monotonic() + wait_s > self._session.deadline:
                    return response
            again -= 1
            time.sleep(min(wait_s, left_s(self._session.deadline)))
            wait_s *= 2

    def close(self) -> None:
        """Nothing is kept open."""


class Session(requests.Session):
    """A session of requests whose answers have ends; also for libraries that take one."""

    def __init__(self, deadline_s: float = DEADLINE_S, most_bytes: int = MOST_BYTES, *, repeats: bool = False) -> None:
        """With `repeats`, hiccups are gone over within the deadline."""
        super().__init__()
        self.trust_env = False
        self.max_redirects = MOST_REDIRECTS
        self.headers = CaseInsensitiveDict({"Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close"})
        self.deadline_s, self.most_bytes, self.repeats, self.follows = deadline_s, most_bytes, repeats, True
        self.deadline = 0.0
        self._adapter = _Adapter(self)

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """As in requests, but raises AnswerError alone; a timeout that is given changes nothing."""
        self.deadline = time.monotonic() + self.deadline_s
        try:
            return super().request(method, url, *args, **kwargs)
        except AnswerError:
            raise
        except requests.TooManyRedirects:
            raise AnswerError(Problem.ELSEWHERE, "redirects in circles") from None
        except (requests.RequestException, ValueError) as error:  # a URL that requests does not take
            raise AnswerError(Problem.BROKEN, f"cannot be asked: {type(error).__name__}") from None

    def get_adapter(self, url: Any) -> BaseAdapter:  # noqa: ARG002 - whatever the URL, and whoever mounts another
        """The one adapter."""
        return self._adapter

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where it leads, if that is followed; raises AnswerError when that is another origin."""
        target: str | None = super().get_redirect_target(resp) if self.follows else None
        if target is not None and not url.same_origin(str(resp.url), target):
            raise AnswerError(Problem.ELSEWHERE, "redirects to another host, port or scheme, which is not followed")
        return target


def get(
    address: str, deadline_s: float = DEADLINE_S, most_bytes: int = SMALL_BYTES, *, follow: bool = True, **headers: str
) -> requests.Response:
    """One answer, whole. Underscores in the names of `headers` stand for hyphens. Raises AnswerError."""
    with Session(deadline_s, most_bytes) as session:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        session.follows = follow
        return session.get(address, headers=named)


def left_s(deadline: float) -> float:
    """Seconds until the deadline. Raises AnswerError when it is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise AnswerError(Problem.SLOW, "did not answer in time")
    return left


@lru_cache(1024)
def addresses(host: str, port: int) -> tuple[tuple[socket.AddressFamily, str], ...]:
    """Where a host is, looked up once in the life of this process: that address was checked, and no other is used.

    Raises OSError when it is nowhere, or when a name of this machine leads to another one.
    """
    found = [
        (family, str(place[0])) for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]
    if host == "localhost":
        found = [each for each in found if each[1] == "::1" or each[1].startswith("127.")]
    if not found:
        raise OSError(f"{host} has no address on this machine")
    return tuple(dict.fromkeys(found))


_authorizations: dict[tuple[str, str, int], str] = {}


def authorize(origin: tuple[str, str, int], value: str) -> None:
    """Send this `Authorization` to an origin, and to no other, from now on; empty: send none."""
    if value:
        _authorizations[origin] = value
        secret.remember(value)
        secret.remember(value.partition(" ")[2])
    else:
        _authorizations.pop(origin, None)


def authorization(address: str) -> str:
    """What is sent as `Authorization` to a URL; empty for nothing."""
    try:
        return _authorizations.get(url.parse(address).origin, "")
    except ValueError:
        return ""


def basic(user: str, password: str) -> str:
    """An `Authorization` by name and password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _exchange(request: requests.PreparedRequest, deadline: float, most_bytes: int) -> requests.Response:
    """Send a request and read its whole answer. Raises AnswerError."""
    try:
        parsed = url.parse(str(request.url))
    except ValueError as error:
        raise AnswerError(Problem.BROKEN, f"cannot be asked: {error}") from None
    headers = {name: str(value) for name, value in request.headers.items()}
    if value := _authorizations.get(parsed.origin):
        headers.setdefault("Authorization", value)
    connection = http.client.HTTPConnection(parsed.host, parsed.port)
    if parsed.scheme == "https":
        connection.default_port = url.PORTS["https"]  # or the Host header has it
    try:
        with _connected(parsed, deadline) as raw:
            connection.sock = _Socket(raw, deadline, most_bytes + MIB)
            connection.request(str(request.method), request.path_url, request.body, headers)
            answer = connection.getresponse()
            body = _unpacked(answer.read(), answer.headers.get("Content-Encoding", ""), most_bytes)
    except AnswerError:
        raise
    except TimeoutError:
        raise AnswerError(Problem.SLOW, "did not answer in time") from None
    except ssl.SSLError as error:
        raise AnswerError(Problem.UNREACHABLE, f"has no TLS that is trusted: {error.reason or 'refused'}") from None
    except http.client.RemoteDisconnected:
        raise AnswerError(Problem.BROKEN, "closed the connection without an answer") from None
    except (http.client.HTTPException, ValueError, zlib.error) as error:
        raise AnswerError(Problem.BROKEN, f"gave no whole HTTP answer: {type(error).__name__}") from None
    except MemoryError:
        raise AnswerError(Problem.LARGE, "gave an answer that does not fit into memory") from None
    except OSError as error:
        raise AnswerError(Problem.UNREACHABLE, f"cannot be reached: {error.strerror or type(error).__name__}") from None
    return _response(request, answer.status, answer.reason, dict(answer.headers.items()), body)


def _connected(parsed: url.Url, deadline: float) -> socket.socket:
    """A connection to the first address of the host that takes one. Raises OSError and AnswerError."""
    refused: OSError | None = None
    for family, address in addresses(parsed.host, parsed.port):
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.settimeout(left_s(deadline))
            raw.connect((address, parsed.port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if parsed.scheme == "https":
                return ssl.create_default_context().wrap_socket(raw, server_hostname=parsed.host)
        except OSError as error:
            raw.close()
            refused = error
        except BaseException:
            raw.close()
            raise
        else:
            return raw
    raise refused or OSError("no address")


def _unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """The body without its compression. Raises AnswerError when it is too long, ValueError for an unknown one."""
    match encoding.strip().lower():
        case "" | "identity":
            pass
        case "gzip" | "x-gzip":
            parts: list[bytes] = []
            size, rest = 0, body
            while rest:
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
                part = member.decompress(rest, most_bytes - size + 1)
                parts.append(part)
                size += len(part)
                if size > most_bytes:
                    break
                if not member.eof:
                    raise ValueError("its end is missing")
                rest = member.unused_data
            body = b"".join(parts)
        case _:
            raise ValueError("an encoding that nobody asked for")
    if len(body) > most_bytes:
        raise AnswerError(Problem.LARGE, f"gave more than {most_bytes // MIB} MiB")
    return body


def _response(
    request: requests.PreparedRequest, status: int, reason: str, headers: Mapping[str, str], body: bytes
) -> requests.Response:
    response = requests.Response()
    response.status_code, response.reason = status, reason
    response.headers = CaseInsensitiveDict(headers)
    response.url, response.request = str(request.url), request
    response.encoding = requests.utils.get_encoding_from_headers(response.headers) or "utf-8"
    response._content = body  # noqa: SLF001 - it is whole; requests' own way would read it from a socket again
    response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    response.raw = io.BytesIO()
    return response
