"""A panel groups by a label that a recording rule sums away."""

from faults import _panel, _recorded
from harness.faults import Fault, Injection

FAULT = Fault(
    number=102,
    id="lost-label",
    does="A panel groups by a label that a recording rule sums away.",
    lie="one line without a name, where there should be one for each view",
    mend="the rule: add the label to its by, and to the level in the record's name",
    caught_by=("records",),
    quiet=(*_panel.TRUE_ALL_THE_SAME, "alerts"),
    injection=Injection(
        profile=_recorded.rules("_lost_label"),
        dashboard=_panel.showing("sum by (view) (job_method:django_http_responses:rate8s)"),
    ),
)
