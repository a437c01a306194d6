"""Names that the target does not export: whose they are, and what is meant by them."""

import pytest

from harness.checks.monitoring import _panel_names
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS

EXPORTED = frozenset({"up", "shop_orders_total", "python_info"})


@pytest.mark.parametrize(
    ("metric", "meant"),
    [
        ("http_requests_total", "django_http_requests_total_by_method_total"),
        ("django_requests_total", "django_http_requests_total_by_method_total"),
        ("django_http_requests_total_by_view", "django_http_requests_total_by_view_transport_method_total"),
        ("django_http_responses_total_by_status", "django_http_responses_total_by_status_total"),
        ("django_http_responses_4xx_total", "django_http_responses_total_by_status_total"),
        ("http_request_duration_seconds_bucket", "django_http_requests_latency_seconds_by_view_method_bucket"),
        ("django_http_request_latency_seconds_sum", "django_http_requests_latency_seconds_by_view_method_sum"),
        ("django_request_duration_seconds", "django_http_requests_latency_seconds_by_view_method_bucket"),
        ("django_db_query_total", "django_db_execute_total"),
        ("django_sql_queries_total", "django_db_execute_total"),
        ("django_db_error_total", "django_db_errors_total"),
        ("django_cache_miss_total", "django_cache_get_misses_total"),
        ("django_exceptions_total", "django_http_exceptions_total_by_view_total"),
        ("django_model_create_total", "django_model_inserts_total"),
        ("shop_order_total", "shop_orders_total"),
    ],
)
def test_a_name_is_suggested_by_what_is_meant(metric: str, meant: str) -> None:
    """And never by letters alone."""
    assert _panel_names.hint(metric, DJANGO_PROMETHEUS, EXPORTED) == f"; the target exports {meant}"
    assert not _panel_names.is_foreign(metric, DJANGO_PROMETHEUS, EXPORTED)


def test_the_bare_name_of_a_histogram_is_told_its_parts() -> None:
    """All three of them."""
    name = "django_db_query_duration_seconds"
    assert _panel_names.hint(name, DJANGO_PROMETHEUS, EXPORTED) == (
        f"; it is a histogram, and the target exports its parts {name}_bucket, {name}_count and {name}_sum"
    )


def test_nothing_is_suggested_for_what_is_like_nothing() -> None:
    """A wrong name is worse than none."""
    assert _panel_names.hint("django_celery_beat_heartbeat", DJANGO_PROMETHEUS, EXPORTED) == ""


@pytest.mark.parametrize("metric", ["node_load1", "pg_up", "celery_tasks_total", "elasticsearch_up", "ALERTS"])
def test_names_of_other_exporters_are_not_the_targets(metric: str) -> None:
    """By their first word."""
    assert _panel_names.is_foreign(metric, DJANGO_PROMETHEUS, EXPORTED)


@pytest.mark.parametrize("metric", ["shop_order_total", "job:shop:rate5m", "django_x", "requests_total"])
def test_other_names_may_be_mistakes(metric: str) -> None:
    """Those of the app's own, of records, and those that people guess."""
    assert not _panel_names.is_foreign(metric, DJANGO_PROMETHEUS, EXPORTED)
