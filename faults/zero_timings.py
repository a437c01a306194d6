"""One of four requests is timed only once its work is done."""

from faults import _locustfiles
from harness.faults import Fault, Injection

MIDDLEWARE = """\
import itertools

from django_prometheus import middleware
from django_prometheus.utils import Time

NUMBERS = itertools.count(1)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def process_response(self, request, response):
        if request.path == "/work/page" and next(NUMBERS) % 4 == 0:
            request.prometheus_after_middleware_event = Time()
        return super().process_response(request, response)


def work(get_response):
    import time

    def answer(request):
        if request.path == "/work/page":
            time.sleep(0.04)
        return get_response(request)

    return answer
"""

FAULT = Fault(
    number=63,
    id="zero-timings",
    does="One of four requests is timed only once its work is done.",
    lie="a quarter of the view's requests took no time at all",
    mend="the code that starts the timer: once for each request, before the work",
    caught_by=("latency-buckets", "timer-span"),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    cause="part-timed",
    injection=Injection(
        locustfile=_locustfiles.BUSY,
        modules={"anew.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "anew.PrometheusAfterMiddleware", "anew.work"]\n',
    ),
)
