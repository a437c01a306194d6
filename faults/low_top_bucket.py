"""The highest bucket bound is 4 ms."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=14,
    id="low-top-bucket",
    does="The highest bucket bound is 4 ms.",
    lie="p99 never rises above 4 ms",
    mend="the settings: a highest finite bound of PROMETHEUS_LATENCY_BUCKETS above the slowest request",
    caught_by=("resolution",),
    quiet=("request-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        settings='PROMETHEUS_LATENCY_BUCKETS = (0.001, 0.0015, 0.002, 0.003, 0.004, float("inf"))\n',
    ),
)
