"""Paths below /work/, in the URL namespace `work`."""

from django.urls import path

from work.views import basic, errors

app_name = "work"
urlpatterns = [
    path("fast", basic.fast, name="fast"),
    path("slow", basic.slow, name="slow"),
    path("wait", basic.wait, name="wait"),
    path("cpu", basic.cpu, name="cpu"),
    path("redirect", basic.redirect_to_fast, name="redirect"),
    path("submit", basic.submit, name="submit"),
    path("fail", errors.fail, name="fail"),
    path("raises", errors.raises, name="raises"),
    path("missing", errors.missing, name="missing"),
]
