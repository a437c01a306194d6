"""The sizes of responses are observed in bits."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
from django_prometheus import middleware


class Bits:
    def __init__(self, histogram):
        self.histogram = histogram

    def observe(self, size):
        self.histogram.observe(8 * size)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        found = super().label_metric(metric, request, response, **labels)
        return Bits(found) if metric is self.metrics.responses_body_bytes else found
"""

FAULT = Fault(
    number=98,
    id="sizes-in-bits",
    does="The sizes of responses are observed in bits.",
    lie="the app sends eight times as much as it does",
    mend="the code that observes sizes: bytes, as the name of the metric says",
    caught_by=("attributes",),
    quiet=("request-conservation", "response-conservation", "side-counters", "request-counts", "timer-span"),
    cause="wrong-sizes",
    injection=Injection(
        modules={"bits.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "bits.PrometheusAfterMiddleware"]\n',
    ),
)
