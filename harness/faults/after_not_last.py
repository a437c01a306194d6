"""A middleware that answers every tenth request itself stands after PrometheusAfterMiddleware."""

from harness.faults.fault import Fault, Injection

MIDDLEWARE = """\
import itertools
from django.http import HttpResponse

def gate(get_response):
    numbers = itertools.count(1)

    def answer(request):
        if request.path.startswith("/work/") and next(numbers) % 10 == 0:
            return HttpResponse("too many", status=429)
        return get_response(request)

    return answer
"""

FAULT = Fault(
    number=4,
    id="after-not-last",
    does="A middleware that answers every tenth request itself stands after PrometheusAfterMiddleware.",
    lie="the requests it answers belong to no view: they are told as `<unnamed view>`",
    mend="MIDDLEWARE in the settings: PrometheusAfterMiddleware belongs last",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    injection=Injection(
        modules={"gate.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE, "gate.gate"]\n',
    ),
)
