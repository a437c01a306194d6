"""The scrape job renames a bucket's bound from 2 ms to 2.5 ms."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=43,
    id="wrong-bound",
    does="The scrape job renames a bucket's bound from 2 ms to 2.5 ms.",
    lie="percentiles near it are interpolated in the wrong bucket",
    mend="metric_relabel_configs of the scrape job, or the code that names the bounds",
    caught_by=("latency-buckets",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        scrape={
            "metric_relabel_configs": [
                {"source_labels": ["le"], "regex": "0.002", "target_label": "le", "replacement": "0.0025"}
            ]
        },
    ),
)
