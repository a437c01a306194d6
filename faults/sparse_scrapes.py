"""The scrape interval grows, and a panel keeps its range: it holds three scrapes."""

from faults import _panel
from harness.faults import Fault, Injection

FAULT = Fault(
    number=17,
    id="sparse-scrapes",
    does="The scrape interval grows, and a panel keeps its range: it holds three scrapes.",
    lie="a rate that is stretched to the edges of its range, with gaps when scrapes fail",
    mend="the panel: $__rate_interval, which follows the scrape interval",
    caught_by=("dashboards",),
    quiet=_panel.TRUE_ALL_THE_SAME,
    cause="short-range",
    injection=Injection(
        dashboard=_panel.showing(f"sum(rate({_panel.RESPONSES}[6s]))"),
        profile={"scrape_interval_s": 2.0},
    ),
)
