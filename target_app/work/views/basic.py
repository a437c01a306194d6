"""Views that succeed: at once, after a delay, after work, by redirect, with a body."""

import hashlib
import json
import math
import random
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

SLOW_MEDIAN_S = 0.015
SLOW_SIGMA = 0.9
SLOW_LIMIT_S = 0.5
WAIT_LIMIT_MS = 5000
CPU_ROUNDS = 8000
CPU_LIMIT = 1_000_000


@require_GET
def fast(_request: HttpRequest) -> HttpResponse:
    """Answer at once."""
    return HttpResponse("ok", content_type="text/plain")


@require_GET
def slow(request: HttpRequest) -> HttpResponse:
    """Sleep a lognormal delay; the same `n` sleeps the same delay for the same seed."""
    draw = random.Random(f"{settings.SLOW_SEED}:{request.GET.get('n', '')}")
    delay_s = min(draw.lognormvariate(math.log(SLOW_MEDIAN_S), SLOW_SIGMA), SLOW_LIMIT_S)
    time.sleep(delay_s)
    return HttpResponse(f"{delay_s:.6f}", content_type="text/plain")


@require_GET
def wait(request: HttpRequest) -> HttpResponse:
    """Sleep `ms` milliseconds."""
    text = request.GET.get("ms", "")
    if not text.isdecimal() or int(text) > WAIT_LIMIT_MS:
        return HttpResponseBadRequest(f"ms must be a whole number up to {WAIT_LIMIT_MS}")
    time.sleep(int(text) / 1000)
    return HttpResponse(text, content_type="text/plain")


@require_GET
def cpu(request: HttpRequest) -> HttpResponse:
    """Hash `rounds` times, holding the interpreter."""
    text = request.GET.get("rounds", str(CPU_ROUNDS))
    if not text.isdecimal() or int(text) > CPU_LIMIT:
        return HttpResponseBadRequest(f"rounds must be a whole number up to {CPU_LIMIT}")
    digest = b""
    for _ in range(int(text)):
        digest = hashlib.sha256(digest).digest()
    return HttpResponse(digest.hex(), content_type="text/plain")


@require_GET
def redirect_to_fast(_request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to `work:fast`."""
    return redirect("work:fast")


@require_POST
def submit(request: HttpRequest) -> HttpResponse:
    """Take a body and answer with its size and digest; JSON must be well formed."""
    if request.content_type == "application/json":
        try:
            json.loads(request.body)
        except (ValueError, RecursionError):  # the latter: nested too deeply
            return HttpResponseBadRequest("the body is not JSON")
    return JsonResponse({"bytes": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest()})
