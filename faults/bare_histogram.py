"""A panel asks for a histogram by its bare name."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"sum(rate({_panel.LATENCY_BY_VIEW}[$__range]))"

FAULT = Fault(
    number=121,
    id="bare-histogram",
    does="A panel asks for a histogram by its bare name.",
    lie="no data: nobody uses the app",
    mend="the panel: _bucket, _count or _sum",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="unknown-label",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
