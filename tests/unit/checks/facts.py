"""Facts made by hand: the run is a stored one's, everything else what a test gives."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.checks import Facts
from harness.core.query import Reading, Series
from harness.core.run import Run
from harness.evidence.client.summary import ALL, GAP_GRID_S, ClientSummary, Gaps, Latency, Values, ViewKey
from harness.evidence.prometheus_evidence import Evidence, raw_query
from harness.promql.own_series import UP
from harness.runs.run_directory import RunDirectory

RUN: Run = RunDirectory(Path(__file__).parents[2] / "recorded" / "runs" / "clean").read_run()
VIEW: ViewKey = ("shop:cart", "GET")


class Counted(dict[float, int]):
    """How many values are at or below a threshold, whichever is asked for."""

    def __init__(self, ordered_s: list[float]) -> None:
        super().__init__()
        self.ordered_s = ordered_s

    def __missing__(self, threshold_s: float) -> int:
        return bisect_right(self.ordered_s, threshold_s)


def values(*latencies_s: float) -> Values:
    """A distribution, counted at any threshold."""
    ordered = sorted(latencies_s)
    quantiles = {q: ordered[math.ceil(q * len(ordered)) - 1] for q in (0.5, 0.95, 0.99)} if ordered else {}
    return Values(
        n=len(ordered),
        sum_s=math.fsum(ordered),
        at_or_below=Counted(ordered),
        quantiles_s=quantiles,
        curve=((ordered[-1], 1.0),) if ordered else (),
        bins_s=ordered,
        bin_ends=range(1, len(ordered) + 1),
    )


def gaps(*each_s: float) -> Gaps:
    """Outer minus inner witness of some requests."""
    return Gaps(
        n=len(each_s),
        sum_s=math.fsum(each_s),
        sum_squares=math.fsum(each**2 for each in each_s),
        largest_s=max(each_s, default=0.0),
        above={offset: sum(each > offset for each in each_s) for offset in GAP_GRID_S},
    )


def latency(client: Values, inner: Values, between: Gaps, *, intended: Values | None = None) -> Latency:
    """The accounts of one view; nothing raised, waited or ran SQL."""
    none = values()
    return Latency(client, inner, inner, none, none, none, intended or none, between, 0, 0.0)


def facts(
    latencies: Mapping[ViewKey, Latency] | None = None,
    *,
    answered: Mapping[tuple[str, str, int], int] | None = None,
    unanswered: Mapping[tuple[str, str], int] | None = None,
    run: Mapping[str, Any] | None = None,
) -> Facts:
    """Facts without Prometheus's answers; `latencies` must hold `ALL` where it holds anything."""
    counts = answered or {}
    client = ClientSummary(
        rows=sum(counts.values()),
        answered=counts,
        unanswered=unanswered or {},
        rejected={},
        exceptions={},
        events={},
        views_of_name={"/cart": frozenset({VIEW[0]})},
        witnessed=sum(each.inner.n for key, each in (latencies or {}).items() if key == ALL),
        witnessed_views=frozenset({VIEW[0]}),
        latency=latencies or {},
        started={},
        first_s=0.0,
        last_s=10.0,
    )
    return Facts(replace(RUN, **(run or {})), client, Evidence({}), ())


def counted(run: Run, growths: Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]) -> Evidence:
    """Answers on counters that stood at 0 at t0, by metric and labels, of targets scraped at t0 and t1 only."""
    start_s, end_s = run.window.start_s, run.window.end_s
    series = {
        metric: tuple(Series(dict(labels), ((start_s, 0.0), (end_s, value))) for labels, value in found.items())
        for metric, found in growths.items()
    }
    labels = {(dict(each).get("instance", "")) for found in growths.values() for each in found}
    series[UP] = tuple(Series({"instance": each}, ((start_s, 1.0), (end_s, 1.0))) for each in sorted(labels))
    return Evidence({raw_query(run, metric): Reading(found) for metric, found in series.items()})
