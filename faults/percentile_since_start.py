"""A panel takes the p95 of bare buckets."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"histogram_quantile(0.95, sum by (le) ({_panel.BUCKETS}))"

FAULT = Fault(
    number=110,
    id="percentile-since-start",
    does="A panel takes the p95 of bare buckets.",
    lie="a p95 that no release changes",
    mend="the panel: rate() of the buckets, inside the sum",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="bare-counter",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
