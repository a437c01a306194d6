"""A panel divides each series by itself."""

from faults import _panel
from harness.faults import Fault, Injection

ALL = f'rate({_panel.RESPONSES_BY_VIEW}{{job="django"}}[$__range])'
PANEL = f'100 * rate({_panel.RESPONSES_BY_VIEW}{{job="django",status=~"2.."}}[$__range]) / {ALL}'

FAULT = Fault(
    number=113,
    id="constant-ratio",
    does="A panel divides each series by itself.",
    lie="a constant of 100 %",
    mend="the panel: sum both sides before they are divided",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
