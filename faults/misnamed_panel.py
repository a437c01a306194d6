"""A panel whose legend says p99 shows the median."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"histogram_quantile(0.5, sum by (le) (rate({_panel.BUCKETS}[$__range])))"

FAULT = Fault(
    number=124,
    id="misnamed-panel",
    does="A panel whose legend says p99 shows the median.",
    lie="the slowest hundredth of requests looks as fast as the middle one",
    mend="the panel: the quantile that its legend names",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(dashboard=_panel.showing(PANEL, legend="p99 of all views")),
)
