"""`histogram_quantile()` of classic histograms, step by step.

It follows promql/quantile.go (`bucketQuantile`) at v2.42.0, v2.48.0, v2.51.0, v3.5.0 and v3.16.0, and is compared
with the real server in tests/e2e/test_promql_conformance.py.
"""

import math
import sys
from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache

from harness.promql.dialect import NEWEST, Dialect
from harness.promql.vectors import NAME, Labels, Vector

BOUND = "le"
"""The label that holds the upper bound of a bucket."""
SMALL_DELTA = 1e-12
"""Bucket counts that differ by less than this share of their sum are equal (promql/quantile.go)."""


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
    cumulative = _cumulative(tuple(buckets), dialect)
    if cumulative is None:
        return math.nan
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


@lru_cache(maxsize=1 << 12)
def _cumulative(buckets: tuple[tuple[float, float], ...], dialect: Dialect) -> list[tuple[float, float]] | None:
    """The buckets in order and rising; None where they are no histogram. They are asked for several quantiles."""
    ordered = _coalesced(buckets)
    if len(ordered) < 2 or ordered[-1][0] != math.inf:
        return None
    return _monotonic(ordered, dialect)


def histograms(vector: Vector) -> dict[Labels, list[tuple[float, float]]]:
    """The classic histograms whose buckets a vector holds, by their labels; what has no bound is passed over."""
    found: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in vector.items():
        rest, bound = _parted(labels)
        if bound is not None:
            found.setdefault(rest, []).append((bound, count))
    return found


@lru_cache(maxsize=1 << 17)
def _parted(labels: Labels) -> tuple[Labels, float | None]:
    """The labels of the histogram to which a bucket belongs, and the bucket's bound."""
    return tuple(pair for pair in labels if pair[0] not in (BOUND, NAME)), _bound(dict(labels).get(BOUND, ""))


def _bound(text: str) -> float | None:
    """The bound of a bucket; None for any other text, which Prometheus passes over."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound


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
