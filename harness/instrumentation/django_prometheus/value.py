"""django-prometheus as a value."""

from harness.instrumentation.base import Instrumentation
from harness.instrumentation.django_prometheus import metrics
from harness.instrumentation.django_prometheus.advice import ADVICE
from harness.instrumentation.django_prometheus.doctor.live_page import diagnose_metrics
from harness.instrumentation.django_prometheus.doctor.settings import METRICS_VIEW
from harness.instrumentation.django_prometheus.laws import EXCEPTION_LAW, LATENCY_LAW, RESPONSE_LAWS, SIDE_LAWS
from harness.instrumentation.roles import Attributes, Cache, Database, Labels, Migrations, Models, Traffic

DJANGO_PROMETHEUS = Instrumentation(
    id="django-prometheus",
    arrived=metrics.REQUESTS,
    answered=metrics.RESPONSES,
    requests_by_method=metrics.REQUESTS_BY_METHOD,
    requests_by_view=metrics.REQUESTS_BY_VIEW,
    requests_by_transport=metrics.REQUESTS_BY_TRANSPORT,
    responses_by_status=metrics.RESPONSES_BY_STATUS,
    responses_by_view=metrics.RESPONSES_BY_VIEW,
    exceptions_by_view=metrics.EXCEPTIONS_BY_VIEW,
    exceptions_by_type=metrics.EXCEPTIONS_BY_TYPE,
    latency_by_view=metrics.LATENCY_BY_VIEW,
    latency_all=metrics.LATENCY_ALL,
    untimed=(metrics.UNKNOWN_LATENCY, metrics.UNKNOWN_LATENCY_ALL),
    exceptions_timed_again=True,  # middleware.py: in process_exception, and again in process_response
    database=Database(
        executes=metrics.EXECUTES,
        executes_many=metrics.EXECUTES_MANY,
        errors=metrics.DB_ERRORS,
        query_duration=metrics.QUERY_DURATION,
        connections=metrics.CONNECTIONS,
        connection_errors=metrics.CONNECTION_ERRORS,
        tests_by_cursor=metrics.TESTS_BY_CURSOR,
    ),
    cache=Cache(
        gets=metrics.CACHE_GETS,
        hits=metrics.CACHE_HITS,
        misses=metrics.CACHE_MISSES,
        fails=metrics.CACHE_FAILS,
        gets_each_of_many=metrics.CACHES_GETTING_EACH_OF_MANY,
        counts_failures=metrics.CACHES_COUNTING_FAILURES,
    ),
    models=Models(metrics.MODEL_INSERTS, metrics.MODEL_UPDATES, metrics.MODEL_DELETES),
    migrations=Migrations(metrics.MIGRATIONS_APPLIED, metrics.MIGRATIONS_UNAPPLIED),
    attributes=Attributes(
        request_bodies=metrics.REQUEST_BODIES,
        response_bodies=metrics.RESPONSE_BODIES,
        charset=metrics.RESPONSES_BY_CHARSET,
        charset_label="charset",
        template=metrics.RESPONSES_BY_TEMPLATE,
        template_label="templatename",
        transport=metrics.REQUESTS_BY_TRANSPORT,
        ajax=metrics.AJAX,
        streaming=metrics.STREAMING,
    ),
    labels=Labels(
        view="view",
        method="method",
        status="status",
        transport="transport",
        exception="type",
        alias="alias",
        vendor="vendor",
        backend="backend",
        model="model",
        connection="connection",
    ),
    metrics_view=METRICS_VIEW,
    methods=metrics.METHODS,
    invalid_method=metrics.INVALID_METHOD,
    label_values={
        "status": tuple(map(str, range(100, 600))),
        "method": (*sorted(metrics.METHODS), metrics.INVALID_METHOD),
    },
    response_laws=RESPONSE_LAWS,
    side_laws=SIDE_LAWS,
    latency_law=LATENCY_LAW,
    exception_law=EXCEPTION_LAW,
    traffic=Traffic(
        view="view",
        unrouted=metrics.UNNAMED_VIEW,
        mixed={
            metrics.REQUESTS: (),
            metrics.RESPONSES: (),
            metrics.REQUESTS_BY_METHOD: ("method",),
            metrics.RESPONSES_BY_STATUS: ("status",),
        },
        inseparable=metrics.COUNT_SCRAPES,
    ),
    counters=metrics.COUNTERS,
    names=metrics.NAMES,
    advice=ADVICE,
    diagnose_page=diagnose_metrics,
)
