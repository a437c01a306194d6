"""The scrape job writes the label `method` in lower case."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=57,
    id="lowercase-methods",
    does="The scrape job writes the label `method` in lower case.",
    lie="a panel or alert that asks for POST finds nothing, as if nobody wrote",
    mend="metric_relabel_configs of the scrape job: leave the label as the app exports it",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    cause="replaced-label",
    injection=Injection(
        scrape={
            "metric_relabel_configs": [{"action": "lowercase", "source_labels": ["method"], "target_label": "method"}]
        },
    ),
)
