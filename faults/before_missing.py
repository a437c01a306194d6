"""PrometheusBeforeMiddleware is missing from MIDDLEWARE."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=1,
    id="before-missing",
    does="PrometheusBeforeMiddleware is missing from MIDDLEWARE.",
    lie="the app gets no requests: a flat 0",
    mend="MIDDLEWARE in the settings: add PrometheusBeforeMiddleware as the first line",
    caught_by=("request-conservation",),
    quiet=("scrape-health", "request-counts", "error-ratio"),
    injection=Injection(
        settings='MIDDLEWARE = [name for name in MIDDLEWARE if not name.endswith("PrometheusBeforeMiddleware")]\n',
    ),
)
