"""A panel groups by a label that the metric does not have."""

from faults import _panel
from harness.faults import Fault, Injection

FAULT = Fault(
    number=77,
    id="unknown-grouping",
    does="A panel groups by a label that the metric does not have.",
    lie="one line without a name, where there should be one for each URL",
    mend="the panel: group by a label that the target exports",
    caught_by=(),
    quiet=(*_panel.TRUE_ALL_THE_SAME, "dashboards"),
    named_by=("absent-label",),
    injection=Injection(
        dashboard=_panel.showing(f"sum by (path) (rate({_panel.RESPONSES}[$__range]))"),
    ),
)
