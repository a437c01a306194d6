"""Views that speak SQL themselves: in bulk, slowly, wrongly."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_POST

from data.models import Note
from metrics_witness import operation

SETS = 4
SLOW_MS = 40
SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT max(i) FROM n",
    "postgresql": f"SELECT pg_sleep({SLOW_MS / 1000})",
    "mysql": f"SELECT SLEEP({SLOW_MS / 1000})",
}
"""A statement that takes some tens of milliseconds in the database, by vendor."""
WRONG = "SELECT nothing FROM no_such_table"


@require_POST
def many(_request: HttpRequest) -> HttpResponseBase:
    """One call of executemany with several parameter sets."""
    with connection.cursor() as cursor:
        sets = [(f"many {number}", number + 1) for number in range(SETS)]
        cursor.executemany("UPDATE data_note SET title = %s WHERE id = %s", sets)
    operation("note", "bulk_update", SETS)
    return JsonResponse({"sets": SETS})


@require_GET
def slow(_request: HttpRequest) -> HttpResponseBase:
    """A statement that is slow in the database itself."""
    with connection.cursor() as cursor:
        cursor.execute(SLOW[connection.vendor])
        cursor.fetchall()
    return HttpResponse("done", content_type="text/plain")


@require_GET
def wrong(_request: HttpRequest) -> HttpResponseBase:
    """A statement that fails, and nobody catches."""
    with connection.cursor() as cursor:
        cursor.execute(WRONG)
    return HttpResponse("never")


@require_GET
def caught(_request: HttpRequest) -> HttpResponseBase:
    """A statement that fails, and the view answers all the same."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(WRONG)
    except DatabaseError as error:
        return HttpResponse(type(error).__name__, content_type="text/plain")
    return HttpResponse("never", status=500)


@require_GET
def each(_request: HttpRequest) -> HttpResponseBase:
    """One query for some notes, then one for the tags of each: N + 1."""
    counts = {note.pk: note.tags.count() for note in Note.objects.order_by("id")[:10]}
    return JsonResponse({"tags": sum(counts.values())})
