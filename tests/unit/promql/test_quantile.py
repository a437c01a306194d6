"""`histogram_quantile()` on histograms whose answer is known by hand; the real server is asked in tests/e2e."""

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import promql
from harness.promql import Dialect, quantile

OLD, NEW = Dialect.of("2.42.0+ds"), Dialect.of("3.5.0")


@pytest.mark.parametrize(
    ("q", "buckets", "expected"),
    [
        (0.5, [(1.0, 10.0), (2.0, 20.0), (math.inf, 20.0)], 1.0),
        (0.75, [(1.0, 10.0), (2.0, 20.0), (math.inf, 20.0)], 1.5),
        (0.5, [(2.0, 20.0), (math.inf, 20.0), (1.0, 10.0)], 1.0),
        (0.25, [(1.0, 10.0), (2.0, 20.0), (math.inf, 20.0)], 0.5),
        (0.99, [(1.0, 10.0), (2.0, 20.0), (math.inf, 40.0)], 2.0),
        (0.5, [(-1.0, 10.0), (2.0, 10.0), (math.inf, 10.0)], -1.0),
        (0.5, [(1.0, 4.0), (1.0, 6.0), (math.inf, 20.0)], 1.0),
        (0.6, [(1.0, 10.0), (2.0, 8.0), (3.0, 20.0), (math.inf, 20.0)], 2.2),
        (-1, [(1.0, 10.0), (math.inf, 10.0)], -math.inf),
        (2, [(1.0, 10.0), (math.inf, 10.0)], math.inf),
    ],
)
def test_histogram_quantile_by_hand(q: float, buckets: list[tuple[float, float]], expected: float) -> None:
    """Order, equal bounds, falling counts, the +Inf bucket, negative bounds, q outside 0-1."""
    assert promql.histogram_quantile(q, buckets) == pytest.approx(expected)


@pytest.mark.parametrize("buckets", [[], [(math.inf, 5.0)], [(1.0, 5.0), (2.0, 5.0)], [(1.0, 0.0), (math.inf, 0.0)]])
def test_histogram_quantile_without_data_is_nan(buckets: list[tuple[float, float]]) -> None:
    """No buckets, one, none at +Inf, no observations."""
    assert math.isnan(promql.histogram_quantile(0.5, buckets))
    assert math.isnan(promql.histogram_quantile(math.nan, [(1.0, 1.0), (math.inf, 1.0)]))


def test_a_rise_within_rounding_is_ignored_since_2_49() -> None:
    """A rank that falls between two counts that differ by rounding goes up to the next real rise."""
    buckets = [(1.0, 1e12), (2.0, 1e12 + 1), (3.0, 2e12), (math.inf, 2e12)]
    q = (1e12 + 0.5) / 2e12
    assert promql.histogram_quantile(q, buckets, OLD) == pytest.approx(1.5, abs=1e-3)
    assert promql.histogram_quantile(q, buckets, NEW) == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize(("relative", "place"), [(1.9e-12, 2.0), (2.1e-12, 1.5)])
def test_the_rounding_is_a_share_of_the_sum_of_both_counts(relative: float, place: float) -> None:
    """So up to 2e-12 of either."""
    buckets = [(1.0, 1e12), (2.0, 1e12 * (1 + relative)), (3.0, 2e12), (math.inf, 2e12)]
    q = (1e12 * (1 + relative / 2)) / 2e12
    assert promql.histogram_quantile(q, buckets, NEW) == pytest.approx(place, abs=0.1)


def test_a_nan_total_gives_the_highest_finite_bound() -> None:
    """Strange, but what the server does: a rank of NaN is in no bucket."""
    assert promql.histogram_quantile(0.5, [(1.0, 1.0), (2.0, 2.0), (math.inf, math.nan)]) == 2.0


@given(
    st.floats(0, 1),
    st.lists(st.tuples(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 4.0]), st.integers(0, 1000)), min_size=1),
    st.integers(1, 1000),
    st.booleans(),
)
def test_the_quantile_lies_within_the_bounds(q: float, buckets: list[tuple[float, int]], rest: int, new: bool) -> None:
    """Never above the highest finite bound, never below zero or the lowest one."""
    found = promql.histogram_quantile(q, [*buckets, (math.inf, 1_000_000 + rest)], NEW if new else OLD)
    bounds = [bound for bound, _ in buckets]
    assert math.isnan(found) or min(0.0, *bounds) <= found <= max(bounds)


