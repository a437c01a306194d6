"""A panel averages the p95 that a rule records by view."""

from faults import _panel, _recorded
from harness.faults import Fault, Injection

FAULT = Fault(
    number=104,
    id="recorded-percentiles",
    does="A panel averages the p95 that a rule records by view.",
    lie="a p95 that nobody had",
    mend="record the buckets, summed by le; the panel: histogram_quantile() of their sum",
    caught_by=("records",),
    quiet=_recorded.TRUE_ALL_THE_SAME,
    injection=Injection(
        profile=_recorded.rules("_recorded_percentiles"),
        dashboard=_panel.showing("avg(job_view:django_http_requests_latency_seconds:p95_rate8s)"),
    ),
)
