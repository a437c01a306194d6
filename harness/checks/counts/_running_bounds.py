"""Between what each counter must have grown by at each reading: part of `running-counts`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.checks import churn
from harness.checks.background import counts_by_view_fit
from harness.checks.base import ELSEWHERE, Facts
from harness.checks.response_counts import may_be_of
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
        key: _lowered(facts, readings, _widened(facts, key, bounds), *key)
        for key, bounds in _answered(facts, readings).items()
    }


def requests(facts: Facts, readings: Sequence[Moment]) -> dict[Key, Bounds]:
    """By view and method; what no route matched is not counted there, and views unknown to the client not compared."""
    sums: dict[Key, Bounds] = {}
    for (view, method, _), bounds in _answered(facts, readings).items():
        if view not in (ELSEWHERE, facts.names.unrouted):
            before = sums.get((view, method))
            sums[(view, method)] = bounds if before is None else _added(before, bounds)
    return {key: _lowered(facts, readings, _widened(facts, key, bounds), *key) for key, bounds in sums.items()}


def unanswered(facts: Facts, readings: Sequence[Moment], key: Key) -> Bounds:
    """Of a view and method of which the client had no response: what it may have sent all the same."""
    none = np.zeros(len(readings))
    return _widened(facts, key, Bounds(none, none))


def totals(facts: Facts, readings: Sequence[Moment]) -> dict[Key, Bounds]:
    """All requests of the client, the scrapes, and the declared background."""
    whole = Bounds(np.zeros(len(readings)), np.full(len(readings), float(facts.run.generator.unrecorded)))
    for (_, _, status), running in facts.client.running.items():
        answered = running.answered if status else np.zeros(len(readings))
        whole = _added(whole, Bounds(np.array(answered, float), np.array(running.sent, float)))
    for instance in sorted({name for reading in readings for name in reading.read_s}):
        whole = _added(whole, _scrapes(facts, readings, instance))
        for view in facts.run.background:
            whole = _added(whole, _known_later(_counted(facts, readings, instance, view)))
    begun, ending = facts.run.window.known_flying
    whole = Bounds(np.maximum(whole.least - begun, 0.0), whole.most + ending)
    return {(): _lowered(facts, readings, whole)}


def growth(facts: Facts, series: Series, readings: Sequence[Moment]) -> Numbers:
    """How much a series has grown since t0 at each reading of its target; 0 before its first sample."""
    start_s, instance = facts.run.window.start_s, _target(facts, series)
    life = prometheus_evidence.lives_of(facts.run, facts.evidence).get(instance, WHOLE)
    grown, born_s = prometheus_evidence.running_increase(series, start_s, life.begun_s), series.points[0][0]
    times = (reading.read_s.get(instance) for reading in readings)
    return np.array([0.0 if at is None else grown.get(at, np.nan if at > born_s else 0.0) for at in times])


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
    most = bounds.most + facts.run.generator.unrecorded
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


def _lowered(facts: Facts, readings: Sequence[Moment], bounds: Bounds, *key: str) -> Bounds:
    """Without the requests that may have left unscraped with a replica, from its end on."""
    left = churn.unaccounted(facts)
    if not left.total:
        return bounds
    ends_s = [each.last_s for each in churn.lives(facts).values() if each.left]
    ends_s += [before for each in churn.lives(facts).values() for before, _ in each.restarts]
    over = np.array([reading.time_s > min(ends_s) for reading in readings])
    return Bounds(np.maximum(bounds.least - left.of(*key) * over, 0.0), bounds.most)


def _is_new(readings: Sequence[Moment], place: int, instance: str) -> bool:
    """The instance was read anew."""
    now = readings[place]
    return now.read_s.get(instance) == now.time_s


def _counted(facts: Facts, readings: Sequence[Moment], instance: str, view: str) -> Numbers:
    label = facts.names.labels.view
    found = (
        growth(facts, series, readings)
        for series in series_of(facts, facts.names.responses_by_view)
        if series.labels.get(label) == view and _target(facts, series) == instance
    )
    return sum(found, np.zeros(len(readings)))


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
