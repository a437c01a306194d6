"""A panel selects by a label that the metric does not have, and shows missing data as 0."""

from faults import _panel
from harness.faults import Fault, Injection

FAULT = Fault(
    number=18,
    id="unknown-label",
    does="A panel selects by a label that the metric does not have, and shows missing data as 0.",
    lie="no error ever happens",
    mend="the panel: use the label names that the target exports",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    injection=Injection(
        dashboard=_panel.showing(
            'sum(rate(django_http_responses_total_by_status_total{code=~"5.."}[$__rate_interval])) or vector(0)'
        ),
    ),
)
