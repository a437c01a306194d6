"""Views that read and fill the cache."""

import uuid

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

HIT_KEY = "data:greeting"


@require_GET
def hit(_request: HttpRequest) -> HttpResponse:
    """A value that is there, but for the first time."""
    value = cache.get(HIT_KEY)
    if value is None:
        value = "hello"
        cache.set(HIT_KEY, value)
    return HttpResponse(value, content_type="text/plain")


@require_GET
def miss(_request: HttpRequest) -> HttpResponse:
    """A value that is never there."""
    value = cache.get(f"data:{uuid.uuid4()}")
    return HttpResponse("found" if value else "not found", content_type="text/plain")
