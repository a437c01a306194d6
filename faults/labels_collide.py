"""The scrape job drops the labels that tell views and statuses apart."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=36,
    id="labels-collide",
    does="The scrape job drops the labels that tell views and statuses apart.",
    lie="of each group of series that became one, all but the first are gone",
    mend="the scrape job: drop whole series, not a label that tells them apart",
    caught_by=("request-counts",),
    quiet=("generator-health",),
    injection=Injection(
        scrape={"metric_relabel_configs": [{"action": "labeldrop", "regex": "view|status"}]},
    ),
)
