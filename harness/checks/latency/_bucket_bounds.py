"""The counts that a histogram may show at each of its bounds, given each request's own account.

Per request: metric <= inner witness <= outer witness <= client. So with H_b the metric's count at bound b and
w the witness, H_b >= #{w <= b} without any tolerance. From above there are two bounds, of which the least is taken, and
one on all buckets together.

**By the number of gaps.** For any e > 0,

    H_b <= #{w <= b + e} + #{w > b + e and w - metric > e}

and the last term is at most the number of gaps beyond e among all n requests. (Not only among those with w > b + e: a
large gap is what put some of them there.) The run has a reference for such gaps: those between its own two witnesses
(or, calibrated, the client latencies of a no-op view), of which k among N lie beyond e. `statistics.exceedances_upper`
bounds the count among n more from the same law. That more of n gaps lie beyond e than this is one event, whatever the
bound b: it fails all bounds or none. So alpha is shared between the views and the offsets e, not between the bounds.

**By the longest gap.** If no gap is longer than M, metric >= w - M, and so H_b <= #{w <= b + M}. M is
`layer_cost.longest_gap_s`. A gap is long only when the thread is held up in it, by a switch or by other processes. Such
stalls strike whatever runs, in proportion to its time; M is the longest that was seen in all gaps between the
witnesses, in whole requests of the views that do next to nothing, and in the load generator where it shares the
machine. That the longest of all stalls falls on the gaps of one slower view instead has the chance of their share p of
the time that is watched: some 0.1 ms for each of its requests, a few per cent in all. It does happen: of 42 runs of an
unchanged app on a crowded machine, one failed for a single gap of more than three times every other. That the two
longest both do has the chance p^2. So one gap beyond M is allowed for (`SPARE`), however long it is:

    H_b <= #{w <= b + M} + 1

Even two break that only when they carry both requests over one bound, with no other request between b and b + M that
was rightly counted above b; tests/unit/checks/test_bucket_bounds.py simulates it. The counts at b + M are read from
bins of at most 0.4 %, which can only widen the bound. `running-latency` applies the same to the stretches between
scrapes, where few other requests are near.

**By the sum of all gaps.** The gaps of a view add up to G = (sum of w) - (the metric's sum), and none is negative.
Whatever request lies in which bucket, the buckets alone imply gaps of at least

    sum over i of max(0, w_(i) - b_(i)) <= G

with w_(i) the i-th smallest witness and b_(i) the bound of the bucket of the i-th smallest observation: in order they
lie closest. That is exact, for all bounds together; it needs a histogram that holds the witnessed requests and no
others. It catches what is reported lower bucket by bucket while the sum is right. Where the time is missing from the
sum, too, G grows with it; then the other bounds and `timer-span` are left.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from harness.checks.base import ALPHA, Facts
from harness.checks.histograms import Histogram
from harness.checks.layer_cost import SPARE, longest_gap_s
from harness.core import memo, statistics
from harness.core.verdict import Strength
from harness.evidence.client.summary import ALL, GAP_GRID_S, Latency, Values, ViewKey

Counts = npt.NDArray[np.int64]
ROUNDING = 1e-9
"""Share of a sum that adding floats in another order may change."""
BY_LONGEST = "the longest gap of the run"
BY_COUNT = {
    Strength.WITNESS: "gaps between the two witnesses, alpha 1e-3",
    Strength.CALIBRATED: "latencies of the no-op view, alpha 1e-3",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """What one bucket may hold."""

    le_s: float
    lower: int
    """#{w <= b}; the metric can hold no fewer."""
    upper: int | None
    """None when nothing bounds it from above."""
    basis: str = ""
    """Which of the upper bounds is the least."""


@dataclass(frozen=True, slots=True)
class Account:
    """The per-request account that stands against one histogram."""

    bounds: tuple[Bound, ...]
    total: int
    """Observations that the histogram should hold in all."""
    strength: Strength

    @property
    def seen_from(self) -> int | None:
        """The fewest of the slowest requests that, reported as if they took no time, fail for sure; None for no number.

        With k of them a bucket with at least `lower` holds at least `lower` + k, if all k lie above its bound; beyond
        `upper` that is seen whatever the gaps were.
        """
        enough = (
            bound.upper - bound.lower + 1
            for bound in self.bounds
            if bound.upper is not None and bound.upper < self.total
        )
        return min(enough, default=None)


def account(
    facts: Facts,
    key: ViewKey,
    histogram: Histogram,
    populations: int,
    *,
    outer: bool = False,
    times: int = 1,
) -> Account:
    """Bound what `histogram` holds of `key` (or, with `outer`, of all, with middlewares) at its finite bounds.

    `populations` is how many histograms the whole check judges; they share `ALPHA`. When the histogram holds more
    observations than the account, the upper bounds widen by the difference. With `times`, as if each request and each
    gap of the run had occurred so many times.
    """
    latency = facts.client.latency[key]
    values, extra, strength = _population(facts, key, latency, outer=outer)
    total = values.n + (extra.n if extra else 0)
    unmatched = max(round(histogram.total) - total, 0)
    limits = _limits(facts, strength, total, ALPHA / populations / (len(GAP_GRID_S) - 1), times)
    near = _near(facts, values, extra, histogram)
    lowers = (times * near.at_bound).tolist()
    if not limits:
        bounds = [Bound(le_s, lower, None) for le_s, lower in zip(near.bounds_s, lowers, strict=True)]
    else:
        by_count = _by_count(near, total, limits, times)
        least = by_count
        if strength is Strength.WITNESS:
            least = np.minimum(by_count, times * near.within_longest + SPARE)
        bases = [BY_LONGEST if shorter else BY_COUNT[strength] for shorter in (least < by_count).tolist()]
        uppers = (least + unmatched).tolist()
        bounds = [Bound(*each) for each in zip(near.bounds_s, lowers, uppers, bases, strict=True)]
    return Account(tuple(bounds), times * total, Strength.ONE_SIDED if facts.foreign else strength)


