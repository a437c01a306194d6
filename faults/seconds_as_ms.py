"""A panel draws a p95 in seconds with the unit ms."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"histogram_quantile(0.95, sum by (le) (rate({_panel.BUCKETS}[$__range])))"

FAULT = Fault(
    number=107,
    id="seconds-as-ms",
    does="A panel draws a p95 in seconds with the unit ms.",
    lie="a p95 of a fraction of a millisecond",
    mend="the panel: the unit s, or the expression times 1000",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(dashboard=_panel.showing(PANEL, unit="ms")),
)
