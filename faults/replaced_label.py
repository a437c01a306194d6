"""The scrape job gives its targets a label `view`, and the app's own becomes `exported_view`."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=58,
    id="replaced-label",
    does="The scrape job gives its targets a label `view`, and the app's own becomes `exported_view`.",
    lie="one view gets all requests, and a panel of any other is empty",
    mend="the scrape job: another name for the target's label, or honor_labels",
    caught_by=("request-counts",),
    quiet=("scrape-health", "response-conservation"),
    injection=Injection(
        scrape={
            "static_configs": [
                {"targets": ["127.0.0.1:{target_port}"], "labels": {"app": "somesite", "view": "public"}}
            ]
        },
    ),
)
