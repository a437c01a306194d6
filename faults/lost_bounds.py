"""A panel takes a percentile of sums without bounds."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"histogram_quantile(0.95, sum by (view) (rate({_panel.BUCKETS}[$__range])))"

FAULT = Fault(
    number=112,
    id="lost-bounds",
    does="A panel takes a percentile of sums without bounds.",
    lie="no data: nobody uses the app",
    mend="the panel: sum by (le, ...)",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="impossible-panel",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
