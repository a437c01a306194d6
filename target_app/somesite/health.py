"""Whether the target can serve: its database and its cache answer."""

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 when database and cache answer; their errors are a 500."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    cache.set("healthz", "ok", timeout=60)  # not get(): that would count as a hit or a miss in the metrics
    return HttpResponse("ok", content_type="text/plain")
