"""A panel uses the name that a metric had before its library was upgraded."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = 'sum(rate(django_http_responses_by_status_view_method_total{job="django"}[$__range])) or vector(0)'

FAULT = Fault(
    number=76,
    id="old-metric-name",
    does="A panel uses the name that a metric had before its library was upgraded.",
    lie="the app gets no requests",
    mend="the panel: the names that the target exports; `harness dashboards` checks them after each upgrade",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="unknown-label",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
