"""All paths of the reference target."""

from django.urls import include, path

from somesite.health import healthz
from somesite.sql_logs import sql_logs
from somesite.state import state

urlpatterns = [
    path("", include("django_prometheus.urls")),
    path("healthz", healthz, name="healthz"),
    path("state", state, name="state"),
    path("sql-logs/", sql_logs, name="sql-logs"),
    path("work/", include("work.urls")),
    path("data/", include("data.urls")),
]
