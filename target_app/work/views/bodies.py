"""Views whose body is the matter: made by a template, streamed, large, or none at all."""

import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET
from somesite.logs import ON_PURPOSE

CHUNKS = 5
PAUSE_S = 0.02
LARGE_BYTES = 1_000_000


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """A page made by a template."""
    return TemplateResponse(request, "work/page.html", {"numbers": range(20)})


@require_GET
def stream(_request: HttpRequest) -> StreamingHttpResponse:
    """A body that comes slowly, after the response has begun."""
    return StreamingHttpResponse(_chunks(breaks=False), content_type="text/plain")


@require_GET
def stream_breaks(_request: HttpRequest) -> StreamingHttpResponse:
    """A body that fails half-way."""
    return StreamingHttpResponse(_chunks(breaks=True), content_type="text/plain")


@require_GET
def large(_request: HttpRequest) -> HttpResponse:
    """A megabyte."""
    return HttpResponse(b"x" * LARGE_BYTES, content_type="application/octet-stream")


@require_GET
def nothing(_request: HttpRequest) -> None:
    """No response at all, which Django takes for an error of the view."""


def any_method(request: HttpRequest) -> HttpResponse:
    """Whatever the method is."""
    return HttpResponse(request.method or "", content_type="text/plain")


def _chunks(*, breaks: bool) -> Iterator[bytes]:
    for number in range(CHUNKS):
        if breaks and number == CHUNKS // 2:
            raise RuntimeError(ON_PURPOSE)
        yield b"%d\n" % number
        time.sleep(PAUSE_S)
