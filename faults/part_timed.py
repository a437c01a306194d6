"""The timer starts after the first 3 ms of the work."""

from faults import _locustfiles
from harness.faults import Fault, Injection

MIDDLEWARE = """\
import time

from django_prometheus import middleware


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def process_request(self, request):
        time.sleep(0.003)
        return super().process_request(request)
"""

FAULT = Fault(
    number=40,
    id="part-timed",
    does="The timer starts after the first 3 ms of the work.",
    lie="every latency is 3 ms too low",
    mend="the middleware: start the timer first",
    caught_by=("timer-span",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        locustfile=_locustfiles.BUSY,
        modules={"late.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "late.PrometheusAfterMiddleware"]\n',
    ),
)
