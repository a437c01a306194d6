"""What is probably wrong with an app that uses django-prometheus, in the terms of its settings."""

from harness.instrumentation.roles import Advice

ADVICE = Advice(
    library="django-prometheus",
    not_arrived="requests that never reached Django (a proxy or gunicorn answered itself), "
    "PrometheusBeforeMiddleware missing or not first, or workers and replicas whose metrics are not scraped",
    other_labels="these requests are counted under another view, method or status (a middleware changes the response "
    "after PrometheusAfterMiddleware, or labels are swapped), or observations are dropped",
    foreign_labels="requests of another view, method or status are counted here (a middleware changes the response "
    "after PrometheusAfterMiddleware, e.g. APPEND_SLASH), or another client sent them",
    missed_exceptions="exceptions do not reach PrometheusAfterMiddleware: another middleware between it and the view "
    "handles them in its process_exception, or counts are dropped",
    untimed_views="responses were not timed: PrometheusAfterMiddleware's process_request did not run, or observations "
    "are dropped",
    retimed_views="responses were timed more than once without an exception: the middleware is listed twice",
    unknown_start="a middleware answered before the django-prometheus middleware saw the request, so it has no start "
    "time",
    timed_twice="in process_exception and in process_response",
    known_fault="a known defect of django-prometheus",
    overall_timer="the timer of PrometheusBeforeMiddleware",
    unanswered_counter="PrometheusBeforeMiddleware misses requests",
    not_installed="is PrometheusAfterMiddleware installed?",
    unscraped="is PrometheusBeforeMiddleware installed?",
    latency_buckets="PROMETHEUS_LATENCY_BUCKETS",
    shared_counters="PROMETHEUS_MULTIPROC_DIR",
    plain_database="statements bypass the instrumented cursor: a plain ENGINE, server-side cursors, or dropped "
    "observations",
    plain_cache="lookups bypass the instrumented cache: a plain BACKEND, or another cache than the witness names",
    plain_model="the model does not inherit ExportModelOperationsMixin, or overrides what the mixin overrides",
    export_migrations="PROMETHEUS_EXPORT_MIGRATIONS = True",
)
