"""A panel averages the mean latencies of views, one of which is idle."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = (
    f'avg(rate({_panel.LATENCY_BY_VIEW}_sum{{job="django"}}[$__range])'
    f' / rate({_panel.LATENCY_BY_VIEW}_count{{job="django"}}[$__range]))'
)

FAULT = Fault(
    number=114,
    id="idle-average",
    does="A panel averages the mean latencies of views, one of which is idle.",
    lie="no data, as long as one view of many is idle",
    mend="the panel: the sum of the sums divided by the sum of the counts",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
