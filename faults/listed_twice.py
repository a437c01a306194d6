"""PrometheusAfterMiddleware is listed twice in MIDDLEWARE."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=5,
    id="listed-twice",
    does="PrometheusAfterMiddleware is listed twice in MIDDLEWARE.",
    lie="every response is counted twice, by status and by view",
    mend="MIDDLEWARE in the settings: list each of the two middlewares once",
    caught_by=("response-conservation", "request-counts"),
    quiet=("scrape-health",),
    injection=Injection(
        settings="MIDDLEWARE = [*MIDDLEWARE, MIDDLEWARE[-1]]\n",
    ),
)
