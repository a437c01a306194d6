"""PROMETHEUS_LATENCY_BUCKETS has three bounds, a factor of ten apart."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=13,
    id="coarse-buckets",
    does="PROMETHEUS_LATENCY_BUCKETS has three bounds, a factor of ten apart.",
    lie="percentiles are off by up to a bucket",
    mend="the settings: bounds of PROMETHEUS_LATENCY_BUCKETS close together where the requests are",
    caught_by=("resolution",),
    quiet=("request-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        settings='PROMETHEUS_LATENCY_BUCKETS = (0.1, 1.0, 10.0, float("inf"))\n',
    ),
)
