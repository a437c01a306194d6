"""The arithmetic of the gate, against scipy and by what it promises."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_ind, ttest_rel

from harness.gate.decision import contrast

VALUES = st.lists(st.floats(-5, 5), min_size=5, max_size=12)
SHIFTS = st.floats(-3, 3)


@given(VALUES, st.integers(0, 2**32 - 1))
def test_the_paired_t_is_scipys(base: list[float], seed: int) -> None:
    """Effect, p-value and interval, where the spread is above the floor."""
    candidate = (np.array(base) + np.random.default_rng(seed).normal(0.1, 1, len(base))).tolist()
    found = contrast.paired(base, candidate, 0.0)
    reference = ttest_rel(candidate, base, alternative="greater")
    assert found.effect == pytest.approx(np.mean(candidate) - np.mean(base), abs=1e-9)
    assert found.p_value == pytest.approx(reference.pvalue, rel=1e-6, abs=1e-12)
    assert found.low == pytest.approx(reference.confidence_interval(0.95).low, rel=1e-9, abs=1e-9)
    assert found.df == len(base) - 1


@given(VALUES, VALUES)
def test_the_stored_t_is_scipys(base: list[float], candidate: list[float]) -> None:
    """With pooled variance."""
    assume(np.std(base) + np.std(candidate) > 1e-3)
    found = contrast.stored(base, candidate, 0.0)
    reference = ttest_ind(candidate, base, equal_var=True, alternative="greater")
    assert found.p_value == pytest.approx(reference.pvalue, rel=1e-6, abs=1e-12)
    assert found.low == pytest.approx(reference.confidence_interval(0.95).low, rel=1e-7, abs=1e-9)


def test_one_candidate_is_a_prediction() -> None:
    """The standard error is s sqrt(1 + 1/N), with the base's own spread."""
    base = [0.0, 0.1, 0.2, 0.1, 0.05, 0.15, 0.1, 0.0, 0.2, 0.1]
    found = contrast.stored(base, [0.3], 0.0)
    assert found.se == pytest.approx(np.std(base, ddof=1) * math.sqrt(1.1))
    assert found.df == 9


@given(VALUES, VALUES)
def test_what_is_worse_one_way_is_better_the_other(base: list[float], candidate: list[float]) -> None:
    """Exchanging the sides turns the effect and its interval round."""
    for compare in (contrast.paired, contrast.stored):
        k = min(len(base), len(candidate))
        there, back = compare(base[:k], candidate[:k], 1e-4), compare(candidate[:k], base[:k], 1e-4)
        assert there.effect == pytest.approx(-back.effect, abs=1e-12)
        assert there.low == pytest.approx(-back.high, abs=1e-9)
        assert there.p_value + back.p_value == pytest.approx(1, abs=1e-9)


@given(VALUES, VALUES, SHIFTS)
def test_the_unit_of_measurement_does_not_matter(base: list[float], candidate: list[float], shift: float) -> None:
    """A factor on all latencies is a shift of all logarithms, and changes nothing but the base."""
    for compare in (contrast.paired, contrast.stored):
        k = min(len(base), len(candidate))
        plain = compare(base[:k], candidate[:k], 1e-4)
        moved = compare([y + shift for y in base[:k]], [y + shift for y in candidate[:k]], 1e-4)
        assert moved.effect == pytest.approx(plain.effect, abs=1e-9)
        assert moved.se == pytest.approx(plain.se, rel=1e-6)
        assert moved.base == pytest.approx(plain.base + shift, abs=1e-9)


@given(VALUES, st.floats(0.001, 2))
def test_a_slower_candidate_is_more_significant(base: list[float], more: float) -> None:
    """With the spread unchanged, p falls as the effect grows."""
    candidate = [y + 0.1 * index for index, y in enumerate(base)]
    one = contrast.paired(base, candidate, 1e-4)
    two = contrast.paired(base, [y + more for y in candidate], 1e-4)
    assert two.p_value <= one.p_value
    assert two.high > one.high


