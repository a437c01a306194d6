"""One of fifty requests loses the start of its timer."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
import itertools

from django_prometheus import middleware

NUMBERS = itertools.count(1)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def process_request(self, request):
        super().process_request(request)
        if request.path.startswith("/work/") and next(NUMBERS) % 50 == 0:
            del request.prometheus_after_middleware_event
"""

FAULT = Fault(
    number=62,
    id="unstarted-timer",
    does="One of fifty requests loses the start of its timer.",
    lie="it is counted and has no latency: a percentile over the others",
    mend="the code that replaces the request object or its attributes",
    caught_by=("latency-conservation",),
    quiet=("scrape-health", "request-conservation", "response-conservation", "request-counts"),
    injection=Injection(
        modules={"starts.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "starts.PrometheusAfterMiddleware"]\n',
    ),
)
