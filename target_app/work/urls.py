"""Paths below /work/, in the URL namespace `work`."""

from django.urls import path

from work.views import basic, bodies, errors

app_name = "work"
urlpatterns = [
    path("fast", basic.fast, name="fast"),
    path("slow", basic.slow, name="slow"),
    path("wait", basic.wait, name="wait"),
    path("cpu", basic.cpu, name="cpu"),
    path("redirect", basic.redirect_to_fast, name="redirect"),
    path("submit", basic.submit, name="submit"),
    path("page", bodies.page, name="page"),
    path("stream", bodies.stream, name="stream"),
    path("stream-breaks", bodies.stream_breaks, name="stream-breaks"),
    path("large", bodies.large, name="large"),
    path("nothing", bodies.nothing, name="nothing"),
    path("any", bodies.any_method, name="any"),
    path("fail", errors.fail, name="fail"),
    path("status", errors.status, name="status"),
    path("raises", errors.raises, name="raises"),
    path("missing", errors.missing, name="missing"),
]
