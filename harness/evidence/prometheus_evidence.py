"""Prometheus's raw answers -> exact deltas over the window.

`increase()` is never used for expected values, since it extrapolates; raw samples are added up here instead
(docs/decisions/004-raw-deltas.md).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness import promql
from harness.core.codes import Code
from harness.core.points import FloatArray, Points, columns
from harness.core.query import NoData, NoSeries, Query, Reading, Series
from harness.core.rule import RuleHealth
from harness.core.run import Run
from harness.evidence import lives
from harness.evidence.lives import WHOLE, Life
from harness.evidence.target_totals import UNKNOWN, TargetTotals
from harness.evidence.targets import Targets
from harness.instrumentation import registry
from harness.promql.own_series import PROCESS_START, SAMPLES_KEPT, SAMPLES_READ, SCRAPE_DURATION, UP

OWN = frozenset({UP, PROCESS_START, SAMPLES_KEPT, SAMPLES_READ, SCRAPE_DURATION})
"""Metrics that checks count on, whatever the target exports."""
RESTARTED = 0.5
"""A counter that falls below this share of its last value began again at zero."""

CLOCK_RESOLUTION_S = lives.CLOCK_RESOLUTION_S
"""Prometheus keeps milliseconds; times closer than half of one are the same."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What Prometheus answered, by question."""

    answers: Mapping[Query, Reading | NoData]
    start: TargetTotals = UNKNOWN
    """What the target reported of itself before t0."""
    end: TargetTotals = UNKNOWN
    """The same after t1."""
    rules: tuple[RuleHealth, ...] = ()
    """What Prometheus reported of its rules after t1; empty when it did not."""
    known: dict[tuple[Query, float], "tuple[CounterIncrease, ...] | NoData"] = field(
        default_factory=dict, compare=False, repr=False
    )
    """What `deltas` has added up already, by question and t0."""
    named: dict[Query, Targets] = field(default_factory=dict, compare=False, repr=False)
    """What `targets` has found already, by the question for `up`."""
    lived: dict[Query, Mapping[str, Life]] = field(default_factory=dict, compare=False, repr=False)
    """What `lives_of` has found already, by the question for `up`."""

    def read(self, query: Query) -> Reading | NoData:
        """The answer to `query`; NoData when it was never asked, failed, or has no series."""
        return self.answers.get(query, NoData(f"the evidence has no answer to {query.text}", Code.NO_ANSWER))


@dataclass(frozen=True, slots=True)
class CounterIncrease:
    """How much one counter series grew between t0 and t1."""

    labels: Mapping[str, str]
    value: float
    falls: int
    """How often the value fell, which no counter of a healthy target does."""


def parse_result(result: Sequence[Any]) -> Reading | NoData:
    """Read the `result` list of a Prometheus vector, matrix or scalar answer; a scalar is a series without labels.

    Raises ValueError for any other list. Source: https://prometheus.io/docs/prometheus/latest/querying/api/
    """
    labelled, read = [], []
    if len(result) == 2 and isinstance(result[0], int | float) and isinstance(result[1], str):
        try:
            return Reading((Series({}, ((float(result[0]), float(result[1])),)),))
        except ValueError:
            return NoData("Prometheus answered a text, not a number", Code.UNREADABLE)
    for item in result:
        if not isinstance(item, Mapping):
            raise ValueError("neither a vector nor a matrix")  # noqa: TRY004 - what is read is a file, not an argument
        labels, points = item.get("metric"), item.get("values", [item.get("value")])
        if not isinstance(labels, dict) or not isinstance(points, list) or not all(map(_is_point, points)):
            raise ValueError("neither a vector nor a matrix")
        labelled.append({str(name): str(value) for name, value in labels.items()})
        read.append(([float(at) for at, _ in points], [float(value) for _, value in points]))
    series = map(Series, labelled, columns(read))
    return Reading(tuple(series)) if labelled else NoSeries()


def check_raw(query: Query, reading: Reading | NoData, exported: frozenset[str]) -> None:
    """Check that raw samples of what checks read are counters' and gauges': finite, in time, bounds that are numbers.

    `exported` are the names of the target's own metrics. What Prometheus computed itself may be NaN, and so may a gauge
    that only a panel asks for. Raises ValueError.
    """
    metric = query.text.partition("{")[0]
    if isinstance(reading, NoData) or not query.text.endswith("]") or metric not in exported | OWN:
        return
    for series in reading.series:
        seconds, values = series.columns.seconds, series.columns.values
        if not np.isfinite(seconds).all() or not np.isfinite(values).all() or (seconds[1:] < seconds[:-1]).any():
            raise ValueError(f"{dict(series.labels)} has values that no counter has")
        if math.isnan(float(series.labels.get("le", "0"))):
            raise ValueError(f"le={series.labels['le']} is not a bound")


