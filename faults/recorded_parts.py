"""A rule whose record is named for the job keeps method and view, and a panel takes the maximum for the whole."""

from faults import _panel, _recorded
from harness.faults import Fault, Injection

FAULT = Fault(
    number=103,
    id="recorded-parts",
    does="A rule whose record is named for the job keeps method and view, and a panel takes the maximum for the whole.",
    lie="the rate of the busiest view, taken for that of the job",
    mend="the rule: sum by (job); the panel: sum()",
    caught_by=("records",),
    quiet=_recorded.TRUE_ALL_THE_SAME,
    injection=Injection(
        profile=_recorded.rules("_recorded_parts"),
        dashboard=_panel.showing("max(job:django_http_responses:rate8s)"),
    ),
)
