"""A middleware between the two of django-prometheus answers every tenth request with 429."""

from faults import _gate
from harness.faults import Fault, Injection

SETTINGS = f"""
MIDDLEWARE.insert(MIDDLEWARE.index("django_prometheus.middleware.PrometheusBeforeMiddleware") + 1, "{_gate.NAME}")
"""

FAULT = Fault(
    number=6,
    id="middleware-between",
    does="A middleware between the two of django-prometheus answers every tenth request with 429.",
    lie="these responses have no status, no view and no latency anywhere",
    mend="the middleware that answers: make it a view decorator or process_view, so that both see the response",
    caught_by=("response-conservation",),
    quiet=("scrape-health", "quiescence", "request-conservation"),
    injection=Injection(
        modules=_gate.FILES,
        settings=SETTINGS,
    ),
)
