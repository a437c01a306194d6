"""A panel shows a counter as it is."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f'sum({_panel.RESPONSES_BY_VIEW}{{job="django"}})'

FAULT = Fault(
    number=108,
    id="bare-counter",
    does="A panel shows a counter as it is.",
    lie="numbers that grow until the next deployment, and then begin at 0",
    mend="the panel: rate() or increase() over the time that it is about",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
