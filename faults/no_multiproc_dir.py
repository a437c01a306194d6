"""Several workers serve without PROMETHEUS_MULTIPROC_DIR, so each scrape reads one of them."""

from faults import _unshared
from harness.faults import Fault, Injection

FAULT = Fault(
    number=9,
    id="no-multiproc-dir",
    does="Several workers serve without PROMETHEUS_MULTIPROC_DIR, so each scrape reads one of them.",
    lie="counters are those of whichever worker answers; they jump and fall when another does",
    mend="gunicorn.conf.py: set PROMETHEUS_MULTIPROC_DIR before the workers import prometheus_client",
    caught_by=("scrape-health", "request-conservation"),
    quiet=("generator-health",),
    injection=Injection(
        modules=_unshared.FILES,
        env=_unshared.ENV,
        command=_unshared.COMMAND,
    ),
)
