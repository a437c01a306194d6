"""`rate()` and its kin from raw samples, step by step.

They follow promql/functions.go (`extrapolatedRate`) at v2.42.0, v2.48.0, v2.51.0, v3.5.0 and v3.16.0 closely enough to
agree to the last digits, and are compared with the real server in tests/e2e/test_promql_conformance.py.
"""

from collections.abc import Callable, Sequence

import numpy as np

from harness.core.points import FloatArray, Point
from harness.promql._time import in_ms, in_s
from harness.promql.dialect import Dialect
from harness.promql.ranges import Asked, Range

EXTRAPOLATION_THRESHOLD = 1.1
"""A gap at the edge of the range wider than this many average steps is not bridged whole."""


def select_range(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> list[tuple[int, float]]:
    """The samples that `[range]` sees at `end_s`, with times in milliseconds, as Prometheus keeps them."""
    seen = Range.of(points, Asked(end_s, range_s, dialect))
    return [(int(at), value) for at, value in zip(seen.ms.tolist(), seen.values[:, 0].tolist(), strict=True)]


def rate(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`rate(counter[range])` at `end_s` in 1/s; None and errors as for `increase`."""
    return _of_one(rates, points, end_s, range_s, dialect)


def increase(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`increase(counter[range])` at `end_s`; None where Prometheus has no result (fewer than two samples).

    `points` are the raw samples of one series in time order, stale markers left out. The growth between the first and
    the last sample, resets added back, is stretched to the edges of the range: whole where the edge is less than 1.1
    average steps away, else by half a step, and at the start never beyond the time at which the counter would have been
    zero. Raises ValueError when two samples have the same millisecond, or times fall.
    """
    return _of_one(increases, points, end_s, range_s, dialect)


def delta(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`delta(gauge[range])` at `end_s`: as `increase`, but a fall is no reset, and nothing is clamped at zero."""
    return _of_one(deltas, points, end_s, range_s, dialect)


def irate(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`irate(counter[range])` at `end_s`: the growth between the newest two samples, in 1/s; None for fewer."""
    return _of_one(irates, points, end_s, range_s, dialect)


def rates(seen: Range) -> FloatArray | None:
    """`rate` of each series of a range; None where it holds less than two samples. Raises ValueError."""
    grown = _grown(seen)
    # Divided before the growth is multiplied, as upstream does, so that not even the last digit differs.
    return None if grown is None else grown[0] * (grown[1] / in_s(in_ms(seen.asked.range_s)))


def increases(seen: Range) -> FloatArray | None:
    """`increase` of each series of a range, as `rates`."""
    grown = _grown(seen)
    return None if grown is None else grown[0] * grown[1]


def deltas(seen: Range) -> FloatArray | None:
    """`delta` of each series of a range, as `rates`."""
    grown = _grown(seen, counter=False)
    return None if grown is None else grown[0] * grown[1]


def irates(seen: Range) -> FloatArray | None:
    """`irate` of each series of a range, as `rates`."""
    if len(seen.ms) < 2:
        return None
    before, last = seen.values[-2:]
    with np.errstate(invalid="ignore", over="ignore"):
        found: FloatArray = np.where(last < before, last, last - before) / in_s(int(seen.ms[-1] - seen.ms[-2]))
    return found


def _of_one(
    function: Callable[[Range], FloatArray | None],
    points: Sequence[Point],
    end_s: float,
    range_s: float,
    dialect: Dialect,
) -> float | None:
    found = function(Range.of(points, Asked(end_s, range_s, dialect)))
    return None if found is None else float(found[0])


@np.errstate(invalid="ignore", over="ignore", divide="ignore")
def _grown(seen: Range, *, counter: bool = True) -> tuple[FloatArray, FloatArray] | None:
    """The growth between the samples of each series, and the factors that stretch it to the range."""
    asked, ms, values = seen.asked, seen.ms, seen.values
    if len(ms) < 2:
        return None
    if (early := np.flatnonzero(ms[1:] <= ms[:-1])).size:
        before_at, after_at = ms[early[0] : early[0] + 2]
        raise ValueError(f"samples must rise in time, but {after_at:.0f} ms follows {before_at:.0f} ms")
    first, last = values[0], values[-1]
    grown: FloatArray = last - first
    if counter:
        fell = values[1:] < values[:-1]
        for row in np.flatnonzero(fell.any(axis=1)):  # one after the other: the order of a float sum is upstream's
            grown = np.where(fell[row], grown + values[row], grown)
    to_start_s = np.full(len(grown), (ms[0] - asked.start_ms) / 1000)
    to_end_s = (asked.end_ms - ms[-1]) / 1000
    sampled_s = (ms[-1] - ms[0]) / 1000
    step_s = sampled_s / (len(ms) - 1)
    threshold_s = step_s * EXTRAPOLATION_THRESHOLD
    if asked.dialect.threshold_first:
        to_start_s = np.where(to_start_s >= threshold_s, step_s / 2, to_start_s)
    if counter:
        to_zero_s = sampled_s * (first / grown)
        to_start_s = np.where((grown > 0) & (first >= 0) & (to_zero_s < to_start_s), to_zero_s, to_start_s)
    if not asked.dialect.threshold_first:
        to_start_s = np.where(to_start_s >= threshold_s, step_s / 2, to_start_s)
    if to_end_s >= threshold_s:
        to_end_s = step_s / 2
    return grown, (sampled_s + to_start_s + to_end_s) / sampled_s
