"""The timer starts when the proxy took the request, and so counts the time in its queue."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
from django_prometheus import middleware

QUEUE_S = 0.02


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def process_request(self, request):
        super().process_request(request)
        request.prometheus_after_middleware_event -= QUEUE_S
"""

FAULT = Fault(
    number=64,
    id="over-timed",
    does="The timer starts when the proxy took the request, and so counts the time in its queue.",
    lie="every view is 20 ms slower than it is",
    mend="the code that starts the timer: a metric of its own for the queue",
    caught_by=("latency-buckets", "timer-span"),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        modules={"queued.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "queued.PrometheusAfterMiddleware"]\n',
    ),
)
