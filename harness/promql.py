"""PromQL: the text of queries, and what Prometheus computes from raw samples, step by step.

The reference functions follow Prometheus's own sources closely enough to agree to the last digits, and are held against
the real server in tests/e2e/test_promql_conformance.py. Sources: promql/functions.go (`extrapolatedRate`) and
promql/quantile.go (`bucketQuantile`), at v2.42.0, v2.48.0, v2.51.0, v3.5.0 and v3.16.0.
"""

import math
import re
import sys
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
"""Time in Unix seconds, value."""

EXTRAPOLATION_THRESHOLD = 1.1
"""A gap at the edge of the range wider than this many average steps is not bridged whole."""

SMALL_DELTA = 1e-12
"""Bucket counts that differ by less than this share of their sum are equal (promql/quantile.go)."""

AGREEMENT = 1e-9
"""Largest relative difference between Prometheus and the reference: the order of a float sum."""

ROUNDING = 1e-12
"""So far from zero may be what is left of a difference of equal values."""

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\b")


@dataclass(frozen=True, slots=True)
class Dialect:
    """In what versions of Prometheus differ."""

    left_open: bool
    """A range leaves out a sample exactly at its start (3.0, prometheus/prometheus#13904)."""
    threshold_first: bool
    """The threshold is applied before the clamp to zero (2.51, prometheus/prometheus#13725)."""
    small_deltas_ignored: bool
    """A bucket count that rises by no more than rounding does not rise (2.49, prometheus/prometheus#13153)."""

    @classmethod
    def of(cls, version: str) -> "Dialect":
        """The dialect of a version such as `2.42.0+ds`; raises ValueError when it is not one."""
        match = _VERSION.match(version)
        if match is None:
            raise ValueError(f"{version!r} is not a Prometheus version, so its rate() cannot be predicted")
        number = (int(match[1]), int(match[2]))
        return cls(
            left_open=number >= (3, 0),
            threshold_first=number >= (2, 51),
            small_deltas_ignored=number >= (2, 49),
        )


NEWEST = Dialect(left_open=True, threshold_first=True, small_deltas_ignored=True)
"""As released last, without feature flags: `use-start-timestamps` (3.12) makes `rate()` another function."""


def agree(a: float, b: float) -> bool:
    """True when both are NaN or within `AGREEMENT` of each other."""
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=AGREEMENT, abs_tol=ROUNDING)


def duration(seconds: float) -> str:
    """A PromQL duration in whole milliseconds; raises ValueError when it is not above zero."""
    milliseconds = _ms(seconds)
    if milliseconds <= 0:
        raise ValueError(f"{seconds!r} s is no PromQL duration")
    return f"{milliseconds}ms"


