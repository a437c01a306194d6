"""A panel leaves out the view that stands for URLs without any."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"""\
sum(rate({_panel.RESPONSES_BY_VIEW}{{job="django",view!~"prometheus-django-metrics|<unnamed view>"}}[$__range]))"""

FAULT = Fault(
    number=72,
    id="hidden-404s",
    does="A panel leaves out the view that stands for URLs without any.",
    lie="broken links and scanners are nobody's requests",
    mend="the panel: exclude the views of scrapes and health checks, and no other",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
