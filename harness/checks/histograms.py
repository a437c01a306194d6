"""The latency histograms of the window, by view and method, from exact deltas."""

from dataclasses import dataclass
from functools import cached_property

from harness.checks.base import Facts
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.evidence import prometheus_evidence
from harness.evidence.client.summary import ALL, ViewKey
from harness.instrumentation import registry


@dataclass(frozen=True)
class Histogram:
    """Cumulative counts at each bound, +Inf last, and the sum of all observations."""

    buckets: tuple[tuple[float, float], ...]
    sum_s: float

    @property
    def total(self) -> float:
        """All observations; 0 for a histogram without buckets."""
        return self.buckets[-1][1] if self.buckets else 0.0

    @cached_property
    def finite(self) -> tuple[tuple[float, float], ...]:
        """The buckets below +Inf."""
        return tuple((bound, count) for bound, count in self.buckets if bound != float("inf"))


def queries(run: Run) -> tuple[Query, ...]:
    """Raw buckets and sums of both histograms."""
    names = registry.of(run)
    return tuple(
        prometheus_evidence.raw_query(run, f"{histogram}_{part}")
        for histogram in (names.latency_by_view, names.latency_all)
        for part in ("bucket", "sum")
    )


def read(facts: Facts) -> dict[ViewKey, Histogram] | NoData:
    """All histograms with observations in the window, without background views; `ALL` is the one with middlewares."""
    names, labels = facts.names, facts.names.labels
    parts: list[tuple[prometheus_evidence.CounterIncrease, ...]] = []
    for query_metric in (names.latency_by_view, names.latency_all):
        for part in ("bucket", "sum"):
            items = prometheus_evidence.deltas(facts.run, facts.evidence, f"{query_metric}_{part}")
            if isinstance(items, NoData):
                return items
            parts.append(items)
    view_buckets, view_sums, all_buckets, all_sums = parts
    sums = prometheus_evidence.by(view_sums, labels.view, labels.method)
    grouped: dict[ViewKey, list[prometheus_evidence.CounterIncrease]] = {}
    for item in view_buckets:
        if (view := item.labels.get(labels.view, "")) not in facts.background:
            grouped.setdefault((view, item.labels.get(labels.method, "")), []).append(item)
    histograms = {
        key: Histogram(prometheus_evidence.buckets(items), sums.get(key, 0.0)) for key, items in grouped.items()
    }
    histograms[ALL] = Histogram(prometheus_evidence.buckets(all_buckets), prometheus_evidence.total(all_sums))
    return {key: histogram for key, histogram in histograms.items() if histogram.total}
