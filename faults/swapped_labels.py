"""One of a hundred responses of a view is counted under another view."""

from faults import _locustfiles
from harness.faults import Fault, Injection

MIDDLEWARE = """\
import itertools

from django_prometheus import middleware

NUMBERS = itertools.count(1)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def process_response(self, request, response):
        view = super()._get_view_name(request)
        request.mixed_up = view == "work:fast" and next(NUMBERS) % 100 == 0
        return super().process_response(request, response)

    def _get_view_name(self, request):
        return "work:page" if getattr(request, "mixed_up", False) else super()._get_view_name(request)
"""

FAULT = Fault(
    number=42,
    id="swapped-labels",
    does="One of a hundred responses of a view is counted under another view.",
    lie="both views' counts are off while their sum is right",
    mend="the code that sets the labels",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    injection=Injection(
        env={"TARGET_WORKERS": "1"},
        profile={"duration_s": 6.0},
        locustfile=_locustfiles.BUSY,
        modules={"mixed_up.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "mixed_up.PrometheusAfterMiddleware"]\n',
    ),
)
