"""A subclass of the middleware counts every exception under the name of its base class."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
from django_prometheus import middleware


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        if "type" in labels:
            labels["type"] = "Exception"
        return super().label_metric(metric, request, response, **labels)
"""

FAULT = Fault(
    number=69,
    id="exception-types",
    does="A subclass of the middleware counts every exception under the name of its base class.",
    lie="an alert on one type of exception never fires",
    mend="the subclass: the type of the exception that was raised",
    caught_by=("exceptions",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        modules={"types_of.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "types_of.PrometheusAfterMiddleware"]\n',
    ),
)
