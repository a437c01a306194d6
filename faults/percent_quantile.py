"""A panel asks for the quantile 95 instead of 0.95."""

from faults import _panel
from harness.faults import Fault, Injection

FAULT = Fault(
    number=73,
    id="percent-quantile",
    does="A panel asks for the quantile 95 instead of 0.95.",
    lie="an infinite latency, which Grafana draws as nothing",
    mend="the panel: a quantile from 0 to 1",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="impossible-panel",
    injection=Injection(
        dashboard=_panel.showing(f"histogram_quantile(95, sum by (le) (rate({_panel.BUCKETS}[$__range])))"),
    ),
)
