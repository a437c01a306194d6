"""Views raise, and django-prometheus times each of these requests twice."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=8,
    id="view-raises",
    does="Views raise, and django-prometheus times each of these requests twice.",
    lie="errors weigh double in every latency percentile",
    mend="nothing in the app: read percentiles with the finding in mind, or answer errors in the view",
    caught_by=(),
    named_by=("double-observation",),
    quiet=("scrape-health", "request-conservation", "response-conservation", "latency-conservation", "request-counts"),
    injection=Injection(
        scenario="scenarios/errors.py",
    ),
)
