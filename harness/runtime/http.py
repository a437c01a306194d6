"""The HTTP client of the harness: for the target, Prometheus and the doctor. Locust has its own.

A deadline and a limit of bytes hold for the whole answer, however slowly or in however many parts it comes:
informational answers, header lines, chunks and redirects count, and what is compressed counts unpacked. A redirect
leads nowhere but to the same origin. A host is the one that `harness.core.url` reads, and its addresses are those of
the first look-up: a name that resolves elsewhere later leads nobody astray.

It is longer than other modules because a limit that a layer below does not know is none: socket, HTTP and requests are
bound together here.
"""

import http.client
import io
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from harness.core import secret, url
from harness.core.document import without_halves
from harness.core.url import Url
from harness.runtime import connections
from harness.runtime.answers import AnswerError, Problem
from harness.runtime.connections import left_s

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
UNAUTHORIZED = 401
PROMETHEUS_ERROR = b'"errorType"'
"""In each error of Prometheus's own (web/api/v1/api.go, `respondError`)."""


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
                response = _answered(request, self._session.deadline, self._session.most_bytes)
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
            raise AnswerError(
                Problem.ELSEWHERE, "redirects to another host, port or scheme, which is not followed", target
            )
        return target


def get(
    address: str, deadline_s: float = DEADLINE_S, most_bytes: int = SMALL_BYTES, *, follow: bool = True, **headers: str
) -> requests.Response:
    """One answer, whole. Underscores in the names of `headers` stand for hyphens. Raises AnswerError."""
    with Session(deadline_s, most_bytes) as session:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        session.follows = follow
        return session.get(address, headers=named)


def _answered(request: requests.PreparedRequest, deadline: float, most_bytes: int) -> requests.Response:
    """One answer; a credential that is refused is read again once, for it may have expired. Raises AnswerError."""
    response = _exchange(request, deadline, most_bytes)
    if response.status_code == UNAUTHORIZED and connections.renew(url.parse(str(request.url)).origin):
        return _exchange(request, deadline, most_bytes)
    return response


def _exchange(request: requests.PreparedRequest, deadline: float, most_bytes: int) -> requests.Response:
    """Send a request and read its whole answer. Raises AnswerError."""
    try:
        parsed = url.parse(str(request.url))
    except ValueError as error:
        raise AnswerError(Problem.BROKEN, f"cannot be asked: {error}") from None
    way = connections.of(str(request.url))
    headers = {name: str(value) for name, value in request.headers.items()}
    known = {name.lower() for name in headers}
    headers |= {name: value for name, value in way.headers.items() if name.lower() not in known}
    connection = http.client.HTTPConnection(parsed.host, parsed.port)
    if parsed.scheme == "https":
        connection.default_port = url.PORTS["https"]  # or the Host header has it
    path = _with_params(request.path_url, way.params)
    if way.proxy is not None and parsed.scheme == "http":
        path = _base(parsed) + path
        headers |= connections.proxy_headers(way.proxy)
    try:
        with connections.connected(parsed, way, deadline) as raw:
            connection.sock = _Socket(raw, deadline, most_bytes + MIB)
            connection.request(str(request.method), path, request.body, headers)
            with connection.getresponse() as answer:  # or Python 3.13 complains when it finds it open
                body = _unpacked(answer.read(), answer.headers.get("Content-Encoding", ""), most_bytes)
            body = without_halves(secret.masked(body))
    except AnswerError:
        raise
    except TimeoutError:
        raise AnswerError(Problem.SLOW, "did not answer in time") from None
    except ssl.SSLError as error:
        raise connections.tls_problem(error) from None
    except http.client.RemoteDisconnected:
        raise AnswerError(Problem.BROKEN, "closed the connection without an answer") from None
    except (http.client.HTTPException, ValueError, zlib.error) as error:
        raise AnswerError(Problem.BROKEN, f"gave no whole HTTP answer: {type(error).__name__}") from None
    except MemoryError:
        raise AnswerError(Problem.LARGE, "gave an answer that does not fit into memory") from None
    except OSError as error:
        raise AnswerError(Problem.UNREACHABLE, f"cannot be reached: {error.strerror or type(error).__name__}") from None
    return _response(request, answer.status, answer.reason, dict(answer.headers.items()), body)


def _with_params(path: str, params: Mapping[str, str]) -> str:
    """The path with the parameters that it does not have yet."""
    before, _, query = path.partition("?")
    known = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in params.items() if name not in known})
    return "?".join(filter(None, (before, "&".join(filter(None, (query, added))))))


def _base(parsed: Url) -> str:
    """Scheme, host and port as they begin a URL."""
    return Url(parsed.scheme, parsed.host, parsed.port, "").text


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
