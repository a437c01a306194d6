"""Requests, errors and p95 over the window, as the client saw them and as a panel draws them."""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from harness import promql
from harness.checks.base import Facts
from harness.core.points import FloatArray
from harness.core.query import NoData, Query, Series
from harness.core.report import RatePoint
from harness.core.run import Run
from harness.evidence import prometheus_evidence
from harness.evidence.client.second_counter import quantile_of
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation

PANEL_SCRAPES = 4
"""A panel's window should hold at least this many scrapes."""
SHOWN = 0.95
"""The quantile of latency that is drawn."""


Labelled = TypeVar("Labelled", Series, "Curve")


class Curve:
    """How much a counter had grown at each of its scrapes since the window began."""

    def __init__(self, labels: Mapping[str, str], start_s: float) -> None:
        """No sample is known yet."""
        self.labels = labels
        self._last: tuple[tuple[float, float], ...] = ()
        self._start_s = start_s
        self._times: list[float] = []
        self._values: list[float] = []

    @classmethod
    def sums(cls, all_series: Iterable[Series], start_s: float) -> "list[Curve]":
        """The growth of whole series; those of the same scrapes as one."""
        found: dict[tuple[float, ...], FloatArray] = {}
        for series in all_series:
            grown = prometheus_evidence.running_increase(series, start_s)
            times, values = tuple(grown), np.array(list(grown.values()), dtype=np.float64)
            found[times] = found[times] + values if times in found else values
        made = []
        for times, values in found.items():
            curve = cls({}, start_s)
            curve._times, curve._values = list(times), values.tolist()
            made.append(curve)
        return made

    def extend(self, points: Sequence[tuple[float, float]]) -> float | None:
        """Take in samples; those that are known are left out. The time of the first new one, None without any."""
        known_s = self._last[0][0] if self._last else -math.inf
        new = [point for point in points if point[0] > known_s]
        if not new:
            return None
        base = self._values[-1] if self._values else 0.0
        since_s = max(known_s, self._start_s)
        grown = prometheus_evidence.running_increase(Series(self.labels, (*self._last, *new)), since_s)
        for time_s, value in grown.items():
            if time_s > known_s:
                self._times.append(time_s)
                self._values.append(base + value)
        self._last = (new[-1],)
        return new[0][0]

    def forget(self, before_s: float) -> None:
        """Drop what lies before a time, but for the last value there."""
        if (place := bisect_right(self._times, before_s) - 1) > 0:
            del self._times[:place], self._values[:place]

    def between(self, start_s: float, end_s: float) -> float:
        """By how much it grew."""
        return self._at(end_s) - self._at(start_s)

    def _at(self, time_s: float) -> float:
        place = bisect_right(self._times, time_s + CLOCK_RESOLUTION_S)
        return self._values[place - 1] if place else 0.0


@dataclass(frozen=True, slots=True)
class Accounts:
    """What client and metric say, as far as it is known."""

    start_s: float
    """t0, on Prometheus's clock."""
    interval_s: float
    """Between two scrapes."""
    ahead_s: float
    """The client's clock minus Prometheus's."""
    started: Mapping[int, int]
    """Answered requests, by whole second of their start on the client's clock."""
    failed: Mapping[int, int]
    """Of these, those with status 5xx."""
    latencies: "Mapping[int, array[int]]"
    """Of these, how many took how long: bins of `second_counter`."""
    shown: Mapping[float, float]
    """Responses per second as a panel draws them, by time in whole milliseconds."""
    errors: Sequence[Curve] | None
    """Responses with status 5xx; None when they are not known."""
    buckets: Mapping[float, Sequence[Curve]]
    """Cumulative buckets of latency, by upper bound."""

    @property
    def span_s(self) -> float:
        """The stretch before a moment over which client and panel take their averages."""
        return PANEL_SCRAPES * self.interval_s

    def quantile(self, q: float, elapsed_s: float) -> tuple[float | None, float | None]:
        """Of the latencies in the span before a moment: the client's, and the panel's where the span is whole."""
        at_s = self.start_s + elapsed_s
        panel = _quantile(self.buckets, q, at_s, self.span_s) if self.is_whole(elapsed_s) else None
        return _waited(self.latencies, q, at_s + self.ahead_s, self.span_s), panel

    def is_whole(self, elapsed_s: float) -> bool:
        """The panel's first values look back to before t0, where the warm-up was."""
        return elapsed_s >= self.span_s - CLOCK_RESOLUTION_S


def rate_over_time_query(run: Run) -> Query:
    """Responses per second as a panel draws them over the window."""
    window = run.window
    text = rate_text(registry.of(run), run.selector, window.scrape_interval_s)
    return Query(text, window.end_s, window.start_s, window.scrape_interval_s)


def rate_text(names: Instrumentation, selector: str, interval_s: float) -> str:
    """The query of such a panel."""
    return f"sum (rate({promql.raw(names.answered, selector, PANEL_SCRAPES * interval_s)}))"


