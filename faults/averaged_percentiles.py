"""A panel shows the average of the p99s of two replicas."""

from faults import _panel, _replicas
from harness.faults import Fault, Injection

PANEL = f"avg(histogram_quantile(0.99, sum by (le, instance) (rate({_panel.BUCKETS}[$__range]))))"

FAULT = Fault(
    number=26,
    id="averaged-percentiles",
    does="A panel shows the average of the p99s of two replicas.",
    lie="a p99 that nobody had",
    mend="the panel: histogram_quantile() of the buckets summed by le, over all replicas",
    caught_by=("dashboards",),
    quiet=(*_panel.TRUE_ALL_THE_SAME, "quiescence", "database", "percentiles", "latency-buckets"),
    needs=_replicas.NEEDS,
    injection=Injection(
        modules=_replicas.FILES,
        sidecars=_replicas.SIDECARS,
        entry=_replicas.ENTRY,
        profile=_replicas.PROFILE,
        scrape=_replicas.SCRAPE,
        dashboard=_panel.showing(PANEL),
    ),
)
