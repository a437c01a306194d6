"""Prometheus scrapes the same app at two addresses in one job."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=46,
    id="two-exporters",
    does="Prometheus scrapes the same app at two addresses in one job.",
    lie="every sum over the job is doubled",
    mend="the scrape job: list each process once",
    caught_by=("request-conservation",),
    quiet=("generator-health",),
    injection=Injection(
        profile={"quiet_timeout_s": 3.0},
        scrape={
            "static_configs": [
                {"targets": ["127.0.0.1:{target_port}", "localhost:{target_port}"], "labels": {"app": "somesite"}}
            ]
        },
    ),
)
