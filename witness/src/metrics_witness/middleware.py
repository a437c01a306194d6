"""The two witnesses, and the entries of the header that they send.

The inner one sends `mw-view` (time inside it, the view's name), `mw-inner` (a number of its own, what the response and
its request were) and `mw-raised` (time until the exception hooks ran, the exception's type); the outer one `mw-app`
(time inside it, a number of its own, which process answered), `mw-queue` (time since the client's `X-Request-Start`),
`mw-between` (the inner one did not see this request, so its entries are another's) and, where there is something to
report, `mw-db` (time in SQL statements, and the event counts of SQL), `mw-cache` and
`mw-model` (event counts). README.md has the form of each. Browsers show `view` and `app`, which stand beside them.
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from metrics_witness import configuration, observation
from metrics_witness.account import Account, current, digest, opened
from metrics_witness.configuration import Mode
from metrics_witness.identity import identity, nonce
from metrics_witness.server_timing import HEADER, PREFIX, append, entry, standard, text, word
from metrics_witness.sql_log import SqlLog

GetResponse = Callable[[HttpRequest], Any]
"""Gives a response, or under an asynchronous server the promise of one."""
STARTED = "_witness_started_ns"
RAISED = "_witness_raised"
TEMPLATE = "_witness_template"
# Only plain digits: an infinity or a negative number would fail here, outside of what django-prometheus counts.
SENT = re.compile(r"t=([0-9]{1,12}(?:\.[0-9]{1,12})?)")


class _Middleware:
    """Asynchronous exactly when the rest of the chain is, as Django's own are."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        """Django hands over the rest of the chain."""
        self.get_response = get_response
        self.configuration = configuration.read()
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)  # type: ignore[type-var] # asgiref types it for functions alone


class InnerWitness(_Middleware):
    """Immediately outside PrometheusAfterMiddleware: encloses what the histogram by view should have timed."""

    def __init__(self, get_response: GetResponse) -> None:
        """Raises MiddlewareNotUsed when no response is to carry the account."""
        super().__init__(get_response)
        if self.configuration.mode is Mode.OFF:
            raise MiddlewareNotUsed

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Time the rest of the chain."""
        if not self.configuration.wants(request):
            response: HttpResponse | Awaitable[HttpResponse] = self.get_response(request)
            return response
        return self._acall(request) if self.is_async else self._call(request)

    def _call(self, request: HttpRequest) -> HttpResponse:
        _start(request)
        response: HttpResponse = self.get_response(request)
        return _append_view(request, response, time.perf_counter_ns())

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        _start(request)
        response: HttpResponse = await self.get_response(request)
        return _append_view(request, response, time.perf_counter_ns())

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Note the exception; Django calls the hooks from the innermost outwards, so After's has run."""
        started_ns = getattr(request, STARTED, None)
        if started_ns is not None:
            setattr(request, RAISED, (time.perf_counter_ns() - started_ns, type(exception).__name__))

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """Note the template as the innermost hook finds it, which After's is too; what comes later may change it."""
        if hasattr(request, STARTED) and hasattr(response, "template_name"):
            setattr(request, TEMPLATE, str(response.template_name))
        return response


class OuterWitness(_Middleware):
    """Outermost: encloses the whole chain, and keeps the account of what the request does."""

    def __init__(self, get_response: GetResponse) -> None:
        """Raises MiddlewareNotUsed when neither a response nor a log is to have the account."""
        super().__init__(get_response)
        self._sql_log = SqlLog(self.configuration.sql_log) if self.configuration.sql_log else None
        if self._sql_log is None and self.configuration.mode is Mode.OFF:
            raise MiddlewareNotUsed
        if self._sql_log is not None:
            observation.keep_outside(self._sql_log.keep)
        if self._sql_log is not None or self.configuration.mode is Mode.ON:
            observation.install()

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Keep the account of what is asked for, or log it, or both; pass on any other request untouched."""
        wanted = self.configuration.wants(request)
        if not wanted and self._sql_log is None:
            response: HttpResponse | Awaitable[HttpResponse] = self.get_response(request)
            return response
        observation.install()
        return self._acall(request, wanted=wanted) if self.is_async else self._call(request, wanted=wanted)

    def _call(self, request: HttpRequest, *, wanted: bool) -> HttpResponse:
        with opened(request) as account, observation.watching():
            arrival = _arrival()
            response: HttpResponse = self.get_response(request)
            took_ns = time.perf_counter_ns() - arrival.started_ns
        if wanted:
            self._append_app(request, response, took_ns, arrival.at_s)
        return self._close(account, response, took_ns, wanted=wanted)

    async def _acall(self, request: HttpRequest, *, wanted: bool) -> HttpResponse:
        """Synchronous views run in a thread of the request's own, whose connections are watched there."""
        with opened(request) as account:
            watched = observation.watching()
            await sync_to_async(watched.__enter__, thread_sensitive=True)()
            try:
                arrival = _arrival()
                response: HttpResponse = await self.get_response(request)
                took_ns = time.perf_counter_ns() - arrival.started_ns
            finally:
                await sync_to_async(watched.__exit__, thread_sensitive=True)(None, None, None)
        if wanted:
            self._append_app(request, response, took_ns, arrival.at_s)
        return self._close(account, response, took_ns, wanted=wanted)

    def _append_app(self, request: HttpRequest, response: HttpResponse, took_ns: int, arrived_s: float) -> None:
        who = identity(request, self.configuration.instance, self.configuration.labels)
        entries = entry(f"{PREFIX}app", took_ns, f"{nonce()} {who}")
        queued_s = _queued_s(request, arrived_s)
        if queued_s is not None:
            entries = f"{entries}, {entry(f'{PREFIX}queue', round(queued_s * 1e9))}"
        append(response, entries)

    def _close(self, account: Account, response: HttpResponse, took_ns: int, *, wanted: bool) -> HttpResponse:
        if account.statements and self._sql_log is not None:
            self._sql_log.keep(account)
        return _append_account(account, response, took_ns) if wanted else response


