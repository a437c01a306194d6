"""A panel averages the error ratios that a rule records by view."""

from faults import _panel, _recorded
from harness.faults import Fault, Injection

FAULT = Fault(
    number=101,
    id="recorded-ratios",
    does="A panel averages the error ratios that a rule records by view.",
    lie="an error ratio in which a view with one request counts as much as one with thousands",
    mend="the panel: the sum of the recorded numerators divided by that of the denominators",
    caught_by=("records",),
    quiet=_recorded.TRUE_ALL_THE_SAME,
    injection=Injection(
        profile=_recorded.rules("_recorded_ratios"),
        dashboard=_panel.showing("avg(job_view:django_http_responses_4xx:ratio_rate8s)"),
    ),
)