@given(VALUES, VALUES, st.floats(1e-6, 4))
def test_the_floor_only_widens(base: list[float], candidate: list[float], floor: float) -> None:
    """No spread below it is believed, and none above it is changed."""
    for compare in (contrast.paired, contrast.stored):
        k = min(len(base), len(candidate))
        plain, floored = compare(base[:k], candidate[:k], 0.0), compare(base[:k], candidate[:k], floor)
        assert floored.se >= plain.se
        unit = 1 / k if compare is contrast.paired else 2 / k
        assert floored.se >= math.sqrt(floor * unit) * (1 - 1e-12)


def test_identical_runs_prove_nothing_beyond_the_floor() -> None:
    """A spread of zero is luck, not certainty."""
    found = contrast.paired([1.0] * 10, [1.0] * 10, contrast.LEAST_SD**2)
    assert found.se == pytest.approx(0.005 / math.sqrt(10))
    assert found.p_value == 0.5


@pytest.mark.parametrize(("alpha", "endpoints", "df"), [(0.005, 4, 4), (0.005, 4, 9), (0.01, 26, 9)])
def test_the_detectable_effect_is_the_formula(alpha: float, endpoints: int, df: int) -> None:
    """(t(1 - alpha/m, df) + t(.8, df)) * se, from scipy."""
    found = contrast.Contrast(0.0, 0.0, 0.02, df)
    expected = (student.ppf(1 - alpha / endpoints, df) + student.ppf(0.8, df)) * 0.02
    assert found.detectable(alpha, endpoints) == pytest.approx(expected, rel=1e-9)


def test_the_detectable_effect_is_detected_about_as_often_as_promised() -> None:
    """Simulated: a true effect of that size, at the true spread, is significant in about 80 % of the gates."""
    random = np.random.default_rng(3)
    k, alpha, rounds = 10, 0.005, 4000
    true = contrast.Contrast(0.0, 0.0, 1 / math.sqrt(k), k - 1).detectable(alpha, 1)
    hits = 0
    for _ in range(rounds):
        found = contrast.paired([0.0] * k, random.normal(true, 1, k).tolist(), 0.0)
        hits += found.p_value <= alpha
    assert 0.75 <= hits / rounds <= 0.85


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([0.001, 0.01, 0.03, 0.04], [True, True, False, False]),
        ([0.04, 0.03, 0.01, 0.001], [False, False, True, True]),
        ([0.0125, 0.0166, 0.025, 0.05], [True, True, True, True]),
        ([0.013, 0.001, 0.001, 0.001], [True, True, True, True]),
        ([0.013, 0.9, 0.9, 0.9], [False, False, False, False]),
        ([math.nan, 0.001, math.nan], [False, True, False]),
        ([math.nan], [False]),
        ([], []),
    ],
    ids=[
        "stops at the first that is too large",
        "any order",
        "each at its limit",
        "the last gets all",
        "none",
        "NaN",
        "only NaN",
        "nothing",
    ],
)
def test_holm_rejects_step_by_step(p_values: list[float], expected: list[bool]) -> None:
    """At 0.05 together; worked by hand from Holm 1979."""
    assert list(contrast.holm(p_values, 0.05)) == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=26), st.floats(0.001, 0.2))
def test_holm_lies_between_bonferroni_and_no_correction(p_values: list[float], alpha: float) -> None:
    """It rejects all that Bonferroni does and nothing above alpha, and the smaller p first."""
    rejected = contrast.holm(p_values, alpha)
    for p, out in zip(p_values, rejected, strict=True):
        assert out or p > alpha / len(p_values)
        assert not out or p <= alpha
    worst = max((p for p, out in zip(p_values, rejected, strict=True) if out), default=-1)
    assert all(out or p >= worst for p, out in zip(p_values, rejected, strict=True))


def test_too_few_have_no_spread() -> None:
    """They are refused, not taken for certain."""
    with pytest.raises(ValueError, match="no spread"):
        contrast.paired([1.0], [2.0], 0.0)
    with pytest.raises(ValueError, match="no spread"):
        contrast.stored([1.0], [2.0], 0.0)
    with pytest.raises(ValueError, match="no spread"):
        contrast.stored([1.0, 2.0, 3.0], [], 0.0)
