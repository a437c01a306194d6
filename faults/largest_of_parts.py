"""A panel takes the busiest of two replicas for both."""

from faults import _panel, _replicas
from harness.faults import Fault, Injection

PANEL = f"max by (view, method) (rate({_panel.RESPONSES}[$__range]))"

FAULT = Fault(
    number=118,
    id="largest-of-parts",
    does="A panel takes the busiest of two replicas for both.",
    lie="half of the traffic",
    mend="the panel: sum()",
    caught_by=("dashboards",),
    quiet=("generator-health",),
    needs=_replicas.NEEDS,
    injection=Injection(
        modules=_replicas.FILES,
        sidecars=_replicas.SIDECARS,
        entry=_replicas.ENTRY,
        scrape=_replicas.SCRAPE,
        profile=_replicas.PROFILE,
        dashboard=_panel.showing(PANEL),
    ),
)
