"""A panel divides errors by all responses, those to the scrapes among them."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"""\
sum(rate({_panel.RESPONSES_BY_VIEW}{{job="django",status=~"5.."}}[$__range]))
/ sum(rate({_panel.RESPONSES_BY_VIEW}{{job="django"}}[$__range]))"""

FAULT = Fault(
    number=71,
    id="diluted-ratio",
    does="A panel divides errors by all responses, those to the scrapes among them.",
    lie="fewer errors for each user than there are, the more so the quieter the app is",
    mend="the panel: exclude the views of scrapes and health checks above and below the line",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="scrapes-as-traffic",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
