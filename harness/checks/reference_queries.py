"""What a dashboard shows, and what it must show: Prometheus's own `rate()` beside our reference on the same samples."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import promql
from harness.checks.base import Facts
from harness.core.query import NoData, Query, Series
from harness.core.run import Run
from harness.evidence import prometheus_evidence
from harness.evidence.client.summary import QUANTILES, ViewKey
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation

TIE = 1e-9
"""Share of all observations by which a rank may miss a bucket's edge and still take either side."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a panel must show; where the rank lies on a bucket's edge, a float sum may take either side."""

    low: float
    high: float

    def holds(self, shown: float) -> bool:
        """True when `shown` lies between the two, or all are NaN."""
        if math.isnan(shown):
            return math.isnan(self.low) and math.isnan(self.high)
        spare = max(abs(shown) * promql.AGREEMENT, promql.ROUNDING)
        return self.low - spare <= shown <= self.high + spare


def rate_query(run: Run) -> Query:
    """Responses per second by view and method over the whole window, as a panel asks for it."""
    names = registry.of(run)
    text = f"sum by ({_by_view(names)}) (rate({_ranged(run, names.responses_by_view)}))"
    return Query(text, run.window.end_s)


def quantile_queries(run: Run) -> dict[float, Query]:
    """Latency quantiles by view and method over the whole window, as a panel asks for them."""
    names = registry.of(run)
    rates = f"sum by (le, {_by_view(names)}) (rate({_ranged(run, names.latency_by_view + '_bucket')}))"
    return {q: Query(f"histogram_quantile({q:g}, {rates})", run.window.end_s) for q in QUANTILES}


def exact_quantile_queries(run: Run) -> dict[float, Query]:
    """The same quantiles on exact deltas: the counters at t1 less those at t0, or whole of a new series."""
    names = registry.of(run)
    now = promql.selector(f"{names.latency_by_view}_bucket", run.selector)
    grown = f"({now} - {now} offset {promql.duration(run.window.length_s)} or {now})"
    return {
        q: Query(f"histogram_quantile({q:g}, sum by (le, {_by_view(names)}) {grown})", run.window.end_s)
        for q in QUANTILES
    }


def read_by_view(facts: Facts, query: Query) -> dict[ViewKey, float] | NoData:
    """An answer's values by view and method."""
    reading = facts.evidence.read(query)
    if isinstance(reading, NoData):
        return reading
    return {_key(facts, series): series.last for series in reading.series}


def predict_rates(facts: Facts) -> dict[ViewKey, float] | NoData:
    """What `rate_query` must answer, from the raw samples."""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, facts.names.responses_by_view))
    if isinstance(reading, NoData):
        return reading
    sums: dict[ViewKey, float] = {}
    for series in reading.series:
        if (value := _rate(facts.run, series)) is not None:
            key = _key(facts, series)
            sums[key] = sums.get(key, 0.0) + value
    return sums


def quantiles_near(
    q: float, buckets: Sequence[tuple[float, float]], dialect: promql.Dialect, *, tied: bool = True
) -> Predicted:
    """The quantile of a histogram, and those of ranks so close that they may fall into the next bucket.

    Not `tied` are the ranks of whole counts whose product with q no float rounds.
    """
    ranks = (min(max(near, 0.0), 1.0) for near in ((q - TIE, q, q + TIE) if tied else (q,)))
    values = [promql.histogram_quantile(rank, buckets, dialect) for rank in ranks]
    return Predicted(min(values), max(values))


def predict_quantiles(facts: Facts) -> Mapping[float, Mapping[ViewKey, Predicted]] | NoData:
    """What `quantile_queries` must answer, from the raw samples."""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, f"{facts.names.latency_by_view}_bucket"))
    if isinstance(reading, NoData):
        return reading
    dialect = promql.Dialect.of(facts.run.dialect_of)
    histograms: dict[ViewKey, dict[str, float]] = {}
    for series in reading.series:
        if (value := _rate(facts.run, series)) is not None:
            buckets = histograms.setdefault(_key(facts, series), {})
            le = series.labels.get("le", "")
            buckets[le] = buckets.get(le, 0.0) + value
    return {
        q: {key: quantiles_near(q, _parsed(buckets), dialect) for key, buckets in histograms.items()} for q in QUANTILES
    }


def _by_view(names: Instrumentation) -> str:
    """What panels group by."""
    return f"{names.labels.view}, {names.labels.method}"


def _key(facts: Facts, series: Series) -> ViewKey:
    labels = facts.names.labels
    return series.labels.get(labels.view, ""), series.labels.get(labels.method, "")


def _rate(run: Run, series: Series) -> float | None:
    dialect = promql.Dialect.of(run.dialect_of)
    return promql.rate(series.points, run.window.end_s, run.window.length_s, dialect)


def _parsed(buckets: Mapping[str, float]) -> Sequence[tuple[float, float]]:
    return [(float(le), value) for le, value in buckets.items()]


def _ranged(run: Run, metric: str) -> str:
    return promql.raw(metric, run.selector, run.window.length_s)
