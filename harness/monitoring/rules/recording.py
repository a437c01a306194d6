"""What recording rules stored, compared with what they had to store.

Rules that read a record are evaluated on what was stored of it. So that nothing is taken on trust, each evaluation of
the record is made again from the samples that it may have seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness import promql
from harness.monitoring.rules.reevaluation import Replay
from harness.promql import syntax, vectors
from harness.promql.vectors import Labels, Vector


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One evaluation of a record that stored something else than it had to."""

    at_s: float
    labels: Labels
    was: float | None
    """None where nothing was stored."""
    due: float | None
    """The nearest of all that may have been due; None where nothing was."""


def first_difference(replays: Sequence[Replay], place: int, times: Sequence[float]) -> Mismatch | None:
    """The first evaluation of the record at `place` that stored what is due under none of the replays.

    The replays differ in their nudge only. Raises UnsupportedError where an expression is not covered.
    """
    for at_s in times:
        stored = _stored(replays[0], place, at_s)
        nearest: list[Mismatch] | None = None
        for due in (due for replay in replays for due in _due(replay, place, at_s)):
            found = _differences(stored, due, at_s)
            if nearest is None or len(found) < len(nearest):
                nearest = found
            if not nearest:
                break
        if nearest:
            return nearest[0]
    return None


def _due(replay: Replay, place: int, at_s: float) -> Iterator[Vector]:
    """All that a record may have had to store."""
    rule = replay.rules[place]
    tree = syntax.parse(rule.expression)
    for late in replay.lates(tree, rule, at_s):
        vector = replay.vector(tree, rule, at_s, late)
        if rule.limit and len(vector) > rule.limit:  # the evaluation fails, and stores nothing
            vector = {}
        yield {
            vectors.labels_of({**dict(labels), **rule.labels}, named=False): value for labels, value in vector.items()
        }


def _stored(replay: Replay, place: int, at_s: float) -> Vector:
    """What a record stored; of several with one name that which bears the labels that its rule sets."""
    name, own = replay.rules[place].name, replay.rules[place].labels.items()
    return {
        series.sorted_labels(named=False): value
        for series in replay.recorded.get(name, ())
        if own <= series.labels.items()
        for time_s, value in series.points
        if time_s == at_s
    }


def _differences(stored: Vector, due: Vector, at_s: float) -> list[Mismatch]:
    pairs = [(labels, stored.get(labels), due.get(labels)) for labels in sorted({*stored, *due})]
    return [Mismatch(at_s, labels, was, should) for labels, was, should in pairs if not _equal(was, should)]


def _equal(was: float | None, due: float | None) -> bool:
    if was is None or due is None:
        return was is due
    return promql.agree(was, due)
