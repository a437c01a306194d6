"""How much counters have grown at each reading of them, and between what that must lie by the client's account."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.checks import churn
from harness.checks.background import counts_by_view_fit
from harness.checks.base import ELSEWHERE, Facts
from harness.checks.response_counts import may_be_of
from harness.core.points import Block
from harness.core.query import Reading, Series
from harness.evidence import prometheus_evidence
from harness.evidence.lives import WHOLE
from harness.evidence.moments import Moment

Key = tuple[str, ...]
"""View, method and, of responses, status; empty for a total."""
Numbers = npt.NDArray[np.float64]
"""One for each reading of the counters; NaN where a series has no sample at a reading after its first."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the client had answered and what it had sent at each reading, as a counter may show it."""

    least: Numbers
    most: Numbers


def responses(facts: Facts, readings: Sequence[Moment]) -> dict[Key, Bounds]:
    """By view, method and status, with views unknown to the client pooled as in `response_counts`."""
    return {
        key: lowered(facts, readings, _widened(facts, key, bounds), *key)
        for key, bounds in _answered(facts, readings).items()
    }


def requests(facts: Facts, readings: Sequence[Moment]) -> dict[Key, Bounds]:
    """By view and method; what no route matched is not counted there, and views unknown to the client not compared."""
    sums: dict[Key, Bounds] = {}
    for (view, method, _), bounds in _answered(facts, readings).items():
        if view not in (ELSEWHERE, facts.names.unrouted):
            before = sums.get((view, method))
            sums[(view, method)] = bounds if before is None else _added(before, bounds)
    return {key: lowered(facts, readings, _widened(facts, key, bounds), *key) for key, bounds in sums.items()}


def unanswered(facts: Facts, readings: Sequence[Moment], key: Key) -> Bounds:
    """Of a view and method of which the client had no response: what it may have sent all the same."""
    none = np.zeros(len(readings))
    return _widened(facts, key, Bounds(none, none))


def totals(facts: Facts, readings: Sequence[Moment]) -> dict[Key, Bounds]:
    """All requests of the client, the scrapes, and the declared background."""
    whole = others(facts, readings)
    for bounds in _answered(facts, readings).values():
        whole = _added(whole, bounds)
    begun, ending = facts.run.window.known_spare
    whole = Bounds(np.maximum(whole.least - begun, 0.0), whole.most + ending)
    return {(): lowered(facts, readings, whole)}


def others(facts: Facts, readings: Sequence[Moment]) -> Bounds:
    """Of the totals, what no response of the client stands for."""
    none = np.zeros(len(readings))
    whole = Bounds(none, np.full(len(readings), float(facts.unrecorded)))
    for (_, _, status), running in facts.client.running.items():
        if not status:
            whole = _added(whole, Bounds(none, np.array(running.sent, float)))
    for instance in sorted({name for reading in readings for name in reading.read_s}):
        whole = _added(whole, _scrapes(facts, readings, instance))
        for view in facts.run.background:
            whole = _added(whole, _known_later(_counted(facts, readings, instance, view)))
    return whole


def growths(facts: Facts, several: Sequence[Series], readings: Sequence[Moment]) -> Sequence[Numbers]:
    """How much each series has grown since t0 at each reading of its target; 0 before its first sample.

    What a process had counted stays, also where the next one at its address has no such series yet.
    """
    start_s, lived = facts.run.window.start_s, prometheus_evidence.lives_of(facts.run, facts.evidence)
    alike: dict[tuple[str, Block, int, int], list[int]] = defaultdict(list)
    columns = [series.columns for series in several]
    for place, (series, points) in enumerate(zip(several, columns, strict=True)):
        alike[(_target(facts, series), points.block, points.first, points.last)].append(place)
    found: dict[int, Numbers] = {}
    for (target, *_), places in alike.items():
        own, begun_s = [columns[place] for place in places], lived.get(target, WHOLE).begun_s
        grown = prometheus_evidence.running_increases(own, start_s, begun_s)
        seconds = own[0].seconds
        at = np.array([reading.read_s.get(target, -np.inf) for reading in readings])
        rows = np.searchsorted(seconds, at, side="right") - 1
        last_s = np.where(rows < 0, np.inf, seconds[rows])
        begun = [(last_s < first_s) & (first_s <= at) for first_s in begun_s]
        known = (last_s == at) | np.any(begun, axis=0) if begun else last_s == at
        missing = np.where(at > seconds[0], np.nan, 0.0)[:, None]
        found |= dict(zip(places, np.where(known[:, None], grown[rows], missing).T, strict=True))
    return [found[place] for place in range(len(several))]


