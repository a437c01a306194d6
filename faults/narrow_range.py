"""A panel takes rate() over fewer than two scrapes."""

from faults import _panel
from harness.faults import Fault, Injection

FAULT = Fault(
    number=15,
    id="narrow-range",
    does="A panel takes rate() over fewer than two scrapes.",
    lie="no data: nobody uses the app",
    mend="the panel: $__rate_interval, or at least four scrapes",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="short-range",
    injection=Injection(
        dashboard=_panel.showing(f"sum(rate({_panel.RESPONSES}[900ms]))"),
    ),
)
