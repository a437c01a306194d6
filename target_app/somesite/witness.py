"""The app's own account of each request, in the standard `Server-Timing` header, independent of django-prometheus.

Entries: `view` (time inside the inner witness, the view's name), `raised` (time until the exception hooks ran, the
exception's type), `app` (time inside the outer witness), `queue` (time since the client's `X-Request-Start`). Durations
are milliseconds with nanosecond digits. Source: https://www.w3.org/TR/server-timing/
"""

import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]
HEADER = "Server-Timing"
STARTED = "_witness_started_ns"
RAISED = "_witness_raised"
# Only plain digits: an infinity or a negative number would fail here, outside of what django-prometheus counts.
SENT = re.compile(r"t=([0-9]{1,12}(?:\.[0-9]{1,12})?)")


class InnerWitness:
    """Immediately outside PrometheusAfterMiddleware: encloses what the histogram by view should have timed."""

    def __init__(self, get_response: GetResponse) -> None:
        """Django hands over the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Time the rest of the chain."""
        started_ns = time.perf_counter_ns()
        setattr(request, STARTED, started_ns)
        response = self.get_response(request)
        took_ns = time.perf_counter_ns() - started_ns
        match = request.resolver_match
        entry = _entry("view", took_ns, match.view_name if match else None)
        if raised := getattr(request, RAISED, None):
            entry = f"{entry}, {_entry('raised', *raised)}"
        _append(response, entry)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Note the exception; Django calls the hooks from the innermost outwards, so After's has run."""
        took_ns = time.perf_counter_ns() - getattr(request, STARTED)
        setattr(request, RAISED, (took_ns, type(exception).__name__))


class OuterWitness:
    """Outermost: encloses every other middleware."""

    def __init__(self, get_response: GetResponse) -> None:
        """Django hands over the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Time the whole chain, and how long the request had waited for it."""
        arrived_s = time.time()
        started_ns = time.perf_counter_ns()
        response = self.get_response(request)
        took_ns = time.perf_counter_ns() - started_ns
        entry = _entry("app", took_ns)
        queued_s = _queued_s(request, arrived_s)
        if queued_s is not None:
            entry = f"{entry}, {_entry('queue', round(queued_s * 1e9))}"
        _append(response, entry)
        return response


def _entry(name: str, took_ns: int, description: str | None = None) -> str:
    entry = f"{name};dur={took_ns / 1e6:.6f}"
    if not description:
        return entry
    quoted = description.replace("\\", "\\\\").replace('"', '\\"')
    return f'{entry};desc="{quoted}"'


def _append(response: HttpResponse, entry: str) -> None:
    present = response.headers.get(HEADER)
    response.headers[HEADER] = f"{present}, {entry}" if present else entry


def _queued_s(request: HttpRequest, arrived_s: float) -> float | None:
    """Time since the client sent the request, from `X-Request-Start: t=<Unix seconds>`.

    None when it did not say, not in that form, or a time that is yet to come.
    """
    sent = SENT.fullmatch(request.headers.get("X-Request-Start", ""))
    if sent is None or (queued_s := arrived_s - float(sent[1])) < 0:
        return None
    return queued_s
