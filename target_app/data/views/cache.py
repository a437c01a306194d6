"""Views that read and fill the cache, and count what they met there from what they know that they stored."""

import uuid
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from metrics_witness import lookup

HIT_KEY = "data:greeting"
GREETING = "hello"
MISSING = object()
MANY = 5


def _get(key: str) -> Any:
    """What the cache gives for a key; a lookup that raises is counted as such."""
    try:
        return cache.get(key, MISSING)
    except Exception:
        lookup("fail")
        raise


@require_GET
def hit(_request: HttpRequest) -> HttpResponse:
    """A value that is there, but for the first time."""
    value = _get(HIT_KEY)
    lookup("miss" if value is MISSING else "hit")
    if value is MISSING:
        cache.set(HIT_KEY, GREETING)
    return HttpResponse(GREETING, content_type="text/plain")


@require_GET
def miss(_request: HttpRequest) -> HttpResponse:
    """A value that is never there."""
    value = _get(f"data:{uuid.uuid4()}")
    lookup("miss")
    return HttpResponse("not found" if value is MISSING else "found", content_type="text/plain")


@require_GET
def falsy(_request: HttpRequest) -> HttpResponse:
    """A stored 0 and a stored empty text, each of which some backends take for nothing."""
    lost = 0
    for value in (0, ""):
        key = f"data:falsy:{uuid.uuid4()}"
        cache.set(key, value)
        found = _get(key)
        lookup("falsy")
        if found is MISSING:
            lookup("falsy_lost")
            lost += 1
        cache.delete(key)
    return JsonResponse({"lost": lost})


@require_GET
def none(_request: HttpRequest) -> HttpResponse:
    """A stored None."""
    key = f"data:none:{uuid.uuid4()}"
    cache.set(key, None)
    found = _get(key)
    lookup("none")
    cache.delete(key)
    return JsonResponse({"found": found is not MISSING})


@require_GET
def expired(_request: HttpRequest) -> HttpResponse:
    """A value that was stored and whose time is over."""
    key = f"data:expired:{uuid.uuid4()}"
    cache.set(key, GREETING)
    cache.touch(key, 0)
    found = _get(key)
    lookup("miss")
    return JsonResponse({"found": found is not MISSING})


@require_GET
def many(_request: HttpRequest) -> HttpResponse:
    """Several keys at once, of which some are there."""
    prefix = f"data:many:{uuid.uuid4()}"
    keys = [f"{prefix}:{number}" for number in range(MANY)]
    cache.set_many(dict.fromkeys(keys[::2], GREETING))
    lookup("many")
    lookup("many_keys", len(keys))
    found = cache.get_many(keys)
    lookup("many_found", len(found))
    cache.delete_many(keys)
    return JsonResponse({"found": len(found)})


@require_GET
def or_set(_request: HttpRequest) -> HttpResponse:
    """A value that is made because it is not there, and found the second time."""
    key = f"data:or-set:{uuid.uuid4()}"
    for outcome in ("or_set_miss", "or_set_hit"):
        try:
            cache.get_or_set(key, GREETING)
        except Exception:
            lookup("fail")
            raise
        lookup(outcome)
    cache.delete(key)
    return HttpResponse(GREETING, content_type="text/plain")
