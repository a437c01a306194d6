"""A panel takes the rate of a counter in which scrapes are counted too."""

from faults import _panel
from harness.faults import Fault, Injection

FAULT = Fault(
    number=24,
    id="scrapes-as-traffic",
    does="A panel takes the rate of a counter in which scrapes are counted too.",
    lie="users seem to send what Prometheus sends",
    mend="the panel: a counter by view, without the view of the metrics",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing("sum(rate(django_http_requests_before_middlewares_total[$__rate_interval]))"),
    ),
)
