"""Order statistics and limits, against scipy.stats and by what they promise."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from harness.core import statistics


@pytest.mark.parametrize(
    ("q", "n", "expected"),
    [
        (0.5, 1, 1),
        (0.5, 2, 1),
        (0.5, 3, 2),
        (0.95, 20, 19),
        (0.95, 21, 20),
        (0.99, 100, 99),
        (0.99, 101, 100),
        (0.0, 7, 1),
        (1.0, 7, 7),
        (0.07, 100, 7),
        (0.5247, 35_100_000, 18_416_970),
        (0.07, 1_000_000_000, 70_000_000),
    ],
)
def test_rank_is_the_smallest_that_covers_the_share(q: float, n: int, expected: int) -> None:
    """Products that floats miss by a rounding are ranks all the same."""
    assert statistics.rank(q, n) == expected


@given(st.integers(1, 9999), st.integers(1, 10_000_000_000))
def test_rank_is_exact_for_decimal_quantiles(tenthousandths: int, n: int) -> None:
    """As in rational arithmetic, at any size."""
    expected = max(math.ceil(Fraction(tenthousandths, 10_000) * n), 1)
    assert statistics.rank(tenthousandths / 10_000, n) == expected


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.sampled_from([0.5, 0.95, 0.99]))
def test_nearest_rank_covers_the_share_and_no_smaller_value_does(values: list[float], q: float) -> None:
    """The definition of the nearest rank."""
    ordered = sorted(values)
    found = statistics.nearest_rank(ordered, q)
    assert sum(value <= found for value in ordered) >= q * len(ordered) - 1e-9
    assert sum(value < found for value in ordered) < q * len(ordered)


@pytest.mark.parametrize(("q", "n"), [(0.5, 0), (-0.1, 5), (1.1, 5)])
def test_rank_refuses_what_has_none(q: float, n: int) -> None:
    """No values, or no quantile."""
    with pytest.raises(ValueError, match="no rank"):
        statistics.rank(q, n)


def test_exceedances_upper_is_kept_by_two_samples_of_one_law() -> None:
    """In simulated pairs of samples it is exceeded no more often than alpha allows."""
    random = np.random.default_rng(7)
    alpha, broken, rounds = 0.01, 0, 4000
    for _ in range(rounds):
        p = random.choice([0.0, 0.001, 0.01, 0.1])
        reference, sample = random.binomial(1500, p), random.binomial(300, p)
        broken += int(sample > statistics.exceedances_upper(int(reference), 1500, 300, alpha))
    assert broken / rounds <= alpha


@given(st.integers(0, 50), st.integers(50, 2000), st.integers(0, 2000))
def test_exceedances_upper_grows_with_what_was_seen(k: int, reference_n: int, n: int) -> None:
    """More seen beyond the limit allow more; never more than all."""
    fewer = statistics.exceedances_upper(k, reference_n, n, 1e-3)
    assert fewer <= n
    assert statistics.exceedances_upper(min(k + 5, reference_n), reference_n, n, 1e-3) >= fewer


@pytest.mark.parametrize(("k", "n", "alpha"), [(-1, 5, 0.1), (6, 5, 0.1), (0, 0, 0.1), (1, 5, 0.0), (1, 5, 1.0)])
def test_a_limit_of_impossible_counts_is_refused(k: int, n: int, alpha: float) -> None:
    """None is defined for them."""
    with pytest.raises(ValueError, match="no limit"):
        statistics.exceedances_upper(k, n, 5, alpha)


@given(st.floats(1e-12, 1 - 1e-12), st.sampled_from([1.0, 1.5, 3.0, 30.0, 1e5]))
def test_quantiles_are_scipys(p: float, df: float) -> None:
    """The normal law's and Student's."""
    assert statistics.normal_quantile(p) == pytest.approx(norm.ppf(p), rel=1e-9, abs=1e-12)
    assert statistics.student_t_quantile(p, df) == pytest.approx(t.ppf(p, df), rel=1e-9, abs=1e-12)


@given(st.floats(-50, 50), st.sampled_from([1.0, 4.0, 9.0, 19.0, 1e5]))
def test_students_tail_is_scipys(value: float, df: float) -> None:
    """And what the quantile leaves above it."""
    assert statistics.student_t_sf(value, df) == pytest.approx(t.sf(value, df), rel=1e-9, abs=1e-300)
    p = 0.005
    assert statistics.student_t_sf(statistics.student_t_quantile(1 - p, df), df) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(
    ("p", "df", "value"), [(0.95, 4, 2.132), (0.95, 9, 1.833), (0.995, 4, 4.604), (0.995, 9, 3.250), (0.8, 9, 0.883)]
)
def test_quantiles_are_those_of_the_printed_table(p: float, df: int, value: float) -> None:
    """Fisher and Yates, Statistical Tables, table III."""
    assert round(statistics.student_t_quantile(p, df), 3) == value


def test_students_tail_has_its_ends() -> None:
    """Nothing lies beyond infinity, all of it beyond minus infinity; endless freedom is the normal law's."""
    assert (statistics.student_t_sf(math.inf, 5), statistics.student_t_sf(-math.inf, 5)) == (0, 1)
    assert statistics.student_t_sf(1.96, math.inf) == pytest.approx(norm.sf(1.96), rel=1e-12)
    for value, df in ((math.nan, 5.0), (1.0, 0.0), (1.0, math.nan)):
        with pytest.raises(ValueError, match="no chance"):
            statistics.student_t_sf(value, df)


def test_student_with_endless_freedom_is_normal() -> None:
    """The limit is given, not NaN."""
    assert statistics.student_t_quantile(0.975, math.inf) == statistics.normal_quantile(0.975)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: statistics.normal_quantile(0),
        lambda: statistics.normal_quantile(math.nan),
        lambda: statistics.student_t_quantile(1, 3),
        lambda: statistics.student_t_quantile(0.5, 0),
        lambda: statistics.student_t_quantile(0.5, math.nan),
    ],
)
def test_impossible_arguments_are_refused(refused: Callable[[], object]) -> None:
    """With what was asked in the message."""
    with pytest.raises(ValueError, match=r"^no quantile for "):
        refused()


@pytest.mark.parametrize(
    ("n", "variance", "largest", "expected"),
    [(100, 4e-8, 0.01, 4.72220e-4), (100, 4e-8, 0.0, 7.43384e-5), (100, 0.0, 0.01, 4.60517e-4)],
    ids=["both terms", "the variance alone", "the largest value alone"],
)
def test_bernstein_by_hand(n: int, variance: float, largest: float, expected: float) -> None:
    """With L = ln 1000: (M L / 3 + sqrt((M L / 3)^2 + 2 n v L)) / n."""
    assert statistics.bernstein(n, variance, largest, 1e-3) == pytest.approx(expected, rel=2e-5)
