"""Whether the target can serve: its database answers and is migrated, its cache answers."""

from django.core.cache import cache
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse

from somesite.state import migrations

UNAVAILABLE = 503
_migrated = False


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 when all is well, 503 with the part that is not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        missing = _unapplied()
    except Error as error:
        return _unavailable(f"the database does not answer: {_first_line(error)}")
    if missing:
        return _unavailable(f"{missing} migrations are not applied: run manage.py migrate")
    try:
        cache.set("healthz", "ok", timeout=60)  # not get(): that would count as a hit or a miss in the metrics
    except Exception as error:  # noqa: BLE001 - every backend has exceptions of its own
        return _unavailable(f"the cache does not answer: {_first_line(error)}")
    return HttpResponse("ok", content_type="text/plain")


def _unapplied() -> int:
    """How many migrations are missing; asked until there is none."""
    global _migrated  # noqa: PLW0603 - a process that was migrated once stays so
    missing = 0 if _migrated else migrations("default")["unapplied"]
    _migrated = not missing
    return missing


def _unavailable(reason: str) -> HttpResponse:
    return HttpResponse(f"{reason}\n", status=UNAVAILABLE, content_type="text/plain")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
