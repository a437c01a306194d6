"""The scrape job drops the series of some views, because they are so many."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=61,
    id="dropped-series",
    does="The scrape job drops the series of some views, because they are so many.",
    lie="these views get no requests, and no error of theirs is in any ratio by view",
    mend="the scrape job: keep them, or build ratios from the counter by status alone, which still has them",
    caught_by=("response-conservation", "request-counts"),
    quiet=("quiescence", "request-conservation"),
    injection=Injection(
        scrape={"metric_relabel_configs": [{"action": "drop", "source_labels": ["view"], "regex": "data:.*"}]},
    ),
)
