"""`/sql-logs/`: the SQL log as JSON or CSV, for people and for Grafana's Infinity data source."""

import csv
import math
from collections.abc import Callable
from io import StringIO
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.views.decorators.http import require_GET

from metrics_witness import configuration, sql_log
from metrics_witness.configuration import Readers, SqlLogSettings

FIELDS = ("time", "view", "duration_ms", "rows", "alias", "process", "statement", "error")
LIMIT = 1000
"""Statements in one answer unless it is asked for fewer."""
LONGEST_QUERY = 1000
LOOPBACK = ("127.0.0.1", "::1", "")
"""Where a request comes from when it comes from this machine; empty by a socket of the file system."""


class _BadQueryError(ValueError):
    """What is wrong with a parameter, as a message for the caller."""


@require_GET
def sql_logs(request: HttpRequest) -> HttpResponse:
    """The newest statements first: `since` (Unix seconds), `view`, `min_ms`, `limit`, `format` (json or csv).

    A parameter without a value is not given: an empty text box of a dashboard sends it. 404 to those who may not read
    it, and where no log is kept.
    """
    settings = configuration.read().sql_log
    if settings is None or not _is_open(settings, request):
        raise Http404
    try:
        chosen = _chosen(settings, request)
    except _BadQueryError as error:
        return HttpResponseBadRequest(f"{error}\n", content_type="text/plain")
    if request.GET.get("format") == "csv":
        return _csv(chosen)
    return JsonResponse({"totals": sql_log.totals(settings), "statements": chosen})


def _is_open(settings: SqlLogSettings, request: HttpRequest) -> bool:
    """To those who know the token, and to `settings.readers`.

    The name of the host is a header that the client writes, so only its address counts.
    """
    if configuration.matches(request.headers.get("X-Debug-Token", ""), settings.token):
        return True
    match settings.readers:
        case Readers.NOBODY:
            return False
        case Readers.LOOPBACK:
            return request.META.get("REMOTE_ADDR", "") in LOOPBACK
        case Readers.ALL:
            return True


def _chosen(settings: SqlLogSettings, request: HttpRequest) -> list[dict[str, Any]]:
    query = request.GET
    if len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY:
        raise _BadQueryError(f"the query is longer than {LONGEST_QUERY} characters")
    known = ("since", "view", "min_ms", "limit", "format")
    for key in query:
        if key not in known:
            raise _BadQueryError(f"{key[:40]!r} is unknown; it takes {', '.join(known)}")
    if query.get("format") not in ("", None, "json", "csv"):
        raise _BadQueryError("format must be json or csv")
    since, least = (_number(query.get(key), key, float) for key in ("since", "min_ms"))
    limit = _number(query.get("limit"), "limit", int)
    if limit is not None and not 1 <= limit <= LIMIT:
        raise _BadQueryError(f"limit must be from 1 to {LIMIT}")
    view = query.get("view") or None
    found = [
        statement
        for statement in sql_log.statements(settings)
        if (since is None or statement["time"] >= since)
        and (view is None or statement["view"] == view)
        and (least is None or statement["duration_ms"] >= least)
    ]
    return found[: int(limit or LIMIT)]


def _number(text: str | None, key: str, read: Callable[[str], float]) -> float | None:
    if not text:
        return None
    try:
        value = read(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise _BadQueryError(f"{key} must be a number from 0 up")
    return value


def _csv(chosen: list[dict[str, Any]]) -> HttpResponse:
    text = StringIO()
    writer = csv.DictWriter(text, FIELDS)
    writer.writeheader()
    writer.writerows(chosen)
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
