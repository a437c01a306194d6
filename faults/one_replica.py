"""nginx spreads the load over two replicas, and Prometheus scrapes one of them."""

from faults import _replicas
from harness.faults import Fault, Injection

FAULT = Fault(
    number=10,
    id="one-replica",
    does="nginx spreads the load over two replicas, and Prometheus scrapes one of them.",
    lie="half of the traffic does not exist",
    mend="the scrape job: list every replica, or discover them",
    caught_by=("request-conservation",),
    quiet=("generator-health",),
    cause="unscraped-processes",
    needs=_replicas.NEEDS,
    injection=Injection(
        modules=_replicas.FILES,
        sidecars=_replicas.SIDECARS,
        entry=_replicas.ENTRY,
        profile=_replicas.PROFILE,
    ),
)
