"""All paths of the reference target."""

from django.urls import include, path

from somesite.health import healthz
from somesite.state import state

urlpatterns = [
    path("", include("django_prometheus.urls")),
    path("healthz", healthz, name="healthz"),
    path("state", state, name="state"),
    path("", include("metrics_witness.urls")),
    path("work/", include("work.urls")),
    path("data/", include("data.urls")),
]
