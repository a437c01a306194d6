"""One of a thousand responses is not counted."""

from faults import _locustfiles
from harness.faults import Fault, Injection

MIDDLEWARE = """\
import itertools

from django_prometheus import middleware

NUMBERS = itertools.count(1)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def process_response(self, request, response):
        if next(NUMBERS) % 1000 == 0:
            return response
        return super().process_response(request, response)
"""

FAULT = Fault(
    number=41,
    id="dropped-observations",
    does="One of a thousand responses is not counted.",
    lie="counts are always a little too low",
    mend="the code that counts: count on every exit from it",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation"),
    injection=Injection(
        modules={"forgetful.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "forgetful.PrometheusAfterMiddleware"]\n',
        env={"TARGET_WORKERS": "1"},
        profile={"duration_s": 6.0},
        locustfile=_locustfiles.BUSY,
    ),
)
