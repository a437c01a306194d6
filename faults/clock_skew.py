"""The clock of the load generator is a minute ahead of Prometheus's."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=37,
    id="clock-skew",
    does="The clock of the load generator is a minute ahead of Prometheus's.",
    lie="graphs show the load at the wrong time",
    mend="the machines: synchronise their clocks (chrony, systemd-timesyncd)",
    caught_by=("scrape-health",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    needs=("faketime",),
    injection=Injection(
        profile={"load_prefix": ("faketime", "-f", "+60s")},
    ),
)
