"""The app's own account of each request, in the standard `Server-Timing` header, independent of django-prometheus.

Entries: `view` (time inside the inner witness, the view's name), `raised` (time until the exception hooks ran, the
exception's type), `app` (time inside the outer witness), `queue` (time since the client's `X-Request-Start`); durations
are milliseconds with nanosecond digits. Source: https://www.w3.org/TR/server-timing/. This file stands alone: copy it
to any Django project.
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

GetResponse = Callable[[HttpRequest], Any]
"""Gives a response, or under an asynchronous server the promise of one."""
HEADER = "Server-Timing"
STARTED = "_witness_started_ns"
RAISED = "_witness_raised"
# Only plain digits: an infinity or a negative number would fail here, outside of what django-prometheus counts.
SENT = re.compile(r"t=([0-9]{1,12}(?:\.[0-9]{1,12})?)")


class Witness:
    """A middleware that is asynchronous exactly when the rest of the chain is, as Django's own are."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        """Django hands over the rest of the chain."""
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)


class InnerWitness(Witness):
    """Immediately outside PrometheusAfterMiddleware: encloses what the histogram by view should have timed."""

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Time the rest of the chain."""
        if self.is_async:
            return self._acall(request)
        _start(request)
        response: HttpResponse = self.get_response(request)
        return _tell_view(request, response, time.perf_counter_ns())

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        _start(request)
        response: HttpResponse = await self.get_response(request)
        return _tell_view(request, response, time.perf_counter_ns())

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Note the exception; Django calls the hooks from the innermost outwards, so After's has run."""
        took_ns = time.perf_counter_ns() - getattr(request, STARTED)
        setattr(request, RAISED, (took_ns, type(exception).__name__))


class OuterWitness(Witness):
    """Outside every other middleware but the account's: encloses the whole chain."""

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Time the whole chain, and how long the request had waited for it."""
        if self.is_async:
            return self._acall(request)
        arrived_s, started_ns = time.time(), time.perf_counter_ns()
        response: HttpResponse = self.get_response(request)
        return _tell_app(request, response, time.perf_counter_ns() - started_ns, arrived_s)

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        arrived_s, started_ns = time.time(), time.perf_counter_ns()
        response: HttpResponse = await self.get_response(request)
        return _tell_app(request, response, time.perf_counter_ns() - started_ns, arrived_s)


def _start(request: HttpRequest) -> None:
    setattr(request, STARTED, time.perf_counter_ns())


def _tell_view(request: HttpRequest, response: HttpResponse, ended_ns: int) -> HttpResponse:
    told = entry("view", ended_ns - getattr(request, STARTED), _view_name(request))
    if raised := getattr(request, RAISED, None):
        told = f"{told}, {entry('raised', *raised)}"
    return append(response, told)


def _view_name(request: HttpRequest) -> str | None:
    """The view that serves the request's path, also when a middleware answered before Django had looked it up."""
    try:
        match = request.resolver_match or resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return None
    return match.view_name


def _tell_app(request: HttpRequest, response: HttpResponse, took_ns: int, arrived_s: float) -> HttpResponse:
    told = entry("app", took_ns)
    queued_s = _queued_s(request, arrived_s)
    if queued_s is not None:
        told = f"{told}, {entry('queue', round(queued_s * 1e9))}"
    return append(response, told)


def entry(name: str, took_ns: int, description: str | None = None) -> str:
    """One entry of the header, its description quoted."""
    told = f"{name};dur={took_ns / 1e6:.6f}"
    if not description:
        return told
    quoted = description.replace("\\", "\\\\").replace('"', '\\"')
    return f'{told};desc="{quoted}"'


def append(response: HttpResponse, told: str) -> HttpResponse:
    """The response with an entry behind those that it has."""
    present = response.headers.get(HEADER)
    response.headers[HEADER] = f"{present}, {told}" if present else told
    return response


def _queued_s(request: HttpRequest, arrived_s: float) -> float | None:
    """Time since the client sent the request, from `X-Request-Start: t=<Unix seconds>`.

    None when it did not say, not in that form, or a time that is yet to come.
    """
    sent = SENT.fullmatch(request.headers.get("X-Request-Start", ""))
    if sent is None or (queued_s := arrived_s - float(sent[1])) < 0:
        return None
    return queued_s
