"""The counters of django-prometheus that are judged, in the order in which the harness lists them.

Source: django_prometheus 2.5.0, middleware.py, db/metrics.py, cache/metrics.py, models.py.
"""

RESPONSES = "django_http_responses_total_by_status_view_method_total"
ARRIVED = "django_http_requests_before_middlewares_total"
ANSWERED = "django_http_responses_before_middlewares_total"
BY_METHOD = "django_http_requests_total_by_method_total"
BY_VIEW = "django_http_requests_total_by_view_transport_method_total"
BY_STATUS = "django_http_responses_total_by_status_total"
RAISED_BY_VIEW = "django_http_exceptions_total_by_view_total"
RAISED_BY_TYPE = "django_http_exceptions_total_by_type_total"
UNTIMED = "django_http_requests_unknown_latency_total"
UNTIMED_IN_ALL = "django_http_requests_unknown_latency_including_middlewares_total"
BY_TRANSPORT = "django_http_requests_total_by_transport_total"
BY_CHARSET = "django_http_responses_total_by_charset_total"
STREAMING = "django_http_responses_streaming_total"
REQUEST_BODIES = "django_http_requests_body_total_bytes_count"
RESPONSE_BODIES = "django_http_responses_body_total_bytes_count"
LATENCY = "django_http_requests_latency_seconds_by_view_method"
LATENCY_IN_ALL = "django_http_requests_latency_including_middlewares_seconds"
SQL_TIME = "django_db_query_duration_seconds"
EXECUTE = "django_db_execute_total"
EXECUTE_MANY = "django_db_execute_many_total"
SQL_ERRORS = "django_db_errors_total"
CONNECTIONS = "django_db_new_connections_total"
CONNECTION_ERRORS = "django_db_new_connection_errors_total"
BY_TEMPLATE = "django_http_responses_total_by_templatename_total"
AJAX = "django_http_ajax_requests_total"
SIZES = {each: f"django_http_{each}s_body_total_bytes" for each in ("request", "response")}
CACHE = {
    "gets": "django_cache_get_total",
    "hits": "django_cache_get_hits_total",
    "misses": "django_cache_get_misses_total",
    "failures": "django_cache_get_fail_total",
}
MODELS = {each: f"django_model_{each}_total" for each in ("inserts", "updates", "deletes")}

COUNTERS = [
    *(ARRIVED, ANSWERED, BY_METHOD, BY_VIEW, BY_STATUS, RESPONSES, RAISED_BY_VIEW, RAISED_BY_TYPE),
    *(UNTIMED, UNTIMED_IN_ALL, BY_TRANSPORT, BY_CHARSET, STREAMING, REQUEST_BODIES, RESPONSE_BODIES),
    *(EXECUTE, EXECUTE_MANY, SQL_ERRORS, CONNECTIONS, CONNECTION_ERRORS),
    *CACHE.values(),
    *MODELS.values(),
    *(f"{name}_{part}" for name in (LATENCY, LATENCY_IN_ALL, SQL_TIME) for part in ("bucket", "count", "sum")),
]
