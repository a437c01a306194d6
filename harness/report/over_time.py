"""Requests, errors and p95 over the window, as the client saw them and as a panel draws them."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from harness import promql
from harness.checks.base import Facts
from harness.core.query import NoData, Query, Series
from harness.core.report import RatePoint
from harness.core.run import Run
from harness.evidence import prometheus_evidence
from harness.evidence.client.second_counter import quantile_of
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S
from harness.instrumentation import registry

PANEL_SCRAPES = 4
"""A panel's window should hold at least this many scrapes."""
SHOWN = 0.95
"""The quantile of latency that is drawn."""


def rate_over_time_query(run: Run) -> Query:
    """Responses per second as a panel draws them over the window."""
    interval_s = run.window.scrape_interval_s
    text = f"sum (rate({promql.raw(registry.of(run).answered, run.selector, PANEL_SCRAPES * interval_s)}))"
    return Query(text, run.window.end_s, run.window.start_s, interval_s)


def points(facts: Facts) -> tuple[RatePoint, ...]:
    """Client and metric at each scrape interval of the window.

    The client's is averaged over the same stretch as the panel's `rate()`, so that the lines can be compared. The
    panel's first values look back to before t0, where the warm-up was; they are left out. Errors and p95 of the metric
    come from its raw samples, so that no run has to ask for them.
    """
    window = facts.run.window
    reading = facts.evidence.read(rate_over_time_query(facts.run))
    shown = {} if isinstance(reading, NoData) else {round(t, 3): v for t, v in reading.series[0].points}
    started = pd.Series(dict(facts.client.started), dtype="float64")
    failed = pd.Series(dict(facts.client.errors_started), dtype="float64")
    span_s = PANEL_SCRAPES * window.scrape_interval_s
    ahead_s = window.clock_skew_s + facts.run.generator.clock_skew_s
    errors, buckets = _errors(facts), _buckets(facts)
    made = []
    for index in range(math.floor(window.length_s / window.scrape_interval_s + CLOCK_RESOLUTION_S) + 1):
        at_s = window.start_s + index * window.scrape_interval_s
        elapsed_s, whole = at_s - window.start_s, at_s - window.start_s >= span_s - CLOCK_RESOLUTION_S
        end_s = at_s + ahead_s
        made.append(
            RatePoint(
                elapsed_s,
                _per_second(started, end_s, span_s),
                shown.get(round(at_s, 3)) if whole else None,
                _per_second(failed, end_s, span_s),
                _rate(errors, at_s, span_s) if whole else None,
                _waited(facts, end_s, span_s),
                _quantile(buckets, at_s, span_s) if whole else None,
            )
        )
    return tuple(made)


def _per_second(counts: "pd.Series[float]", end_s: float, span_s: float) -> float:
    """Per second in the `span_s` before `end_s`; whole seconds count by the share that lies within."""
    if counts.empty:
        return 0.0
    seconds = counts.index.to_numpy(dtype="float64")
    share = (seconds + 1).clip(max=end_s) - seconds.clip(min=end_s - span_s)
    return float((counts.to_numpy() * share.clip(0, 1)).sum() / span_s)


def _waited(facts: Facts, end_s: float, span_s: float) -> float | None:
    """The client's quantile of the requests that began in the whole seconds of the span."""
    known = facts.client.latency_started
    seconds = range(math.floor(end_s - span_s), math.floor(end_s))
    return quantile_of((known[second] for second in seconds if second in known), SHOWN)


class _Curve:
    """How much a counter had grown at each of its scrapes since the window began."""

    def __init__(self, series: Series, start_s: float) -> None:
        grown = prometheus_evidence.running_increase(series, start_s)
        self._times, self._values = list(grown), list(grown.values())

    def between(self, start_s: float, end_s: float) -> float:
        return self._at(end_s) - self._at(start_s)

    def _at(self, time_s: float) -> float:
        place = bisect_right(self._times, time_s + CLOCK_RESOLUTION_S)
        return self._values[place - 1] if place else 0.0


def _curves(facts: Facts, metric: str) -> list[tuple[Mapping[str, str], _Curve]] | None:
    """Each series that is no background's; None when the metric is not known."""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
    if isinstance(reading, NoData):
        return None
    view = facts.names.labels.view
    own = (each for each in reading.series if each.labels.get(view, "") not in facts.background)
    return [(each.labels, _Curve(each, facts.run.window.start_s)) for each in own]


def _errors(facts: Facts) -> list[_Curve] | None:
    curves, status = _curves(facts, facts.names.responses_by_view), facts.names.labels.status
    return None if curves is None else [curve for labels, curve in curves if labels.get(status, "").startswith("5")]


def _rate(curves: Iterable[_Curve] | None, end_s: float, span_s: float) -> float | None:
    if curves is None:
        return None
    rate = sum(each.between(end_s - span_s, end_s) for each in curves) / span_s
    return rate if math.isfinite(rate) else None  # a counter that is no number is the checks' to judge


def _buckets(facts: Facts) -> dict[float, list[_Curve]]:
    by_bound: dict[float, list[_Curve]] = {}
    for labels, curve in _curves(facts, f"{facts.names.latency_by_view}_bucket") or ():
        try:
            by_bound.setdefault(float(labels.get("le", "")), []).append(curve)
        except ValueError:
            return {}  # a bound that is no number is the checks' to judge
    return by_bound


def _quantile(buckets: Mapping[float, Sequence[_Curve]], end_s: float, span_s: float) -> float | None:
    counts = [(bound, sum(each.between(end_s - span_s, end_s) for each in own)) for bound, own in buckets.items()]
    value = promql.histogram_quantile(SHOWN, counts)
    return value if math.isfinite(value) else None
