"""Recording rules, and a dashboard of one panel that reads them."""

from collections.abc import Mapping
from typing import Any

from faults import _panel

TRUE_ALL_THE_SAME = (*_panel.TRUE_ALL_THE_SAME, "dashboards", "alerts")
"""What Prometheus stores of the records is what their rules give."""


def rules(name: str) -> Mapping[str, Any]:
    """The profile's rules: a file of this directory, written for the run's own intervals, so that nothing is scaled."""
    return {"rules": (f"faults/{name}.yml",), "rule_scale": 1.0}
