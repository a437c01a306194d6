"""A panel adds up the p95 of the views."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"sum(histogram_quantile(0.95, sum by (le, view) (rate({_panel.BUCKETS}[$__range]))))"

FAULT = Fault(
    number=75,
    id="summed-percentiles",
    does="A panel adds up the p95 of the views.",
    lie="a latency that no request ever had",
    mend="the panel: histogram_quantile() of the buckets summed by le, over all views",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="averaged-percentiles",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
