"""A panel selects a bucket by a bound that no bucket has."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f'sum(rate({_panel.LATENCY_BY_VIEW}_bucket{{job="django",le="1"}}[$__range])) or vector(0)'

FAULT = Fault(
    number=111,
    id="absent-bound",
    does="A panel selects a bucket by a bound that no bucket has.",
    lie="nothing: a share of fast requests without any value",
    mend="the panel: write the bound as the target exports it",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="impossible-panel",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
