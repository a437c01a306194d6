"""A panel shows 0 where there is no data at all."""

from faults import _panel
from harness.faults import Fault, Injection

PANEL = f"sum(rate({_panel.RESPONSES}[$__range])) or vector(0)"

FAULT = Fault(
    number=116,
    id="hidden-absence",
    does="A panel shows 0 where there is no data at all.",
    lie="a target that is gone serves no requests",
    mend="the panel: leave out or vector(0), and alert on absent()",
    caught_by=(),
    quiet=(*_panel.TRUE_ALL_THE_SAME, "dashboards"),
    named_by=("latent-mistake",),
    injection=Injection(
        dashboard=_panel.showing(PANEL),
    ),
)
