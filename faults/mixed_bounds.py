"""Two replicas run two releases, whose histograms have different bounds."""

from dataclasses import replace

from faults import _replicas
from harness.faults import Fault, Injection

SETTINGS = """\
from somesite.settings import *

PROMETHEUS_LATENCY_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, float("inf"))
"""
OTHER = replace(_replicas.REPLICA, env={**_replicas.REPLICA.env, "DJANGO_SETTINGS_MODULE": "other_release"})

FAULT = Fault(
    number=82,
    id="mixed-bounds",
    does="Two replicas run two releases, whose histograms have different bounds.",
    lie="a sum by le adds up what is below 3 ms of one and nothing of the other: percentiles jump",
    mend="the release: new bounds on all replicas at once, or under a new name of the metric",
    caught_by=("latency-buckets",),
    quiet=("scrape-health", "request-conservation", "response-conservation", "request-counts"),
    needs=_replicas.NEEDS,
    injection=Injection(
        modules={**_replicas.FILES, "other_release.py": SETTINGS},
        sidecars=(OTHER, _replicas.PROXY),
        entry=_replicas.ENTRY,
        profile=_replicas.PROFILE,
        scrape=_replicas.SCRAPE,
    ),
)
