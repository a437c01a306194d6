"""A middleware between the two of django-prometheus answers every tenth request with 429."""

from harness.faults.fault import Fault, Injection

MIDDLEWARE = """\
import itertools
from django.http import HttpResponse

def limit(get_response):
    numbers = itertools.count(1)

    def answer(request):
        if request.path.startswith("/work/") and next(numbers) % 10 == 0:
            return HttpResponse("too many", status=429)
        return get_response(request)

    return answer
"""

FAULT = Fault(
    number=6,
    id="middleware-between",
    does="A middleware between the two of django-prometheus answers every tenth request with 429.",
    lie="these answers have no status, no view and no latency anywhere",
    mend="what answers by itself: in a view decorator or process_view, where both middlewares see the answer",
    caught_by=("response-conservation",),
    quiet=("scrape-health", "quiescence", "request-conservation"),
    injection=Injection(
        modules={"rate.py": MIDDLEWARE},
        settings='MIDDLEWARE.insert(3, "rate.limit")\n',
    ),
)
