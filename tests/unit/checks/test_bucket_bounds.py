"""The bounds on bucket counts, on runs made by chance: lies that they must catch, and correct runs that they must not.

Gaps have the quantiles of measured runs: 95 us in the middle, 0.7 ms at 99 %, 3 ms at 99.9 %, 10 ms at most. Stalls
strike whatever runs, in proportion to its time.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from harness.checks import Facts
from harness.checks.histograms import Histogram
from harness.checks.latency import _bucket_bounds, timer_span
from harness.checks.layer_cost import longest_gap_s
from harness.core.verdict import Status, Strength
from harness.evidence.client.summary import ALL, ViewKey
from tests.unit.checks.facts import facts, gaps, latency, values

Floats = npt.NDArray[np.float64]
BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
SLOW: ViewKey = ("orders:export", "GET")
VIEWS: Mapping[ViewKey, tuple[int, float, float, float]] = {
    ("home", "GET"): (900, 0.0002, 0.0002, 0.5),
    ("search", "GET"): (400, 0.0005, 0.0005, 0.5),
    ("basket", "POST"): (150, 0.002, 0.003, 0.6),
    SLOW: (200, 0.025, 0.03, 0.9),
}
"""Requests of each view, the least that they take, and the middle and logarithmic spread of the rest."""
STALLS_PER_S = 0.2
RUNS = 20


def _gaps(random: np.random.Generator, n: int) -> Floats:
    shares, sizes_s = (0.0, 0.5, 0.99, 0.999, 1.0), (6e-5, 9.5e-5, 7e-4, 3e-3, 1e-2)
    return np.exp(np.interp(random.random(n), shares, np.log(sizes_s)))


def _stalled(random: np.random.Generator, spans_s: Floats, per_s: float) -> Floats:
    """The spans, some of them longer by 5 to 80 ms."""
    struck = random.random(len(spans_s)) < spans_s * per_s
    return spans_s + struck * random.uniform(0.005, 0.08, len(spans_s))


def _run(random: np.random.Generator, stalls_per_s: float = STALLS_PER_S) -> tuple[Facts, dict[ViewKey, Floats]]:
    """The accounts of a correct run, and what its timers measured in each view."""
    timed, latencies, between = {}, {}, []
    for key, (n, least_s, middle_s, spread) in VIEWS.items():
        timed[key] = _stalled(random, least_s + middle_s * random.lognormal(0, spread, n), stalls_per_s)
        inner = timed[key] + _stalled(random, _gaps(random, n), stalls_per_s)
        outer = _stalled(random, _gaps(random, n), stalls_per_s)
        latencies[key] = latency(values(*(inner + outer).tolist()), values(*inner.tolist()), gaps(*outer.tolist()))
        between += outer.tolist()
    whole = values(*(value for each in latencies.values() for value in each.inner.bins_s))
    return facts({**latencies, ALL: latency(whole, whole, gaps(*between))}), timed


def _histogram(timed: Floats, sum_s: float) -> Histogram:
    counts = [(bound_s, float(np.sum(timed <= bound_s))) for bound_s in BOUNDS_S]
    return Histogram((*counts, (math.inf, float(len(timed)))), sum_s)


def _breaks(judged: Facts, key: ViewKey, timed: Floats, sum_s: float | None = None) -> bool:
    """Whether some bucket holds more or fewer than its bounds allow; the sum is that of what was reported or given."""
    sum_s = float(timed.sum()) if sum_s is None else sum_s
    histogram = _histogram(timed, sum_s)
    bounds = _bucket_bounds.account(judged, key, histogram, len(VIEWS)).bounds
    implied = _bucket_bounds.implied_gaps(judged, key, histogram)
    assert implied is not None
    return implied[0] > implied[1] or any(
        not bound.lower <= count <= (count if bound.upper is None else bound.upper)
        for bound, (_, count) in zip(bounds, histogram.finite, strict=True)
    )


def _untimed(timed: Floats) -> Floats:
    """Two requests, chosen without regard to how long they took."""
    return np.where(np.arange(len(timed)) < 2, 0.0, timed)


def _one_lower(timed: Floats) -> Floats:
    """The slowest 2 %, in the bucket below their own."""
    slowest = np.argsort(timed)[-round(0.02 * len(timed)) :]
    told = timed.copy()
    told[slowest] = [BOUNDS_S[np.searchsorted(BOUNDS_S, value) - 1] for value in timed[slowest]]
    return told


def _halved(timed: Floats) -> Floats:
    """Every other request above 60 ms as 40 ms."""
    return np.where((timed > 0.06) & (np.arange(len(timed)) % 2 == 0), 0.04, timed)


def _span_fails(judged: Facts, timed: Mapping[ViewKey, Floats]) -> bool:
    """Whether `timer-span` fails the slow view."""
    found = {
        key: timer_span._gap(judged, key, _histogram(each, float(each.sum())), len(VIEWS))
        for key, each in timed.items()
    }
    measured = [gap for gap in found.values() if isinstance(gap, timer_span.Gap)]
    verdict = timer_span._judge_gap(SLOW, found[SLOW], measured, judged.client.latency[ALL].gaps)
    return verdict.status is Status.FAIL


@pytest.mark.parametrize("lie", [_untimed, _one_lower, _halved])
@pytest.mark.parametrize("right_sum", [False, True], ids=["time missing", "sum right"])
def test_a_lie_about_a_slow_view_is_caught(lie: Callable[[Floats], Floats], right_sum: bool) -> None:
    """In at least 19 of 20 runs, by the buckets or, where the time is missing from the sum, by `timer-span`."""
    random = np.random.default_rng(20)
    caught = 0
    for judged, timed in (_run(random, stalls_per_s=0.0) for _ in range(RUNS)):
        told = lie(timed[SLOW])
        sum_s = float(timed[SLOW].sum()) if right_sum else None
        caught += _breaks(judged, SLOW, told, sum_s) or (not right_sum and _span_fails(judged, {**timed, SLOW: told}))
    assert caught >= RUNS - 1


def test_no_correct_run_breaks_a_bound() -> None:
    """With stalls of up to 80 ms, in any layer of any request."""
    random = np.random.default_rng(411)
    runs = [_run(random) for _ in range(3 * RUNS)]
    assert not [key for judged, timed in runs for key in VIEWS if _breaks(judged, key, timed[key])]


ONE: Mapping[ViewKey, tuple[float, ...]] = {
    ("home", "GET"): (0.001, 0.002, 0.012),
    SLOW: (0.06, 0.061, 0.062, 0.09, 0.091),
}
"""The longest gap is that of 12 ms."""


def _few(*, foreign: bool = False) -> Facts:
    each = {
        key: latency(values(*spans_s), values(*spans_s), gaps(*(1e-4 for _ in spans_s))) for key, spans_s in ONE.items()
    }
    whole = values(*(value for spans_s in ONE.values() for value in spans_s))
    everything = latency(whole, whole, gaps(*(1e-4 for _ in range(8))))
    return facts({**each, ALL: everything}, run={"foreign_traffic": foreign})


def _held(total: int, *bounds_s: float) -> Histogram:
    return Histogram((*((bound_s, 0.0) for bound_s in bounds_s), (math.inf, float(total))), 0.0)


def test_no_more_are_in_a_bucket_than_the_longest_gap_lets_in() -> None:
    """Eight gaps prove nothing about how many are long; one at most is longer than 12 ms."""
    few = _few()
    assert longest_gap_s(few) == 0.012
    bounds = _bucket_bounds.account(few, SLOW, _held(5, 0.04, 0.05, 0.08), 2).bounds
    assert [(bound.lower, bound.upper, bound.basis) for bound in bounds] == [
        (0, 1, _bucket_bounds.BY_LONGEST),
        (0, 4, _bucket_bounds.BY_LONGEST),
        (3, 5, _bucket_bounds.BY_COUNT[Strength.WITNESS]),
    ]


def test_what_others_sent_may_be_in_any_bucket() -> None:
    """Beside those that the longest gap lets in."""
    account = _bucket_bounds.account(_few(foreign=True), SLOW, _held(7, 0.04), 2)
    assert (account.bounds[0].upper, account.strength) == (3, Strength.ONE_SIDED)


@pytest.mark.parametrize(
    ("bounds_s", "fewest"),
    [
        pytest.param([0.04], 2, id="all are far above the bound"),
        pytest.param([0.05], 5, id="four may be below it"),
        pytest.param([0.08], None, id="all may be below it"),
        pytest.param([0.08, 0.05, 0.04], 2, id="one bound that tells them apart is enough"),
        pytest.param([], None, id="no bound"),
    ],
)
def test_how_many_untimed_requests_would_show(bounds_s: list[float], fewest: int | None) -> None:
    """One more than the bucket's two bounds leave open."""
    assert _bucket_bounds.account(_few(), SLOW, _held(5, *bounds_s), 2).seen_from == fewest


