"""All paths of the reference target."""

from django.urls import include, path

from somesite.health import healthz

urlpatterns = [
    path("", include("django_prometheus.urls")),
    path("healthz", healthz, name="healthz"),
    path("work/", include("work.urls")),
    path("data/", include("data.urls")),
]