def implied_gaps(facts: Facts, key: ViewKey, histogram: Histogram) -> tuple[float, float] | None:
    """The least seconds of gaps that the buckets imply, and those that the sums leave, of a view's histogram.

    None unless the histogram holds the witnessed requests and no others, and no more time than they took, which
    `timer-span` reports.
    """
    values, extra, strength = _population(facts, key, facts.client.latency[key], outer=False)
    each = (values, extra) if extra else (values,)
    if strength is not Strength.WITNESS or sum(one.n for one in each) != round(histogram.total):
        return None
    left_s = sum(one.sum_s for one in each)
    implied_s, place, rank = 0.0, 0, 0
    for begin_s, count in sorted(pair for one in each for pair in _bins(one)):
        rest = count
        while rest and place < len(histogram.finite):
            bound_s, held = histogram.finite[place]
            if rank >= held:
                place += 1
                continue
            here = min(rest, math.ceil(held) - rank)
            implied_s += here * max(begin_s - bound_s, 0.0)
            rank, rest = rank + here, rest - here
        rank += rest
    gaps_s = left_s - histogram.sum_s + ROUNDING * left_s
    return (implied_s, gaps_s) if gaps_s >= 0 else None


def _bins(values: Values) -> list[tuple[float, int]]:
    """The lowest value that each bin may hold, and how many it holds."""
    return [
        (begin_s, end - before)
        for begin_s, (before, end) in zip(values.bins_s, pairwise((0, *values.bin_ends)), strict=True)
    ]


def _population(facts: Facts, key: ViewKey, latency: Latency, *, outer: bool) -> tuple[Values, Values | None, Strength]:
    """The values that pair with the observations: witness if every response has one, else the client's."""
    witness = latency.outer if outer else latency.inner
    if latency.is_whole(witness):
        strength = Strength.WITNESS
        return witness, None if outer else latency.raised, strength
    calibrated = bool(_calibration(facts)) and key != ALL
    return latency.client, None, Strength.CALIBRATED if calibrated else Strength.ONE_SIDED


def _calibration(facts: Facts) -> Values | None:
    """Latencies of the no-op view: what the way there and back costs, the app's own time being next to nothing."""
    if not facts.run.calibration:
        return None
    views = facts.client.views_of_name.get(facts.run.calibration, frozenset())
    found = [latency.client for (view, _), latency in facts.client.latency.items() if view in views]
    return found[0] if len(found) == 1 and found[0].n else None


def _reference(facts: Facts, strength: Strength) -> tuple[Mapping[float, int], int] | None:
    """How many of the run's reference gaps lie beyond each offset of the grid, and how many there are."""
    gaps = facts.client.latency[ALL].gaps
    if strength is Strength.WITNESS and gaps.n:
        return gaps.above, gaps.n
    if strength is Strength.CALIBRATED and (noop := _calibration(facts)):
        return {offset: noop.n - noop.at_or_below[offset] for offset in GAP_GRID_S[1:]}, noop.n
    return None


def _limits(facts: Facts, strength: Strength, total: int, alpha: float, times: int) -> Sequence[int]:
    """How many of `total` gaps may lie beyond each offset of the grid; empty when nothing limits them."""
    reference = _reference(facts, strength)
    if reference is None:
        return ()
    beyond, n = reference
    return [
        statistics.exceedances_upper(times * beyond[offset], times * n, times * total, alpha)
        for offset in GAP_GRID_S[1:]
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """How many requests of a run the witness puts near the bounds of a histogram; a row for each bound."""

    bounds_s: tuple[float, ...]
    at_bound: Counts
    """Up to the bound."""
    within_offset: Counts
    """Up to each offset of the grid beyond it."""
    within_longest: Counts
    """Up to the longest gap beyond it."""


@memo.by_identity(kept=256)
def _near(facts: Facts, values: Values, extra: Values | None, histogram: Histogram) -> _Near:
    longest_s, bounds_s = longest_gap_s(facts), tuple(bound_s for bound_s, _ in histogram.finite)
    both = [each for each in (values, extra) if each]

    def counts(of: Callable[[float], list[int]], width: int) -> Counts:
        return np.array([of(bound_s) for bound_s in bounds_s], dtype=np.int64).reshape(len(bounds_s), width)

    return _Near(
        bounds_s,
        counts(lambda bound_s: [_at(values, extra, bound_s)], 1)[:, 0],
        counts(
            lambda bound_s: [_at(values, extra, bound_s + offset) for offset in GAP_GRID_S[1:]], len(GAP_GRID_S) - 1
        ),
        counts(lambda bound_s: [sum(each.at_most(bound_s + longest_s) for each in both)], 1)[:, 0],
    )


def _by_count(near: _Near, total: int, limits: Sequence[int], times: int) -> Counts:
    """The least over the offsets of the grid, for each bound."""
    counts = near.within_offset
    found: Counts = times * counts + np.minimum(np.array(limits, dtype=np.int64), times * (total - counts))
    least: Counts = np.minimum(found.min(axis=1), times * total)
    return least


def _at(values: Values, extra: Values | None, threshold_s: float) -> int:
    return values.at_or_below[threshold_s] + (extra.at_or_below[threshold_s] if extra else 0)