@pytest.mark.parametrize("stalled_s", [0.05, 5.0])
def test_one_gap_may_be_as_long_as_it_likes(stalled_s: float) -> None:
    """A process was held up once, in the gap of a rare view, for longer than in all else that was seen."""
    random = np.random.default_rng(78)
    for judged, timed in (_run(random, 0.0) for _ in range(RUNS)):
        client = judged.client.latency[SLOW]
        inner = sorted(client.inner.bins_s)
        held = values(*inner[1:], inner[0] + stalled_s)
        given = replace(judged.client, latency={**judged.client.latency, SLOW: replace(client, inner=held)})
        assert not _breaks(replace(judged, client=given), SLOW, timed[SLOW])


def test_as_many_as_would_show_break_a_bound() -> None:
    """What the verdict says it could have seen, it sees."""
    random = np.random.default_rng(77)
    for judged, timed in (_run(random) for _ in range(RUNS)):
        correct = _histogram(timed[SLOW], float(timed[SLOW].sum()))
        fewest = _bucket_bounds.account(judged, SLOW, correct, len(VIEWS)).seen_from
        assert fewest is not None
        assert _breaks(judged, SLOW, np.where(np.argsort(np.argsort(-timed[SLOW])) < fewest, 0.0, timed[SLOW]))


