"""A panel shows the average of the p99s of two replicas, one of which is slow."""

from dataclasses import replace

from faults import _panel, _replicas
from harness.faults import Fault, Injection

PANEL = f"avg(histogram_quantile(0.99, sum by (le, instance) (rate({_panel.BUCKETS}[$__range]))))"
SLOW = {"TARGET_SLOWDOWN_VIEW": "work:slow", "TARGET_SLOWDOWN_PERCENT": "300"}
"""Else both p99s may lie in the same bucket, and their average beside the truth by less than a bucket shows."""
REPLICA = replace(_replicas.REPLICA, env={**_replicas.REPLICA.env, **SLOW})

FAULT = Fault(
    number=26,
    id="averaged-percentiles",
    does="A panel shows the average of the p99s of two replicas, one of which is slow.",
    lie="a p99 that nobody had",
    mend="the panel: histogram_quantile() of the buckets summed by le, over all replicas",
    caught_by=("dashboards",),
    quiet=(*_panel.TRUE_ALL_THE_SAME, "quiescence", "database", "percentiles", "latency-buckets"),
    needs=_replicas.NEEDS,
    injection=Injection(
        modules=_replicas.FILES,
        sidecars=(REPLICA, _replicas.PROXY),
        entry=_replicas.ENTRY,
        profile=_replicas.PROFILE,
        scrape=_replicas.SCRAPE,
        dashboard=_panel.showing(PANEL),
    ),
)
