"""A panel takes irate() with steps of ten scrapes."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"sum(irate({_panel.RESPONSES}[$__range]))"

FAULT = Fault(
    number=117,
    id="sparse-irate",
    does="A panel takes irate() with steps of ten scrapes.",
    lie="rates of two scrapes of ten; what is between them is not there",
    mend="the panel: rate() over the step",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing(PANEL, interval="10s"),
    ),
)
