"""PrometheusAfterMiddleware is missing from MIDDLEWARE."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=2,
    id="after-missing",
    does="PrometheusAfterMiddleware is missing from MIDDLEWARE.",
    lie="no view, no status, no error: panels by view and error ratios are empty",
    mend="MIDDLEWARE in the settings: add PrometheusAfterMiddleware as the last line",
    caught_by=("response-conservation", "request-counts"),
    quiet=("scrape-health", "request-conservation"),
    injection=Injection(
        settings='MIDDLEWARE = [name for name in MIDDLEWARE if not name.endswith("PrometheusAfterMiddleware")]\n',
    ),
)
