"""To save time, one of ten responses is counted, and by ten."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
import itertools

from django_prometheus import middleware

NUMBERS = itertools.count(1)


class Sampled:
    def __init__(self, child):
        self.child = child

    def inc(self):
        if next(NUMBERS) % 10 == 0:
            self.child.inc(10)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        child = super().label_metric(metric, request, response, **labels)
        return Sampled(child) if metric is self.metrics.responses_by_status_view_method else child
"""

FAULT = Fault(
    number=86,
    id="sampled-counts",
    does="To save time, one of ten responses is counted, and by ten.",
    lie="rare views and rare errors come in tens or not at all",
    mend="the subclass: count each response; a counter takes a microsecond",
    caught_by=("request-counts",),
    quiet=("scrape-health", "request-conservation"),
    cause=None,
    injection=Injection(
        modules={"sampled.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "sampled.PrometheusAfterMiddleware"]\n',
    ),
)