def test_a_run_repeated_has_the_counts_of_each() -> None:
    """Lower bounds grow in proportion, the room above them by less."""
    few = _few()
    once, often = (_bucket_bounds.account(few, SLOW, _held(5, 0.05, 0.08), 2, times=times) for times in (1, 1000))
    assert often.total == 1000 * once.total
    assert [bound.lower for bound in often.bounds] == [1000 * bound.lower for bound in once.bounds]
    assert once.bounds[1].upper == 5
    assert often.bounds[1].upper is not None
    assert often.bounds[1].upper < 3100


def test_a_client_that_saw_no_witness_has_no_upper_bound() -> None:
    """And no power at all against what is reported too low."""
    few = _few()
    plain = {key: replace(each, inner=values(), outer=values()) for key, each in few.client.latency.items()}
    account = _bucket_bounds.account(replace(few, client=replace(few.client, latency=plain)), SLOW, _held(5, 0.04), 2)
    assert (account.bounds[0].upper, account.seen_from, account.strength) == (None, None, Strength.ONE_SIDED)


@pytest.mark.parametrize(
    ("counts", "sum_s", "implied_s", "left_s"),
    [
        pytest.param((0, 3, 5), 0.354, 0.0, 0.01, id="each in the bucket of its witness"),
        pytest.param((1, 3, 5), 0.354, 0.01, 0.01, id="the first could be at 50 ms if its gap were all there is"),
        pytest.param((2, 3, 5), 0.354, 0.021, 0.01, id="two cannot"),
        pytest.param((2, 5, 5), 0.354, 0.042, 0.01, id="what two bounds imply adds up"),
        pytest.param((0, 3, 3), 0.354, 0.0, 0.01, id="what lies beyond every bound implies nothing"),
    ],
)
def test_the_buckets_imply_gaps(counts: tuple[int, ...], sum_s: float, implied_s: float, left_s: float) -> None:
    """Of the 60, 61, 62, 90 and 91 ms that the witness measured, which are 364 ms in all."""
    buckets = tuple(zip((0.05, 0.08, 0.1), map(float, counts), strict=True))
    found = _bucket_bounds.implied_gaps(_few(), SLOW, Histogram((*buckets, (math.inf, 5.0)), sum_s))
    assert found == pytest.approx((implied_s, left_s), abs=1e-8)


def test_what_others_sent_leaves_the_gaps_unknown() -> None:
    """Their time is in the sum."""
    assert _bucket_bounds.implied_gaps(_few(), SLOW, _held(6, 0.05)) is None


def test_more_time_than_the_requests_took_implies_nothing() -> None:
    """It is no question of buckets."""
    buckets = ((0.05, 5.0), (math.inf, 5.0))
    assert _bucket_bounds.implied_gaps(_few(), SLOW, Histogram(buckets, 0.365)) is None
