"""A panel takes rate() of a record that is a rate already."""

from faults import _panel, _recorded
from harness.faults import Fault, Injection

FAULT = Fault(
    number=106,
    id="rated-record",
    does="A panel takes rate() of a record that is a rate already.",
    lie="next to no traffic, whatever the load: how the rate changes, not the rate",
    mend="the panel: the record as it is",
    caught_by=("records",),
    quiet=_recorded.TRUE_ALL_THE_SAME,
    injection=Injection(
        profile=_recorded.rules("_lost_label"),
        dashboard=_panel.showing("sum(rate(job_method:django_http_responses:rate8s[4s]))"),
    ),
)
