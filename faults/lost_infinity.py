"""The scrape job drops the buckets without an upper bound, because they equal the count."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=78,
    id="lost-infinity",
    does="The scrape job drops the buckets without an upper bound, because they equal the count.",
    lie="no percentile has a value, and panels of latency are empty",
    mend="the scrape job: keep +Inf, without which histogram_quantile() gives NaN",
    caught_by=("latency-conservation",),
    quiet=("scrape-health", "request-conservation", "response-conservation", "request-counts"),
    injection=Injection(
        scrape={"metric_relabel_configs": [{"action": "drop", "source_labels": ["le"], "regex": r"\+Inf"}]},
    ),
)
