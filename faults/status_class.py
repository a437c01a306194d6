"""A subclass of the middleware labels responses by the class of their status, 2xx to 5xx, to save series."""

from harness.faults import Fault, Injection

MIDDLEWARE = """\
from django_prometheus import middleware


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def label_metric(self, metric, request, response=None, **labels):
        if "status" in labels:
            labels["status"] = f"{labels['status'][0]}xx"
        return super().label_metric(metric, request, response, **labels)
"""

FAULT = Fault(
    number=56,
    id="status-class",
    does="A subclass of the middleware labels responses by the class of their status, 2xx to 5xx, to save series.",
    lie="404 and 429, 500 and 503 are one, and a panel of any of them is empty",
    mend='the subclass: leave the label as it is, and write status=~"5.." in the panel',
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    injection=Injection(
        modules={"classes.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "classes.PrometheusAfterMiddleware"]\n',
    ),
)