def label_value(text: str) -> str:
    """A label value as a quoted PromQL string.

    U+FFFD is escaped since the lexer takes it for broken UTF-8 (promql/parser/lex.go, `lexString`).
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\ufffd", "\\ufffd")
    return f'"{escaped}"'


def selector(metric: str, matchers: str, exact: Mapping[str, str] | None = None) -> str:
    """An instant selector; raises ValueError when a name in `exact` is no label name.

    `matchers` is PromQL text such as `job="django"`, or empty; `exact` adds labels that must equal a value.
    """
    parts = [text] if (text := matchers.strip().removesuffix(",")) else []
    for name, value in (exact or {}).items():
        if _LABEL_NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not a label name")
        parts.append(f"{name}={label_value(value)}")
    return f"{metric}{{{','.join(parts)}}}"


def raw(metric: str, matchers: str, range_s: float, exact: Mapping[str, str] | None = None) -> str:
    """A range selector: the raw samples of the last `range_s` seconds; arguments as for `selector`."""
    return f"{selector(metric, matchers, exact)}[{duration(range_s)}]"


def select_range(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> list[tuple[int, float]]:
    """The samples that `[range]` sees at `end_s`, with times in milliseconds, as Prometheus keeps them."""
    end, start = _ms(end_s), _ms(end_s) - _ms(range_s)
    seen = ((_ms(time_s), value) for time_s, value in points)
    return [(at, value) for at, value in seen if (start < at or (at == start and not dialect.left_open)) and at <= end]


def rate(points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """`rate(counter[range])` at `end_s` in 1/s; None and errors as for `increase`."""
    grown = _grown(points, end_s, range_s, dialect)
    # Divided before the growth is multiplied, as upstream does, so that not even the last digit differs.
    return None if grown is None else grown[0] * (grown[1] / _seconds(_ms(range_s)))


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
    return (value if value < before else value - before) / _seconds(at - before_at)


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
    to_start_s = (first_at - (_ms(end_s) - _ms(range_s))) / 1000
    to_end_s = (_ms(end_s) - last_at) / 1000
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


def histogram_quantile(q: float, buckets: Iterable[tuple[float, float]], dialect: Dialect = NEWEST) -> float:
    """`histogram_quantile(q, …)` of one classic histogram: cumulative counts by upper bound, in any order.

    NaN without observations, without a +Inf bucket, or with fewer than two buckets; -Inf and +Inf for q outside 0-1.
    The rank is interpolated linearly within its bucket; the first bucket begins at zero if its bound is above zero; a
    rank in the +Inf bucket, or one that is NaN because the +Inf count is, gives the highest finite bound.
    """
    if math.isnan(q):
        return math.nan
    if q < 0:
        return -math.inf
    if q > 1:
        return math.inf
    ordered = _coalesced(buckets)
    if len(ordered) < 2 or ordered[-1][0] != math.inf:
        return math.nan
    cumulative = _monotonic(ordered, dialect)
    total = cumulative[-1][1]
    if total == 0:
        return math.nan
    rank, last = q * total, len(cumulative) - 1
    # Bisected as by Go's sort.Search: where a count is NaN, a scan from the first bucket would end elsewhere.
    place = bisect_left(cumulative, True, hi=last, key=lambda bucket: bucket[1] >= rank)
    if place == last:
        return cumulative[-2][0]
    if place == 0 and cumulative[0][0] <= 0:
        return cumulative[0][0]
    end, count = cumulative[place]
    start, below = (0.0, 0.0) if place == 0 else cumulative[place - 1]
    if count == below:  # q = 0 and an empty first bucket: the server divides 0 by 0
        return math.nan
    return start + (end - start) * ((rank - below) / (count - below))


def _coalesced(buckets: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Buckets in order of their bounds, those with equal bounds added up."""
    sums: dict[float, float] = {}
    for bound, count in buckets:
        sums[bound] = sums.get(bound, 0.0) + count
    return sorted(sums.items())


def _monotonic(buckets: list[tuple[float, float]], dialect: Dialect) -> list[tuple[float, float]]:
    """Counts that fall, or by the dialect rise by no more than a float sum's rounding, are set to the count before.

    A NaN is left alone. As the count before, it outlasts what follows until 2.48 and is replaced by it since 2.49
    (promql/quantile.go, `ensureMonotonic` and `ensureMonotonicAndIgnoreSmallDeltas`).
    """
    before = buckets[0][1]
    risen = [buckets[0]]
    for bound, count in buckets[1:]:
        if count < before or (dialect.small_deltas_ignored and _almost_equal(before, count)):
            risen.append((bound, before))
            continue
        risen.append((bound, count))
        if count > before or dialect.small_deltas_ignored:
            before = count
    return risen


def _almost_equal(a: float, b: float) -> bool:
    """Source: util/almost/almost.go, `Equal`, with `SMALL_DELTA` as its epsilon."""
    total = abs(a) + abs(b)
    if a == b:
        return True
    if a == 0 or b == 0 or total < sys.float_info.min:
        return abs(a - b) < SMALL_DELTA * sys.float_info.min
    return abs(a - b) / min(total, sys.float_info.max) < SMALL_DELTA


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _seconds(milliseconds: int) -> float:
    """As Go's `Duration.Seconds`, which may differ from a division by 1000 in the last digit."""
    whole, rest = divmod(milliseconds, 1000)
    return whole + rest * 1_000_000 / 1e9