def points(facts: Facts) -> tuple[RatePoint, ...]:
    """Client and metric at each scrape interval of the window."""
    window = facts.run.window
    last = math.floor(window.length_s / window.scrape_interval_s + CLOCK_RESOLUTION_S)
    return moments(accounts(facts), range(last + 1))


def accounts(facts: Facts) -> Accounts:
    """Those of a run that is over.

    Errors and p95 of the metric come from its raw samples, so that no run has to ask for them.
    """
    window, names = facts.run.window, facts.names
    reading = facts.evidence.read(rate_over_time_query(facts.run))
    shown = {} if isinstance(reading, NoData) else in_milliseconds(reading.series[0].points)
    responses, timed = _series(facts, names.responses_by_view), _series(facts, f"{names.latency_by_view}_bucket")
    return Accounts(
        window.start_s,
        window.scrape_interval_s,
        window.clock_skew_s + facts.run.generator.clock_skew_s,
        facts.client.started,
        facts.client.errors_started,
        facts.client.latency_started,
        shown,
        None if responses is None else Curve.sums(failing(responses, names), window.start_s),
        {bound: Curve.sums(own, window.start_s) for bound, own in by_bound(timed or ()).items()},
    )


def in_milliseconds(points: Iterable[tuple[float, float]]) -> dict[float, float]:
    """Values by time, in whole milliseconds."""
    return {round(time_s, 3): value for time_s, value in points}


def moments(known: Accounts, indices: Iterable[int]) -> tuple[RatePoint, ...]:
    """Client and metric at moments of the window, by their number: 0 is t0, each later one a scrape interval later.

    The client's is averaged over the same stretch as the panel's `rate()`, so that the lines can be compared.
    """
    started, failed = (_PerSecond.of(counts) for counts in (known.started, known.failed))
    return tuple(_moment(known, started, failed, index * known.interval_s) for index in indices)


def _moment(known: Accounts, started: "_PerSecond", failed: "_PerSecond", elapsed_s: float) -> RatePoint:
    at_s, span_s = known.start_s + elapsed_s, known.span_s
    whole = known.is_whole(elapsed_s)
    client_p95_s, metric_p95_s = known.quantile(SHOWN, elapsed_s)
    return RatePoint(
        elapsed_s,
        started.rate(at_s + known.ahead_s, span_s),
        known.shown.get(round(at_s, 3)) if whole else None,
        failed.rate(at_s + known.ahead_s, span_s),
        _rate(known.errors, at_s, span_s) if whole else None,
        client_p95_s,
        metric_p95_s,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _PerSecond:
    """Counts by whole second."""

    seconds: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> "_PerSecond":
        return cls(np.array([*counts], dtype=np.float64), np.array([*counts.values()], dtype=np.float64))

    def rate(self, end_s: float, span_s: float) -> float:
        """Per second in the `span_s` before `end_s`; whole seconds count by the share that lies within."""
        share = np.minimum(self.seconds + 1, end_s) - np.maximum(self.seconds, end_s - span_s)
        return float((self.counts * share.clip(0, 1)).sum() / span_s)


def _waited(known: "Mapping[int, array[int]]", q: float, end_s: float, span_s: float) -> float | None:
    """The client's quantile of the requests that began in the whole seconds of the span."""
    seconds = range(math.floor(end_s - span_s), math.floor(end_s))
    return quantile_of((known[second] for second in seconds if second in known), q)


def _series(facts: Facts, metric: str) -> list[Series] | None:
    """Each series that is no background's; None when the metric is not known."""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
    if isinstance(reading, NoData):
        return None
    view = facts.names.labels.view
    return [each for each in reading.series if each.labels.get(view, "") not in facts.background]


def failing(counters: Iterable[Labelled], names: Instrumentation) -> list[Labelled]:
    """Those of responses with status 5xx."""
    return [each for each in counters if each.labels.get(names.labels.status, "").startswith("5")]


def by_bound(counters: Iterable[Labelled]) -> dict[float, list[Labelled]]:
    """A histogram's buckets by upper bound; none where one is no number, which is the checks' to judge."""
    found: dict[float, list[Labelled]] = {}
    for each in counters:
        try:
            found.setdefault(float(each.labels.get("le", "")), []).append(each)
        except ValueError:
            return {}
    return found


def _rate(curves: Iterable[Curve] | None, end_s: float, span_s: float) -> float | None:
    if curves is None:
        return None
    rate = sum(each.between(end_s - span_s, end_s) for each in curves) / span_s
    return rate if math.isfinite(rate) else None  # a counter that is no number is the checks' to judge


def _quantile(buckets: Mapping[float, Sequence[Curve]], q: float, end_s: float, span_s: float) -> float | None:
    counts = [(bound, sum(each.between(end_s - span_s, end_s) for each in own)) for bound, own in buckets.items()]
    value = promql.histogram_quantile(q, counts)
    return value if math.isfinite(value) else None
