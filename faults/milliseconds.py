"""Latency is recorded in milliseconds under a name that says seconds."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
from django_prometheus import middleware


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        child = super().label_metric(metric, request, response, **labels)
        return InMilliseconds(child) if hasattr(child, "observe") else child


class InMilliseconds:
    def __init__(self, child):
        self.child = child

    def observe(self, amount):
        self.child.observe(amount * 1000)
"""

FAULT = Fault(
    number=39,
    id="milliseconds",
    does="Latency is recorded in milliseconds under a name that says seconds.",
    lie="everything is a thousand times slower than it is",
    mend="the code that observes: seconds, as the metric's name says",
    caught_by=("latency-buckets",),
    quiet=("request-conservation", "response-conservation", "request-counts"),
    injection=Injection(
        modules={"units.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "units.PrometheusAfterMiddleware"]\n',
    ),
)