@pytest.mark.parametrize(
    ("q", "buckets", "expected"),
    [
        # the first bucket begins at 0, or is the bound where that is 0 or below
        (0.25, [(4.0, 10.0), (8.0, 20.0), (math.inf, 20.0)], 2.0),
        (0.25, [(0.0, 10.0), (8.0, 20.0), (math.inf, 20.0)], 0.0),
        (0.25, [(-4.0, 10.0), (8.0, 20.0), (math.inf, 20.0)], -4.0),
        (0.25, [(-0.5, 10.0), (8.0, 20.0), (math.inf, 20.0)], -0.5),
        (0.5, [(-1.0, 0.0), (math.inf, 0.0)], math.nan),
        (0.75, [(-4.0, 10.0), (8.0, 20.0), (math.inf, 20.0)], 2.0),
        # a rank on the edge of a bucket belongs to it
        (0.5, [(-4.0, 10.0), (8.0, 20.0), (math.inf, 20.0)], -4.0),
        (0.5, [(1.0, 5.0), (2.0, 10.0), (3.0, 20.0), (math.inf, 20.0)], 2.0),
        (0.0, [(1.0, 5.0), (2.0, 10.0), (math.inf, 10.0)], 0.0),
        (1.0, [(1.0, 5.0), (2.0, 10.0), (math.inf, 10.0)], 2.0),
        # the +Inf bucket has no upper bound to interpolate to
        (1.0, [(1.0, 5.0), (2.0, 10.0), (math.inf, 11.0)], 2.0),
        (0.9, [(1.0, 0.0), (math.inf, 1.0)], 1.0),
        # 0 divided by 0
        (0.0, [(1.0, 0.0), (2.0, 10.0), (math.inf, 10.0)], math.nan),
    ],
)
def test_the_edges_of_buckets(q: float, buckets: list[tuple[float, float]], expected: float) -> None:
    """Interpolated within the bucket that holds the rank."""
    for dialect in (OLD, NEW):
        assert promql.histogram_quantile(q, buckets, dialect) == pytest.approx(expected, nan_ok=True)


def test_the_newest_dialect_is_the_default() -> None:
    """Whoever has no server to ask asks as of now."""
    buckets = [(1.0, 1e12), (2.0, 1e12 + 1), (3.0, 2e12), (math.inf, 2e12)]
    q = (1e12 + 0.5) / 2e12
    assert promql.histogram_quantile(q, buckets) == promql.histogram_quantile(q, buckets, NEW)


@pytest.mark.parametrize(("dialect", "expected"), [(OLD, 1.6), (NEW, 1.6)])
def test_a_count_that_falls_is_lifted_to_the_one_before(dialect: Dialect, expected: float) -> None:
    """Also the one after next, which still lies below."""
    buckets = [(1.0, 10.0), (2.0, 20.0), (3.0, 8.0), (4.0, 18.0), (math.inf, 32.0)]
    assert promql.histogram_quantile(0.5, buckets, dialect) == pytest.approx(expected)
    assert promql.histogram_quantile(0.7, buckets, dialect) == 4.0


def test_a_nan_count_outlasts_what_follows_until_2_49() -> None:
    """After a NaN any count counts as risen by the new server, and as no lower by the old one."""
    counts = [(1.0, 10.0), (2.0, math.nan), (3.0, 8.0), (4.0, 12.0), (math.inf, 12.0)]
    assert [count for _, count in quantile._monotonic(counts, OLD)][2:] == [10.0, 12.0, 12.0]
    assert [count for _, count in quantile._monotonic(counts, NEW)][2:] == [8.0, 12.0, 12.0]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (5.0, 5.0, True),
        (0.0, 0.0, True),
        (math.inf, math.inf, True),
        (1.0, 1.0 + 1.9e-12, True),
        (1.0, 1.0 + 2.1e-12, False),
        (1.0 + 2.1e-12, 1.0, False),
        (1.0 + 1.9e-12, 1.0, True),
        (-1.0, -1.0 - 1.9e-12, True),
        (-1.0 - 1.9e-12, -1.0, True),
        (1e-319, 1.01e-319, True),
        (-1.0, 1.0, False),
        (0.0, 0.0 + 1e-12, False),
        (1e-12, 0.0, False),
        (sys.float_info.max, sys.float_info.max * (1 - 5e-13), True),
        (sys.float_info.max, sys.float_info.max * (1 - 1.5e-12), False),
        (5e-324, 1e-323, True),
        (5e-324, 0.0, True),
        (0.0, 5e-324, True),
        (1e-319, 2e-319, False),
        (1e-319, 0.0, False),
    ],
)
def test_almost_equal_is_a_share_of_the_sum(a: float, b: float, expected: bool) -> None:
    """Beside zero it is as good as nothing; and a sum that overflows is no reason to call all equal."""
    assert quantile._almost_equal(a, b) is expected


def test_the_share_is_upstreams() -> None:
    """promql/quantile.go, `smallDeltaTolerance`."""
    assert quantile.SMALL_DELTA == 1e-12


def test_buckets_are_gathered_to_histograms() -> None:
    """By all labels but the bound and the name; what has no bound, or none that is a number, is passed over."""
    given = {
        (("__name__", "b"), ("le", "1"), ("view", "a")): 1.0,
        (("le", "+Inf"), ("view", "a")): 2.0,
        (("le", "1"), ("view", "b")): 3.0,
        (("le", "NaN"), ("view", "a")): 4.0,
        (("le", "many"), ("view", "a")): 5.0,
        (("view", "a"),): 6.0,
    }
    assert quantile.histograms(given) == {
        (("view", "a"),): [(1.0, 1.0), (math.inf, 2.0)],
        (("view", "b"),): [(1.0, 3.0)],
    }
