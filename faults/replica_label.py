"""Two entries of the scrape job name the same address, with a label `replica` of their own."""

from harness.faults import Fault, Injection


def _entry(replica: str) -> dict[str, object]:
    return {"targets": ["127.0.0.1:{target_port}"], "labels": {"app": "somesite", "replica": replica}}


FAULT = Fault(
    number=83,
    id="replica-label",
    does="Two entries of the scrape job name the same address, with a label `replica` of their own.",
    lie="every sum that does not keep the label is doubled",
    mend="the scrape job: each address once; for a pair of Prometheus servers, external_labels instead",
    caught_by=("request-conservation", "request-counts"),
    quiet=("generator-health",),
    cause="two-exporters",
    injection=Injection(
        profile={"quiet_timeout_s": 3.0},
        scrape={"static_configs": [_entry("a"), _entry("b")]},
    ),
)
