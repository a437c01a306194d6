"""The names that django-prometheus exports, and the labels it makes up.

Read in django_prometheus/middleware.py 2.5.0. Counters whose own name ends in `_by_x` get a second `_total` from
prometheus_client.
"""

REQUESTS = "django_http_requests_before_middlewares_total"
RESPONSES = "django_http_responses_before_middlewares_total"
REQUESTS_BY_METHOD = "django_http_requests_total_by_method_total"
REQUESTS_BY_VIEW = "django_http_requests_total_by_view_transport_method_total"
RESPONSES_BY_STATUS = "django_http_responses_total_by_status_total"
RESPONSES_BY_VIEW = "django_http_responses_total_by_status_view_method_total"
EXCEPTIONS_BY_VIEW = "django_http_exceptions_total_by_view_total"
EXCEPTIONS_BY_TYPE = "django_http_exceptions_total_by_type_total"
UNKNOWN_LATENCY = "django_http_requests_unknown_latency_total"
UNKNOWN_LATENCY_ALL = "django_http_requests_unknown_latency_including_middlewares_total"
REQUESTS_BY_TRANSPORT = "django_http_requests_total_by_transport_total"
AJAX = "django_http_ajax_requests_total"
RESPONSES_BY_TEMPLATE = "django_http_responses_total_by_templatename_total"
RESPONSES_BY_CHARSET = "django_http_responses_total_by_charset_total"
STREAMING = "django_http_responses_streaming_total"
REQUEST_BODIES = "django_http_requests_body_total_bytes"
"""Histogram of sizes in bytes, 0 for a request without a body."""
RESPONSE_BODIES = "django_http_responses_body_total_bytes"
"""Histogram of sizes in bytes, of all responses but the streaming ones."""

LATENCY_BY_VIEW = "django_http_requests_latency_seconds_by_view_method"
"""Histogram per view and method, observed by the After middleware."""
LATENCY_ALL = "django_http_requests_latency_including_middlewares_seconds"
"""Histogram without labels, observed by the Before middleware; the scrapes are in it too."""

EXECUTES = "django_db_execute_total"
EXECUTES_MANY = "django_db_execute_many_total"
DB_ERRORS = "django_db_errors_total"
QUERY_DURATION = "django_db_query_duration_seconds"
"""Histogram per alias and vendor."""
TESTS_BY_CURSOR = frozenset({"postgresql"})
"""Vendors whose connections Django tests with a statement of the driver's own, past its execute wrappers."""
CONNECTIONS = "django_db_new_connections_total"
"""Attempts, failed ones included."""
CONNECTION_ERRORS = "django_db_new_connection_errors_total"
CACHE_GETS = "django_cache_get_total"
CACHE_HITS = "django_cache_get_hits_total"
CACHE_MISSES = "django_cache_get_misses_total"
CACHE_FAILS = "django_cache_get_fail_total"
CACHES_GETTING_EACH_OF_MANY = frozenset({"locmem", "filebased"})
"""Backends whose `get_many` calls `get` for each key."""
CACHES_COUNTING_FAILURES = frozenset({"redis", "native_redis"})
"""Backends that count a `get` that raised; the others count it as neither hit nor miss."""
MODEL_INSERTS = "django_model_inserts_total"
MODEL_UPDATES = "django_model_updates_total"
MODEL_DELETES = "django_model_deletes_total"
MIGRATIONS_APPLIED = "django_migrations_applied_total"
"""A gauge, despite its name; one series per process in multiprocess mode."""
MIGRATIONS_UNAPPLIED = "django_migrations_unapplied_total"

COUNTERS = (
    REQUESTS,
    RESPONSES,
    REQUESTS_BY_METHOD,
    REQUESTS_BY_VIEW,
    RESPONSES_BY_STATUS,
    RESPONSES_BY_VIEW,
    EXCEPTIONS_BY_VIEW,
    EXCEPTIONS_BY_TYPE,
    UNKNOWN_LATENCY,
    UNKNOWN_LATENCY_ALL,
    REQUESTS_BY_TRANSPORT,
    RESPONSES_BY_CHARSET,
    STREAMING,
    f"{REQUEST_BODIES}_count",
    f"{RESPONSE_BODIES}_count",
    EXECUTES,
    EXECUTES_MANY,
    DB_ERRORS,
    CONNECTIONS,
    CONNECTION_ERRORS,
    CACHE_GETS,
    CACHE_HITS,
    CACHE_MISSES,
    CACHE_FAILS,
    MODEL_INSERTS,
    MODEL_UPDATES,
    MODEL_DELETES,
    *(
        f"{histogram}_{part}"
        for histogram in (LATENCY_BY_VIEW, LATENCY_ALL, QUERY_DURATION)
        for part in ("bucket", "count", "sum")
    ),
)
"""Every counter series that a check reads."""

COUNT_SCRAPES = frozenset(
    {
        AJAX,
        REQUESTS_BY_TRANSPORT,
        RESPONSES_BY_CHARSET,
        *(
            f"{histogram}_{part}"
            for histogram in (LATENCY_ALL, REQUEST_BODIES, RESPONSE_BODIES)
            for part in ("bucket", "count", "sum")
        ),
    }
)
"""Series in which the scrapes are counted too, and whose labels do not distinguish them."""
NAMES = frozenset(
    {
        *COUNTERS,
        *COUNT_SCRAPES,
        MIGRATIONS_APPLIED,
        MIGRATIONS_UNAPPLIED,
        RESPONSES_BY_TEMPLATE,
    }
)
"""Every series that the library exports once something of its kind has happened."""

UNNAMED_VIEW = "<unnamed view>"
"""The view label of a request that no URL pattern matched, or whose pattern has no name."""
INVALID_METHOD = "<invalid method>"
"""The method label of a request whose method is none of `METHODS`; the latency histogram keeps the raw method."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"})
