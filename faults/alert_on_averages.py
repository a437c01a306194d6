"""An alert compares the average of recorded error ratios with its limit."""

from faults import _recorded
from harness.faults import Fault, Injection

FAULT = Fault(
    number=105,
    id="alert-on-averages",
    does="An alert compares the average of recorded error ratios with its limit.",
    lie="an error ratio that is not that of the requests: the alert fires for a view that nobody uses, or not at all",
    mend="the alert: the sum of the recorded numerators divided by that of the denominators",
    caught_by=("records",),
    quiet=_recorded.TRUE_ALL_THE_SAME,
    cause="recorded-ratios",
    injection=Injection(profile=_recorded.rules("_alert_on_averages")),
)
