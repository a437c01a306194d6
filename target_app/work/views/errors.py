"""Views that fail: handled, raised, not found."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.http import require_GET
from somesite.logs import ON_PURPOSE

RAISABLE = {kind.__name__: kind for kind in (RuntimeError, ValueError, KeyError, ZeroDivisionError)}


@require_GET
def fail(_request: HttpRequest) -> HttpResponse:
    """A 500 that the view itself returns."""
    return HttpResponse("failed, and handled", status=500, content_type="text/plain")


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """Answer with the status `code`, 200 to 599, so that the caller chooses the share of errors."""
    text = request.GET.get("code", "200")
    if not text.isdecimal() or not 200 <= int(text) <= 599:
        return HttpResponseBadRequest("code must be a status from 200 to 599")
    return HttpResponse(text, status=int(text), content_type="text/plain")


@require_GET
def raises(request: HttpRequest) -> HttpResponse:
    """Raise `type`, one of `RAISABLE`."""
    kind = RAISABLE.get(request.GET.get("type", RuntimeError.__name__))
    if kind is None:
        return HttpResponseBadRequest(f"type must be one of {', '.join(RAISABLE)}")
    raise kind(ON_PURPOSE)


@require_GET
def missing(_request: HttpRequest) -> HttpResponse:
    """A 404 that the view raises."""
    raise Http404("missing on purpose")
