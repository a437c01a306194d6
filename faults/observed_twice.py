"""A decorator from before django-prometheus observes the same histogram once more."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
import time

from django_prometheus.middleware import Metrics


def timed(get_response):
    def answer(request):
        began = time.perf_counter()
        response = get_response(request)
        if request.path == "/work/page":
            histogram = Metrics.get_instance().requests_latency_by_view_method
            histogram.labels(view="work:page", method=request.method).observe(time.perf_counter() - began)
        return response

    return answer
"""

FAULT = Fault(
    number=84,
    id="observed-twice",
    does="A decorator from before django-prometheus observes the same histogram once more.",
    lie="the view weighs double in every percentile, and its rate by the histogram's count is doubled",
    mend="the decorator: take it away, or give it a metric of its own",
    caught_by=("latency-conservation",),
    quiet=("scrape-health", "request-conservation", "response-conservation", "request-counts"),
    injection=Injection(
        modules={"decorated.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE, "decorated.timed"]\n',
    ),
)
