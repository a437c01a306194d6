"""A subclass of the middleware labels requests by their path instead of their view."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
from django_prometheus import middleware


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        if "view" in labels and not request.path.startswith("/metrics"):
            labels["view"] = request.path
        return super().label_metric(metric, request, response, **labels)
"""

FAULT = Fault(
    number=85,
    id="path-as-view",
    does="A subclass of the middleware labels requests by their path instead of their view.",
    lie="panels by view are empty, and each URL with a key in it is a series of its own",
    mend="the subclass: the view's name, of which there are few",
    caught_by=("request-counts",),
    quiet=("scrape-health", "request-conservation", "response-conservation"),
    cause="replaced-label",
    injection=Injection(
        modules={"paths.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "paths.PrometheusAfterMiddleware"]\n',
    ),
)
