"""A middleware that answers every tenth request itself stands after PrometheusAfterMiddleware."""

from faults import _gate
from harness.faults import Fault, Injection

FAULT = Fault(
    number=4,
    id="after-not-last",
    does="A middleware that answers every tenth request itself stands after PrometheusAfterMiddleware.",
    lie="the requests it answers belong to no view: they are reported as `<unnamed view>`",
    mend="MIDDLEWARE in the settings: PrometheusAfterMiddleware belongs last",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    injection=Injection(
        modules=_gate.FILES,
        settings=f'MIDDLEWARE = [*MIDDLEWARE, "{_gate.NAME}"]\n',
    ),
)
