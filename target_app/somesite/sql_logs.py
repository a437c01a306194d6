"""`/sql-logs/`: the SQL log as JSON or CSV, for people and for Grafana's Infinity data source."""

import csv
import hmac
import math
from collections.abc import Callable
from io import StringIO
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.views.decorators.http import require_GET

from somesite import sql_log

FIELDS = ("time", "view", "duration_ms", "rows", "alias", "process", "statement", "error")
LIMIT = 1000
"""Statements in one answer unless it is asked for fewer."""
LONGEST_QUERY = 1000
LOOPBACK = ("127.0.0.1", "::1", "")
"""Where a request comes from when it comes from this machine; empty by a socket of the file system."""


class _BadQueryError(ValueError):
    """What is wrong with a parameter, in words for the caller."""


@require_GET
def sql_logs(request: HttpRequest) -> HttpResponse:
    """The newest statements first: `since` (Unix seconds), `view`, `min_ms`, `limit`, `format` (json or csv).

    A parameter without a value is not given: an empty text box of a dashboard sends it.
    """
    if not _is_open(request):
        raise Http404
    try:
        chosen = _chosen(request)
    except _BadQueryError as error:
        return HttpResponseBadRequest(f"{error}\n", content_type="text/plain")
    if request.GET.get("format") == "csv":
        return _csv(chosen)
    return JsonResponse({"totals": sql_log.totals(), "statements": chosen})


def _is_open(request: HttpRequest) -> bool:
    """To those who know the token; else in debug mode, or to this machine while it serves no other host's name.

    The name is a header that the client writes, so its address counts too.
    """
    token = request.headers.get("X-Debug-Token", "")
    if settings.DEBUG_TOKEN and hmac.compare_digest(token.encode(), settings.DEBUG_TOKEN.encode()):
        return True
    return not settings.SQL_LOG_CLOSED and (settings.DEBUG or request.META.get("REMOTE_ADDR", "") in LOOPBACK)


def _chosen(request: HttpRequest) -> list[dict[str, Any]]:
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
        told
        for told in sql_log.statements()
        if (since is None or told["time"] >= since)
        and (view is None or told["view"] == view)
        and (least is None or told["duration_ms"] >= least)
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
