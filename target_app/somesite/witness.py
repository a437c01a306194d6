"""The app's own account of each request, in the standard `Server-Timing` header, independent of django-prometheus.

Entries: `view` (time inside the inner witness, the view's name), `raised` (time until the exception hooks ran, the
exception's type), `app` (time inside the outer witness), `queue` (time since the client's `X-Request-Start`); then,
where there is something to tell, `db` (time in SQL statements, and a digest), `cache` and `model` (digests). Durations
are milliseconds with nanosecond digits. Source: https://www.w3.org/TR/server-timing/
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from somesite import sql_log
from somesite.account import Account, digest, opened, watching

GetResponse = Callable[[HttpRequest], Any]
"""Gives a response, or under an asynchronous server the promise of one."""
HEADER = "Server-Timing"
STARTED = "_witness_started_ns"
RAISED = "_witness_raised"
# Only plain digits: an infinity or a negative number would fail here, outside of what django-prometheus counts.
SENT = re.compile(r"t=([0-9]{1,12}(?:\.[0-9]{1,12})?)")


class _Witness:
    """A middleware that is asynchronous exactly when the rest of the chain is, as Django's own are."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        """Django hands over the rest of the chain."""
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)


class InnerWitness(_Witness):
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


class OuterWitness(_Witness):
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


class AccountWitness(_Witness):
    """Outermost: keeps the account of what the request does, tells it, and hands its statements to the SQL log."""

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Open the account around the whole chain."""
        if self.is_async:
            return self._acall(request)
        with opened(request) as account, watching():
            response: HttpResponse = self.get_response(request)
        return _tell_account(account, response)

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        """Synchronous views run in a thread of the request's own, whose connections are watched there."""
        with opened(request) as account:
            watched = watching()
            await sync_to_async(watched.__enter__, thread_sensitive=True)()
            try:
                response: HttpResponse = await self.get_response(request)
            finally:
                await sync_to_async(watched.__exit__, thread_sensitive=True)(None, None, None)
        return _tell_account(account, response)


def _start(request: HttpRequest) -> None:
    setattr(request, STARTED, time.perf_counter_ns())


def _tell_view(request: HttpRequest, response: HttpResponse, ended_ns: int) -> HttpResponse:
    match = request.resolver_match
    entry = _entry("view", ended_ns - getattr(request, STARTED), match.view_name if match else None)
    if raised := getattr(request, RAISED, None):
        entry = f"{entry}, {_entry('raised', *raised)}"
    return _append(response, entry)


def _tell_app(request: HttpRequest, response: HttpResponse, took_ns: int, arrived_s: float) -> HttpResponse:
    entry = _entry("app", took_ns)
    queued_s = _queued_s(request, arrived_s)
    if queued_s is not None:
        entry = f"{entry}, {_entry('queue', round(queued_s * 1e9))}"
    return _append(response, entry)


def _tell_account(account: Account, response: HttpResponse) -> HttpResponse:
    if account.statements:
        sql_log.keep(account)
    if not settings.WITNESS:
        return response
    for kind in ("db", "cache", "model"):
        if told := digest(account.counts.get(kind, {})):
            took_ns = round(sum(statement.duration_s for statement in account.statements) * 1e9)
            _append(response, _entry("db", took_ns, told) if kind == "db" else f'{kind};desc="{told}"')
    return response


def _entry(name: str, took_ns: int, description: str | None = None) -> str:
    entry = f"{name};dur={took_ns / 1e6:.6f}"
    if not description:
        return entry
    quoted = description.replace("\\", "\\\\").replace('"', '\\"')
    return f'{entry};desc="{quoted}"'


def _append(response: HttpResponse, entry: str) -> HttpResponse:
    present = response.headers.get(HEADER)
    response.headers[HEADER] = f"{present}, {entry}" if present else entry
    return response


def _queued_s(request: HttpRequest, arrived_s: float) -> float | None:
    """Time since the client sent the request, from `X-Request-Start: t=<Unix seconds>`.

    None when it did not say, not in that form, or a time that is yet to come.
    """
    sent = SENT.fullmatch(request.headers.get("X-Request-Start", ""))
    if sent is None or (queued_s := arrived_s - float(sent[1])) < 0:
        return None
    return queued_s
