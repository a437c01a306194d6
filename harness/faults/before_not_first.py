"""A middleware that answers every tenth request itself stands before PrometheusBeforeMiddleware."""

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
    number=3,
    id="before-not-first",
    does="A middleware that answers every tenth request itself stands before PrometheusBeforeMiddleware.",
    lie="the requests it answers do not exist",
    mend="MIDDLEWARE in the settings: PrometheusBeforeMiddleware belongs first",
    caught_by=("request-conservation",),
    quiet=("scrape-health", "quiescence"),
    injection=Injection(
        modules={"gate.py": MIDDLEWARE},
        settings='MIDDLEWARE = ["gate.gate", *MIDDLEWARE]\n',
    ),
)