def raw_query(run: Run, metric: str) -> Query:
    """The raw samples of `metric` from a little before t0 to t1, for all series of the target."""
    window = run.window
    range_s = window.length_s + 2 * window.scrape_interval_s
    return Query(promql.raw(metric, run.selector, range_s), window.end_s)


def targets(run: Run, evidence: Evidence) -> Targets:
    """The targets of the run, which name that of each series; by `instance` alone where the harness chose it."""
    query = raw_query(run, UP)
    if query not in evidence.named:
        reading = NoSeries() if run.embedded else evidence.read(query)
        ups = reading.series if isinstance(reading, Reading) else ()
        evidence.named[query] = Targets.of(series.labels for series in ups)
    return evidence.named[query]


def lives_of(run: Run, evidence: Evidence) -> Mapping[str, Life]:
    """The lives of the targets that count requests; none of an embedded stack, or where it is not known."""
    query = raw_query(run, UP)
    if query not in evidence.lived:
        up, arrived = evidence.read(query), evidence.read(raw_query(run, registry.of(run).arrived))
        starts = evidence.read(raw_query(run, PROCESS_START))
        evidence.lived[query] = (
            lives.find(run, targets(run, evidence), up, arrived, starts.series if isinstance(starts, Reading) else ())
            if isinstance(up, Reading) and isinstance(arrived, Reading)
            else {}
        )
    return evidence.lived[query]


def scrape_times(run: Run, evidence: Evidence) -> Mapping[str, tuple[float, ...]] | NoData:
    """Times of all scrapes of each target, successful or not, from the last one at or before t0 to t1."""
    reading = evidence.read(raw_query(run, UP))
    if isinstance(reading, NoData):
        return reading
    times: dict[str, tuple[float, ...]] = {}
    for series in reading.series:
        at = [time_s for time_s, _ in series.points if time_s <= run.window.end_s + CLOCK_RESOLUTION_S]
        before = [time_s for time_s in at if time_s <= run.window.start_s + CLOCK_RESOLUTION_S]
        name = targets(run, evidence).name(series.labels)
        joined = lives_of(run, evidence).get(name, WHOLE).joined
        first = before[-1] if before else (at[0] if joined and at else float("inf"))
        times[name] = tuple(time_s for time_s in at if time_s >= first)
    return times


def deltas(run: Run, evidence: Evidence, metric: str) -> tuple[CounterIncrease, ...] | NoData:
    """The growth of every series of a counter over the window.

    An empty tuple means that the target was scraped well and exports no such series; NoData that this is not known.
    """
    query = raw_query(run, metric)
    place = (query, run.window.start_s)
    if place not in evidence.known:
        evidence.known[place] = _deltas(run, evidence, query, metric)
    return evidence.known[place]


def _deltas(run: Run, evidence: Evidence, query: Query, metric: str) -> tuple[CounterIncrease, ...] | NoData:
    scrapes = scrape_times(run, evidence)
    if isinstance(scrapes, NoData):
        return NoData(f"no scrape of the target is known: {scrapes.reason}", Code.NO_SCRAPE)
    reading = evidence.read(query)
    if isinstance(reading, NoData):
        if isinstance(reading, NoSeries) and metric in run.dropped:
            return NoData(f"the scrape job drops {metric} (metric_relabel_configs)", Code.DROPPED)
        return () if isinstance(reading, NoSeries) else reading
    folded, known, lived = [], targets(run, evidence), lives_of(run, evidence)
    for series in reading.series:
        name = known.name(series.labels)
        times, life = scrapes.get(name, ()), lived.get(name, WHOLE)
        at_start = life.joined or (bool(times) and times[0] <= run.window.start_s + CLOCK_RESOLUTION_S)
        folded.append(
            counter_increase(
                series, run.window.start_s, run.window.end_s, scraped_at_start=at_start, begun_s=life.begun_s
            )
        )
    lost = [item for item in folded if isinstance(item, NoData)]
    return lost[0] if lost else tuple(item for item in folded if isinstance(item, CounterIncrease))


