"""A panel selects server errors with a pattern that no status matches, and shows missing data as 0."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"""\
sum(rate({_panel.RESPONSES_BY_VIEW}{{job="django",status=~"5.|5x"}}[$__range])) or vector(0)"""

FAULT = Fault(
    number=74,
    id="impossible-panel",
    does="A panel selects server errors with a pattern that no status matches, and shows missing data as 0.",
    lie="no error ever happens",
    mend='the panel: status=~"5..", since a pattern must match all of the value',
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
