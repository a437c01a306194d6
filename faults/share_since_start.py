"""A panel divides a counter of errors by one of all responses, without rate()."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = (
    f'sum({_panel.RESPONSES_BY_VIEW}{{job="django",status=~"5.."}}) / sum({_panel.RESPONSES_BY_VIEW}{{job="django"}})'
)

FAULT = Fault(
    number=109,
    id="share-since-start",
    does="A panel divides a counter of errors by one of all responses, without rate().",
    lie="an error ratio that does not move while everything fails",
    mend="the panel: rate() on both sides",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="bare-counter",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