def counter_increase(
    series: Series, start_s: float, end_s: float, *, scraped_at_start: bool, begun_s: Sequence[float] = ()
) -> CounterIncrease | NoData:
    """Add up a counter's growth from the last sample at or before `start_s` to the last at or before `end_s`.

    A fall by more than half is a restart: the counter began again at zero. A smaller one is no restart but a wrong
    value, and counts as what it is; both are in `falls`, which `scrape-health` never lets pass. A series without a
    sample at `start_s` counts from zero, but only if its target was scraped then. Where processes began anew, by
    their first scrapes `begun_s`, the counter began at zero whatever it says, and that is no fall.
    """
    points = series.columns
    before, last = (
        int(np.searchsorted(points.seconds, at_s + CLOCK_RESOLUTION_S, "right")) for at_s in (start_s, end_s)
    )
    if np.isnan(points.values[: max(before, last)]).any():
        return NoData(f"{series.labels.get('__name__', 'a counter')} is not a number", Code.UNREADABLE)
    if before == 0 and not scraped_at_start:
        instance = series.labels.get("instance", "the target")
        return NoData(f"{instance} was not scraped at the start of the window", Code.NO_SCRAPE)
    earlier, values = _steps(points.seconds, points.values, before, start_s, begun_s)
    earlier, values = earlier[: last - before], values[: last - before]
    grown = np.add.accumulate(values - np.where(values < earlier * RESTARTED, 0.0, earlier))
    falls = int(np.count_nonzero(values < earlier))
    return CounterIncrease(series.labels, grown[-1].item() if grown.size else 0.0, falls)


def _steps(
    seconds: FloatArray, values: FloatArray, first: int, start_s: float, begun_s: Sequence[float]
) -> tuple[FloatArray, FloatArray]:
    """Values of counters from their sample `first` on, and what they were before: zero where a process began anew.

    `values` has a row for each of `seconds`, and any further dimensions.
    """
    later = values[first:]
    earlier = np.concatenate((values[first - 1 : first] if first else np.zeros_like(values[:1]), later))[:-1]
    if begun_s:
        times = np.concatenate(([start_s], seconds[first:]))
        for at in begun_s:
            earlier[(times[:-1] < at) & (at <= times[1:])] = 0.0
    return earlier, later


def running_increase(series: Series, start_s: float, begun_s: Sequence[float] = ()) -> dict[float, float]:
    """How much a counter has grown since `start_s` at each of its samples, added up as by `counter_increase`."""
    points = series.columns
    grown = running_increases([points], start_s, begun_s)[:, 0]
    return dict(zip(points.seconds.tolist(), grown.tolist(), strict=True))


def running_increases(several: Sequence[Points], start_s: float, begun_s: Sequence[float] = ()) -> FloatArray:
    """The same of counters that have the same samples: a row for each sample and a column for each counter."""
    one = several[0]
    values = one.block.values[one.first : one.last, [each.column for each in several]]
    before = int(np.searchsorted(one.seconds, start_s + CLOCK_RESOLUTION_S, "right"))
    earlier, later = _steps(one.seconds, values, before, start_s, begun_s)
    steps = later - np.where(later < earlier * RESTARTED, 0.0, earlier)
    return np.concatenate((np.zeros((before, len(several))), np.add.accumulate(steps)))


def growth(run: Run, evidence: Evidence, metrics: Iterable[str]) -> dict[str, tuple[CounterIncrease, ...]] | NoData:
    """The deltas of several counters; NoData, with the metric's name, as soon as one is not known."""
    found: dict[str, tuple[CounterIncrease, ...]] = {}
    for metric in metrics:
        items = deltas(run, evidence, metric)
        if isinstance(items, NoData):
            return items.of(metric)
        found[metric] = items
    return found


def total(items: Sequence[CounterIncrease], **matches: str) -> float:
    """Sum over the series whose labels equal `matches`."""
    return sum(item.value for item in items if all(item.labels.get(key) == value for key, value in matches.items()))


def by(
    items: Iterable[CounterIncrease], *names: str, key: Callable[[CounterIncrease], bool] = lambda _: True
) -> dict[tuple[str, ...], float]:
    """Sum by the values of the labels `names`, over the series that `key` accepts."""
    sums: dict[tuple[str, ...], float] = {}
    for item in items:
        if key(item):
            group = tuple(item.labels.get(name, "") for name in names)
            sums[group] = sums.get(group, 0.0) + item.value
    return sums


def buckets(items: Iterable[CounterIncrease]) -> tuple[tuple[float, float], ...]:
    """Cumulative histogram deltas summed by upper bound: `(bound_s, count)` in rising order, +Inf last."""
    return tuple(sorted((float(group[0]), value) for group, value in by(items, "le").items() if group[0]))


def bounds(items: Iterable[CounterIncrease]) -> frozenset[str]:
    """The bounds of a histogram's buckets, as they are written."""
    return frozenset(item.labels["le"] for item in items if "le" in item.labels)


def _is_point(point: object) -> bool:
    return isinstance(point, list | tuple) and len(point) == 2