class _Arrival(NamedTuple):
    """When a request reached the outer witness, by both clocks."""

    at_s: float
    started_ns: int


def _arrival() -> _Arrival:
    return _Arrival(time.time(), time.perf_counter_ns())


def _start(request: HttpRequest) -> None:
    if account := current():
        account.inner = True
    setattr(request, STARTED, time.perf_counter_ns())


def _append_view(request: HttpRequest, response: HttpResponse, ended_ns: int) -> HttpResponse:
    took_ns, name = ended_ns - getattr(request, STARTED), text(_view_name(request) or "")
    noted = f"{nonce()} {_attributes(request, response)}"
    entries = f'{entry(f"{PREFIX}view", took_ns, name)}, {PREFIX}inner;desc="{noted}"'
    if raised := getattr(request, RAISED, None):
        raised_ns, kind = raised
        entries = f"{entries}, {entry(f'{PREFIX}raised', raised_ns, text(kind))}"
    return append(response, entries + standard(response, "view", took_ns, name))


def _attributes(request: HttpRequest, response: HttpResponse) -> str:
    """What the metrics count of them: bytes of both bodies (`-` when it streams), charset, flags, and template."""
    sent, content = request.META.get("CONTENT_LENGTH") or "", getattr(response, "content", None)
    flags = (
        ("s" if getattr(response, "streaming", False) else "")
        + ("a" if request.META.get("HTTP_X_REQUESTED_WITH") == "XMLHttpRequest" else "")
        + ("t" if request.is_secure() else "")
    )
    sizes = f"{sent if sent.isascii() and sent.isdigit() else 0} {'-' if content is None else len(content)}"
    noted = f"{sizes} {word(str(response.charset))} {flags or '-'}"
    template = getattr(request, TEMPLATE, None)
    return noted if template is None else f"{noted} {word(template)}"


def _view_name(request: HttpRequest) -> str | None:
    """The view that serves the request's path, also when a middleware answered before Django had looked it up."""
    try:
        match = request.resolver_match or resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return None
    return match.view_name


def _append_account(account: Account, response: HttpResponse, took_ns: int) -> HttpResponse:
    entries = []
    if not account.inner and f"{PREFIX}inner;" in response.headers.get(HEADER, ""):
        entries.append(f"{PREFIX}between")
    for kind in ("db", "cache", "model"):
        if counts := digest(account.counts.get(kind, {})):
            sql_ns = round(sum(statement.duration_s for statement in account.statements) * 1e9)
            name = f"{PREFIX}{kind}"
            entries.append(entry(name, sql_ns, counts) if kind == "db" else f'{name};desc="{counts}"')
    rest = ", ".join(entries) + standard(response, "app", took_ns)
    return append(response, rest.removeprefix(", ")) if rest else response


def _queued_s(request: HttpRequest, arrived_s: float) -> float | None:
    """Time since the client sent the request, from `X-Request-Start: t=<Unix seconds>`.

    None when it did not say, not in that form, or a time that is yet to come.
    """
    sent = SENT.fullmatch(request.headers.get("X-Request-Start", ""))
    if sent is None or (queued_s := arrived_s - float(sent[1])) < 0:
        return None
    return queued_s
