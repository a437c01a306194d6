"""Each of two replicas is scraped under the address of the other."""

from faults import _replicas
from harness.faults import Fault, Injection

FAULT = Fault(
    number=99,
    id="swapped-instances",
    does="Each of two replicas is scraped under the address of the other.",
    lie="the errors and the load of one replica are the other's",
    mend="the scrape job: relabel_configs that write `instance`, or the labels of its targets",
    caught_by=("identity",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    cause="wrong-identity",
    needs=_replicas.NEEDS,
    injection=Injection(
        modules=_replicas.FILES,
        sidecars=_replicas.SIDECARS,
        entry=_replicas.ENTRY,
        profile=_replicas.PROFILE,
        scrape={
            "static_configs": [
                {
                    "targets": [f"127.0.0.1:{{{scraped}}}"],
                    "labels": {"app": "somesite", "instance": f"127.0.0.1:{{{named}}}"},
                }
                for scraped, named in (("target_port", "replica_port"), ("replica_port", "target_port"))
            ]
        },
    ),
)
