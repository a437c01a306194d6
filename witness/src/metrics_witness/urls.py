"""`path("", include("metrics_witness.urls"))` serves the SQL log at /sql-logs/."""

from django.urls import path

from metrics_witness.views import sql_logs

urlpatterns = [path("sql-logs/", sql_logs, name="sql-logs")]
