"""The laws that django-prometheus's own counters keep, whatever the client saw.

Read in django_prometheus/middleware.py 2.5.0: PrometheusBeforeMiddleware counts and times a request and its response,
PrometheusAfterMiddleware counts a request by method, by transport and by the size of its body, and a response by
status, by charset, and by the size of its body unless it is streaming.
"""

from harness.instrumentation.django_prometheus import metrics
from harness.instrumentation.roles import Law

LOST = "series are lost: dropped, or their labels colliding, in the scrape configuration"
ALTERED = "series are counted twice, or altered in the scrape configuration"

RESPONSE_LAWS = (
    Law(
        "responses",
        "responses",
        metrics.REQUESTS,
        (metrics.RESPONSES,),
        "responses",
        "requests whose response was never counted: a worker was killed, or a client disconnected under ASGI",
        "responses without a request: PrometheusBeforeMiddleware's process_request did not run for them",
    ),
    Law(
        "responses-by-status",
        "responses by status",
        metrics.RESPONSES,
        (metrics.RESPONSES_BY_STATUS,),
        "responses",
        "a middleware between the two of django-prometheus answers requests itself, or the After one is missing",
        "PrometheusAfterMiddleware is listed twice, or stands outside PrometheusBeforeMiddleware",
    ),
    Law(
        "responses-by-view",
        "responses by status, view and method",
        metrics.RESPONSES_BY_STATUS,
        (metrics.RESPONSES_BY_VIEW,),
        "responses",
        "series with view labels are lost: labels dropped or colliding in the scrape configuration",
        "series with view labels are counted twice",
    ),
)


def _side(subject: str, whole: str, *parts: str) -> Law:
    return Law(subject.replace(" ", "-"), subject, whole, parts, subject.split(maxsplit=1)[0], LOST, ALTERED)


SIDE_LAWS = (
    _side("requests by transport", metrics.REQUESTS_BY_METHOD, metrics.REQUESTS_BY_TRANSPORT),
    _side("requests by body size", metrics.REQUESTS_BY_METHOD, f"{metrics.REQUEST_BODIES}_count"),
    _side("responses by charset", metrics.RESPONSES_BY_STATUS, metrics.RESPONSES_BY_CHARSET),
    _side(
        "responses by body size",
        metrics.RESPONSES_BY_STATUS,
        f"{metrics.RESPONSE_BODIES}_count",
        metrics.STREAMING,
    ),
)

LATENCY_LAW = Law(
    "timed",
    "including middlewares",
    metrics.RESPONSES,
    (f"{metrics.LATENCY_ALL}_count",),
    "observations",
    "responses were not timed by PrometheusBeforeMiddleware",
    "responses were timed twice: PrometheusBeforeMiddleware is listed twice",
)
EXCEPTION_LAW = Law(
    "exceptions",
    "exceptions",
    metrics.EXCEPTIONS_BY_VIEW,
    (metrics.EXCEPTIONS_BY_TYPE,),
    "exceptions",
    "exceptions are counted by view and not by type",
    "exceptions are counted by type and not by view",
)