def _target(facts: Facts, series: Series) -> str:
    return prometheus_evidence.targets(facts.run, facts.evidence).name(series.labels)


def series_of(facts: Facts, metric: str) -> tuple[Series, ...]:
    """The raw samples of a metric."""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
    return reading.series if isinstance(reading, Reading) else ()


def _answered(facts: Facts, readings: Sequence[Moment]) -> dict[Key, Bounds]:
    none = np.zeros(len(readings))
    sums: dict[Key, Bounds] = defaultdict(lambda: Bounds(none, none))
    for (view, method, status), running in facts.client.running.items():
        if status:
            known = view if facts.is_known(view) else ELSEWHERE
            key = (known, facts.names.method_label(method), str(status))
            more = Bounds(np.array(running.answered, float), np.array(running.sent, float))
            sums[key] = _added(sums[key], more)
    return dict(sums)


def _widened(facts: Facts, key: Key, bounds: Bounds) -> Bounds:
    """With the requests without a response that may have been counted under this view and method."""
    most = bounds.most + facts.unrecorded
    for (name, method, status), running in facts.client.running.items():
        if not status and may_be_of(facts, name, method, key[0], key[1]):
            most = most + np.array(running.sent, float)
    return Bounds(bounds.least, most)


def _scrapes(facts: Facts, readings: Sequence[Moment], instance: str) -> Bounds:
    """Those of one instance that are requests of the app, at each reading.

    As many as Prometheus made, where the metrics view has counted just these, or its count is not to be believed: at
    each scrape those before it, the one of t0 included. Where others scrape as well, or scrapes failed, between what
    was counted by the reading before and by t1.
    """
    counted = _counted(facts, readings, instance, facts.metrics_view)
    own = np.cumsum([_is_new(readings, place, instance) for place in range(len(readings))]).astype(float)
    if not counted.any() and series_of(facts, facts.names.responses_by_view):
        return Bounds(np.zeros(len(readings)), np.zeros(len(readings)))
    if np.array_equal(counted, own) or not counts_by_view_fit(facts):
        return Bounds(own, own)
    known, life = _known_later(counted), churn.lives(facts).get(instance, WHOLE)
    return Bounds(known.least, np.maximum(known.most + len(life.begun_s), own))


def lowered(facts: Facts, readings: Sequence[Moment], bounds: Bounds, *key: str) -> Bounds:
    """Without the requests that may have left unscraped with a replica."""
    return Bounds(np.maximum(bounds.least - left(facts, readings, *key), 0.0), bounds.most)


def left(facts: Facts, readings: Sequence[Moment], *key: str) -> Numbers:
    """Requests that may have left unscraped with a replica, from its end on."""
    gone = churn.unaccounted(facts)
    if not gone.total:
        return np.zeros(len(readings))
    ends_s = [each.last_s for each in churn.lives(facts).values() if each.left]
    ends_s += [before for each in churn.lives(facts).values() for before, _ in each.restarts]
    return np.array([gone.of(*key) * (reading.time_s > min(ends_s)) for reading in readings], dtype=np.float64)


def _is_new(readings: Sequence[Moment], place: int, instance: str) -> bool:
    """The instance was read anew."""
    now = readings[place]
    return now.read_s.get(instance) == now.time_s


def _counted(facts: Facts, readings: Sequence[Moment], instance: str, view: str) -> Numbers:
    label = facts.names.labels.view
    found = [
        series
        for series in series_of(facts, facts.names.responses_by_view)
        if series.labels.get(label) == view and _target(facts, series) == instance
    ]
    return sum(growths(facts, found, readings), np.zeros(len(readings)))


def _known_later(counted: Numbers) -> Bounds:
    """Requests of others, by their responses: those of the reading before have arrived, those after t1 have not."""
    whole = np.nan_to_num(counted)
    reached = np.maximum.accumulate(whole) if len(whole) else whole
    before = np.concatenate([[0.0], reached[:-1]])
    return Bounds(before, np.full(len(whole), reached[-1] if len(whole) else 0.0))


def _added(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(one.least + other.least, one.most + other.most)


def summed(found: Iterable[tuple[Key, Numbers]]) -> Mapping[Key, Numbers]:
    """Numbers added up by key."""
    sums: dict[Key, Numbers] = {}
    for key, numbers in found:
        sums[key] = sums[key] + numbers if key in sums else numbers
    return sums
