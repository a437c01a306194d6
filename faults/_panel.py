"""A dashboard of one panel, for the faults that change the panel and nothing else."""

import json

RESPONSES_BY_VIEW = "django_http_responses_total_by_status_view_method_total"
LATENCY_BY_VIEW = "django_http_requests_latency_seconds_by_view_method"
RESPONSES = f'{RESPONSES_BY_VIEW}{{job="django",view!="prometheus-django-metrics"}}'
BUCKETS = f'{LATENCY_BY_VIEW}_bucket{{job="django",view!="prometheus-django-metrics"}}'
TRUE_ALL_THE_SAME = (
    "request-conservation",
    "response-conservation",
    "latency-conservation",
    "request-counts",
    "rate",
    "error-ratio",
)
"""Checks of what the panel is made from."""


def showing(expression: str, unit: str = "", interval: str = "", legend: str = "") -> str:
    """The dashboard's JSON; `unit` is Grafana's id of one, `interval` the panel's least, `legend` the query's."""
    source = {"type": "prometheus", "uid": "prometheus"}
    query = {"refId": "A", "expr": expression, "datasource": source, "legendFormat": legend}
    panel: dict[str, object] = {"id": 1, "type": "timeseries", "title": "Changed", "targets": [query]}
    if interval:
        panel["interval"] = interval
    if unit:
        panel["fieldConfig"] = {"defaults": {"unit": unit}, "overrides": []}
    return json.dumps({"title": "Fault", "schemaVersion": 39, "panels": [panel]})
