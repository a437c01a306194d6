"""The latency histograms of the window, by view and method, from exact deltas."""

from dataclasses import dataclass

from harness import readings
from harness.checks.check import Facts
from harness.instrumentation import LATENCY_ALL, LATENCY_BY_VIEW
from harness.model import NoData, Query, Run
from harness.truth import ALL, ViewKey


@dataclass(frozen=True, slots=True)
class Histogram:
    """Cumulative counts at each bound, +Inf last, and the sum of all observations."""

    buckets: tuple[tuple[float, float], ...]
    sum_s: float

    @property
    def total(self) -> float:
        """All observations; 0 for a histogram without buckets."""
        return self.buckets[-1][1] if self.buckets else 0.0

    @property
    def finite(self) -> tuple[tuple[float, float], ...]:
        """The buckets below +Inf."""
        return tuple((bound, count) for bound, count in self.buckets if bound != float("inf"))


def queries(run: Run) -> tuple[Query, ...]:
    """Raw buckets and sums of both histograms."""
    return tuple(
        readings.raw_query(run, f"{histogram}_{part}")
        for histogram in (LATENCY_BY_VIEW, LATENCY_ALL)
        for part in ("bucket", "sum")
    )


def read(facts: Facts) -> dict[ViewKey, Histogram] | NoData:
    """All histograms with observations in the window, without background views; `ALL` is the one with middlewares."""
    parts: list[tuple[readings.Delta, ...]] = []
    for query_metric in (LATENCY_BY_VIEW, LATENCY_ALL):
        for part in ("bucket", "sum"):
            items = readings.deltas(facts.run, facts.evidence, f"{query_metric}_{part}")
            if isinstance(items, NoData):
                return items
            parts.append(items)
    view_buckets, view_sums, all_buckets, all_sums = parts
    sums = readings.by(view_sums, "view", "method")
    grouped: dict[ViewKey, list[readings.Delta]] = {}
    for item in view_buckets:
        if (view := item.labels.get("view", "")) not in facts.background:
            grouped.setdefault((view, item.labels.get("method", "")), []).append(item)
    histograms = {key: Histogram(readings.buckets(items), sums.get(key, 0.0)) for key, items in grouped.items()}
    histograms[ALL] = Histogram(readings.buckets(all_buckets), readings.total(all_sums))
    return {key: histogram for key, histogram in histograms.items() if histogram.total}
