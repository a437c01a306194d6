"""A panel draws a share of 0 to 1 as per cent of 0 to 100."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = (
    f'sum(rate({_panel.RESPONSES_BY_VIEW}{{job="django",view!="prometheus-django-metrics",status=~"4.."}}[$__range]))'
    f" / sum(rate({_panel.RESPONSES}[$__range]))"
)

FAULT = Fault(
    number=119,
    id="share-as-percent",
    does="A panel draws a share of 0 to 1 as per cent of 0 to 100.",
    lie="hardly an error: 0.02 % where it is 2 %",
    mend="the panel: the unit percentunit, or the expression times 100",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="seconds-as-ms",
    injection=Injection(
        dashboard=_panel.showing(PANEL, "percent"),
    ),
)
