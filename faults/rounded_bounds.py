"""The scrape job rounds the bounds of buckets to hundredths of a second."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=59,
    id="rounded-bounds",
    does="The scrape job rounds the bounds of buckets to hundredths of a second.",
    lie="nine buckets are merged into two, and of each group only the first is kept",
    mend="the scrape job: drop whole buckets, if there are too many, and leave the bounds of the others as they are",
    caught_by=("scrape-health",),
    quiet=("request-conservation", "response-conservation", "request-counts"),
    cause="labels-collide",
    injection=Injection(
        scrape={
            "metric_relabel_configs": [
                {"source_labels": ["le"], "regex": r"(0\.00|0\.01)\d+", "target_label": "le", "replacement": "$1"}
            ]
        },
    ),
)
