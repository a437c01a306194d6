"""A panel divides by sums that have other labels."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = (
    f"sum by (view, method) (rate({_panel.RESPONSES}[$__range])) / sum by (view) (rate({_panel.RESPONSES}[$__range]))"
)

FAULT = Fault(
    number=115,
    id="dropped-series",
    does="A panel divides by sums that have other labels.",
    lie="nothing: the sides have no series in common",
    mend="the panel: sum both sides by the same labels",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
