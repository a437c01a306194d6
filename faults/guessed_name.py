"""A panel asks for django_http_requests_total."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = "sum(rate(django_http_requests_total[$__range])) or vector(0)"

FAULT = Fault(
    number=120,
    id="guessed-name",
    does="A panel asks for django_http_requests_total.",
    lie="no requests",
    mend="the panel: the name that the target exports",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="unknown-label",
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
