"""A middleware that answers every tenth request itself stands before PrometheusBeforeMiddleware."""

from faults import _gate
from harness.faults import Fault, Injection

FAULT = Fault(
    number=3,
    id="before-not-first",
    does="A middleware that answers every tenth request itself stands before PrometheusBeforeMiddleware.",
    lie="the requests it answers do not exist",
    mend="MIDDLEWARE in the settings: PrometheusBeforeMiddleware belongs first",
    caught_by=("request-conservation",),
    quiet=("scrape-health", "quiescence"),
    injection=Injection(
        modules=_gate.FILES,
        settings=f'MIDDLEWARE = ["{_gate.NAME}", *MIDDLEWARE]\n',
    ),
)
