"""The scrape job drops the labels that distinguish views and statuses."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=36,
    id="labels-collide",
    does="The scrape job drops the labels that distinguish views and statuses.",
    lie="series are merged, and only the first of each group is kept",
    mend="the scrape job: drop whole series, not a label that distinguishes them",
    caught_by=("request-counts",),
    quiet=("generator-health",),
    injection=Injection(
        scrape={"metric_relabel_configs": [{"action": "labeldrop", "regex": "view|status"}]},
    ),
)
