"""The scrape job drops the buckets between 6 and 150 ms, to save series."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=60,
    id="dropped-buckets",
    does="The scrape job drops the buckets between 6 and 150 ms, to save series.",
    lie="percentiles are interpolated over a bucket from 6 to 150 ms",
    mend="the scrape job: keep the buckets around the percentiles that are watched, and drop those far from them",
    caught_by=("resolution",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-buckets"),
    cause="coarse-buckets",
    injection=Injection(
        scrape={
            "metric_relabel_configs": [{"action": "drop", "source_labels": ["le"], "regex": r"0\.(008|0[1-8]5?|1)"}]
        },
    ),
)
