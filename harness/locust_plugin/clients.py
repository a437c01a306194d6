"""What Locust's HTTP clients hide from its `request` event: redirects on the way, and when a request was sent."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from locust.clients import HttpSession
from locust.contrib.fasthttp import LocustUserAgent

HOPS = "_harness_hops"
"""Attribute of a FastHttpUser's request object that carries the responses of its redirects."""
FIRST_REDIRECT = 300
"""Responses below this status end a call; those from it on may be followed, or retried, inside the client."""


class Hop(NamedTuple):
    """One answered request inside a call of the client that went on after it."""

    method: str
    status: int
    server_timing: str
    took_s: float


def instrument(*, stamp: bool) -> None:
    """Keep the redirects a FastHttpUser follows, and stamp requests with `X-Request-Start` if asked.

    geventhttpclient hands over the chain only when it ends well (geventhttpclient/useragent.py, `urlopen`), and the
    server counted every hop.
    """
    fast_send, send = LocustUserAgent._urlopen, HttpSession.send  # noqa: SLF001 - Locust's own point for overriding

    def urlopen(agent: LocustUserAgent, request: Any) -> Any:
        if stamp:
            request.headers["X-Request-Start"] = f"t={time.time():.6f}"
        began = time.perf_counter()
        response = fast_send(agent, request)  # type: ignore[no-untyped-call]
        if response.status_code >= FIRST_REDIRECT:
            hop = Hop(
                request.method, response.status_code, server_timing(response.headers), time.perf_counter() - began
            )
            request.__dict__.setdefault(HOPS, []).append(hop)
        return response

    def send_stamped(session: HttpSession, request: Any, **kwargs: Any) -> Any:
        request.headers["X-Request-Start"] = f"t={time.time():.6f}"
        return send(session, request, **kwargs)

    LocustUserAgent._urlopen = urlopen  # type: ignore[method-assign]  # noqa: SLF001 - as above
    if stamp:
        HttpSession.send = send_stamped  # type: ignore[assignment, method-assign]


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
