"""`rate()` and its kin from raw samples, step by step.

They follow promql/functions.go (`extrapolatedRate`) at v2.42.0, v2.48.0, v2.51.0, v3.5.0 and v3.16.0 closely enough to
agree to the last digits, and are compared with the real server in tests/e2e/test_promql_conformance.py.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from harness.promql._time import in_ms, in_s
from harness.promql.dialect import Dialect

Point = tuple[float, float]
"""Time in Unix seconds, value."""

EXTRAPOLATION_THRESHOLD = 1.1
"""A gap at the edge of the range wider than this many average steps is not bridged whole."""


def select_range(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> list[tuple[int, float]]:
    """The samples that `[range]` sees at `end_s`, with times in milliseconds, as Prometheus keeps them."""
    end, start = in_ms(end_s), in_ms(end_s) - in_ms(range_s)
    first = (bisect_right if dialect.left_open else bisect_left)(points, start, key=_at)
    last = bisect_right(points, end, key=_at)
    return [(in_ms(time_s), value) for time_s, value in points[first:last]]


def _at(point: Point) -> int:
    return in_ms(point[0])


def rate(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`rate(counter[range])` at `end_s` in 1/s; None and errors as for `increase`."""
    grown = _grown(points, end_s, range_s, dialect)
    # Divided before the growth is multiplied, as upstream does, so that not even the last digit differs.
    return None if grown is None else grown[0] * (grown[1] / in_s(in_ms(range_s)))


def increase(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`increase(counter[range])` at `end_s`; None where Prometheus has no result (fewer than two samples).

    `points` are the raw samples of one series in time order, stale markers left out. The growth between the first and
    the last sample, resets added back, is stretched to the edges of the range: whole where the edge is less than 1.1
    average steps away, else by half a step, and at the start never beyond the time at which the counter would have been
    zero. Raises ValueError when two samples have the same millisecond, or times fall.
    """
    grown = _grown(points, end_s, range_s, dialect)
    return None if grown is None else grown[0] * grown[1]


def delta(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`delta(gauge[range])` at `end_s`: as `increase`, but a fall is no reset, and nothing is clamped at zero."""
    grown = _grown(points, end_s, range_s, dialect, counter=False)
    return None if grown is None else grown[0] * grown[1]


def irate(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`irate(counter[range])` at `end_s`: the growth between the newest two samples, in 1/s; None for fewer."""
    seen = select_range(points, end_s, range_s, dialect)
    if len(seen) < 2:
        return None
    (before_at, before), (at, value) = seen[-2:]
    return (value if value < before else value - before) / in_s(at - before_at)


def _grown(
    points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect, *, counter: bool = True
) -> tuple[float, float] | None:
    """The growth between the samples, and the factor that stretches it to the range."""
    seen = select_range(points, end_s, range_s, dialect)
    if len(seen) < 2:
        return None
    (first_at, first), (last_at, last) = seen[0], seen[-1]
    grown = last - first
    for (before_at, before), (after_at, after) in pairwise(seen):
        if after_at <= before_at:
            raise ValueError(f"samples must rise in time, but {after_at} ms follows {before_at} ms")
        if counter and after < before:
            grown += before
    to_start_s = (first_at - (in_ms(end_s) - in_ms(range_s))) / 1000
    to_end_s = (in_ms(end_s) - last_at) / 1000
    sampled_s = (last_at - first_at) / 1000
    step_s = sampled_s / (len(seen) - 1)
    threshold_s = step_s * EXTRAPOLATION_THRESHOLD
    if dialect.threshold_first and to_start_s >= threshold_s:
        to_start_s = step_s / 2
    if counter and grown > 0 and first >= 0:
        to_start_s = min(to_start_s, sampled_s * (first / grown))
    if not dialect.threshold_first and to_start_s >= threshold_s:
        to_start_s = step_s / 2
    if to_end_s >= threshold_s:
        to_end_s = step_s / 2
    return grown, (sampled_s + to_start_s + to_end_s) / sampled_s
