"""What Locust's HTTP clients hide from its `request` event: redirects on the way, and when a request was sent.

Headers of the harness's own are set on the same way.
"""

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import gevent
import gevent.socket
from locust.clients import HttpSession
from locust.contrib.fasthttp import LocustUserAgent

from harness.config.profile import LOOPBACK
from harness.core import url
from harness.runtime.connections import PLAIN, Way
from harness.runtime.load import witness_token
from harness.runtime.load.locust_plugin import ways

HOPS = "_harness_hops"
"""Attribute of a FastHttpUser's request object that carries the responses of its redirects."""
FIRST_REDIRECT = 300
"""Responses below this status end a call; those from it on may be followed, or retried, inside the client."""


KILLED_WAITING_S = 0.1


@dataclass(slots=True)
class Sent:
    """What became of the requests of this process."""

    answered: int = 0
    """Redirects included, and those given up after stop_timeout."""
    unanswered: int = 0
    """Whose end this process did not see: the target may be busy with them still."""
    open: int = 0
    """Sent, and neither answered nor given up."""
    last_answer_s: float = 0.0
    """This process's clock at the last answer; 0 before the first."""

    def note_answer(self) -> None:
        """A response came."""
        self.answered += 1
        self.last_answer_s = time.time()

    def note_end(self, began: float) -> None:
        """The user was killed, after stop_timeout: when it had waited, its request is with the target."""
        self.answered += time.perf_counter() - began > KILLED_WAITING_S
        self.unanswered += 1


SENT = Sent()
"""By this process."""


@contextmanager
def _noted(began: float) -> Iterator[None]:
    """What becomes of one request; one that is open when the process ends was never answered, as far as it knows."""
    SENT.open += 1
    try:
        yield
    except gevent.GreenletExit:
        SENT.note_end(began)
        raise
    except BaseException:  # KeyboardInterrupt, too, comes up in whichever user runs
        SENT.unanswered += 1
        raise
    else:
        SENT.note_answer()
    finally:
        SENT.open -= 1


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an absolute URL, the names of loopback as one; empty for a path."""
    return _origin("/".join(url.split("/", 3)[:3]))


@lru_cache(1024)
def _origin(start: str) -> tuple[str, str, int | None]:
    try:
        scheme, host, port = url.parse(start).origin
    except ValueError:
        return "", start, None
    return scheme, "127.0.0.1" if host in LOOPBACK else host, port


class Hop(NamedTuple):
    """One answered request inside a call of the client that went on after it."""

    method: str
    status: int
    server_timing: str
    took_s: float


def pin(addresses: Mapping[str, Sequence[str]]) -> None:
    """Connect to these addresses of a host and to no other, wherever its name leads by now.

    Both clients look names up through the two modules (urllib3/util/connection.py, `create_connection`;
    geventhttpclient/connectionpool.py, `_resolve`).
    """
    look_up = gevent.socket.getaddrinfo

    def pinned(host: Any, *args: Any, **kwargs: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else str(host)
        known = addresses.get(name.lower().strip("[]").removesuffix("."))
        if not known:
            return list(look_up(host, *args, **kwargs))
        found: list[Any] = []
        for address in known:
            try:
                found += look_up(address, *args, **kwargs)
            except socket.gaierror:
                continue  # of another family than was asked for
        return found or list(look_up(known[0], *args, **kwargs))

    gevent.socket.getaddrinfo = pinned
    socket.getaddrinfo = pinned


def instrument(*, stamp: bool, token: str = "", way: Way = PLAIN, target: str = "") -> None:
    """Count requests, keep the redirects a FastHttpUser follows, and stamp with `X-Request-Start` if asked.

    A token for the target's witness, and the headers of the way where the locustfile has none of the name, go with each
    request to the origin of the URL `target`, and with no other. A redirect to another origin is an answer and not
    followed.
    geventhttpclient hands over the chain only when it ends well (geventhttpclient/useragent.py, `urlopen`), and the
    server counted every hop.
    """
    origin = origin_of(target)
    find_target = HttpSession.get_redirect_target
    own = {**way.headers, **({witness_token.HEADER: token} if token else {})}
    ways.instrument_fast(way)
    fast_send, send = LocustUserAgent._urlopen, HttpSession.send  # noqa: SLF001 - Locust's own point for overriding

    def urlopen(agent: LocustUserAgent, request: Any) -> Any:
        _set_headers(request, own, origin)
        if stamp:
            request.headers["X-Request-Start"] = f"t={time.time():.6f}"
        began = time.perf_counter()
        with _noted(began):
            response = fast_send(agent, request)  # type: ignore[no-untyped-call]
        if response.status_code >= FIRST_REDIRECT:
            hop = Hop(
                request.method, response.status_code, server_timing(response.headers), time.perf_counter() - began
            )
            request.__dict__.setdefault(HOPS, []).append(hop)
            location = response.headers.get("location")
            if location and not url.same_origin(str(request.url), str(location)):
                response.headers.discard("location")  # without one the client does not follow
        return response

    def send_counted(session: HttpSession, request: Any, **kwargs: Any) -> Any:
        if _set_headers(request, own, origin):
            kwargs = ways.arguments(way, kwargs)
        if stamp:
            request.headers["X-Request-Start"] = f"t={time.time():.6f}"
        with _noted(time.perf_counter()):
            return send(session, request, **kwargs)

    def redirect_target(session: Any, response: Any) -> str | None:
        location = find_target(session, response)
        return location if location and url.same_origin(str(response.url), location) else None

    HttpSession.get_redirect_target = redirect_target  # type: ignore[assignment, method-assign]
    LocustUserAgent._urlopen = urlopen  # type: ignore[method-assign]  # noqa: SLF001 - as above
    HttpSession.send = send_counted  # type: ignore[assignment, method-assign]


def _set_headers(request: Any, own: Mapping[str, str], origin: tuple[str, str, int | None]) -> bool:
    """Whether it goes to the origin. Both clients take a redirected request's headers along: elsewhere they go."""
    at_home = bool(origin[0]) and origin_of(str(request.url)) == origin
    for name, value in own.items():
        if at_home:
            if name == witness_token.HEADER or name not in request.headers:
                request.headers[name] = value
        elif request.headers.get(name) == value:
            del request.headers[name]
    return at_home


def hops(response: Any, exception: Any) -> Sequence[Hop]:
    """The responses that came before `response` in one call of the client, oldest first."""
    request = getattr(exception, "request", None) or getattr(response, "request", None)
    kept: list[Hop] | None = getattr(request, HOPS, None)
    if kept is not None:
        is_last_one_of_them = (getattr(response, "status_code", 0) or 0) >= FIRST_REDIRECT
        return kept[:-1] if is_last_one_of_them else kept
    history = getattr(response, "history", None) or getattr(getattr(exception, "response", None), "history", None)
    if not history:
        return ()
    return [
        Hop(hop.request.method, hop.status_code, server_timing(hop.headers), hop.elapsed.total_seconds())
        for hop in history
    ]


def server_timing(headers: Any) -> str:
    """The `Server-Timing` header of a response; empty without one."""
    value = headers.get("server-timing") if headers else None
    return ", ".join(value) if isinstance(value, list) else value or ""
