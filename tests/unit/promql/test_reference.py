"""The reference functions on cases whose answer is known by hand; the real server is asked in tests/e2e."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import promql
from harness.promql import Dialect

OLD, NEW = Dialect.of("2.42.0+ds"), Dialect.of("3.5.0")
FLAT = [(float(t), 10.0 * t) for t in range(0, 61, 5)]


@pytest.mark.parametrize(
    ("version", "left_open", "threshold_first", "small_deltas_ignored"),
    [
        ("2.42.0", False, False, False),
        ("2.42.0+ds", False, False, False),
        ("2.48.1", False, False, False),
        ("2.49.0", False, False, True),
        ("2.50.1", False, False, True),
        ("2.51.0", False, True, True),
        ("2.55.1", False, True, True),
        ("3.0.0-rc.1", True, True, True),
        ("v3.5.0", True, True, True),
        ("3.14.0", True, True, True),
    ],
)
def test_each_version_has_its_dialect(
    version: str, left_open: bool, threshold_first: bool, small_deltas_ignored: bool
) -> None:
    """The changes came with 2.49, 2.51 and 3.0."""
    assert Dialect.of(version) == Dialect(left_open, threshold_first, small_deltas_ignored)


@pytest.mark.parametrize("version", ["", "unknown", "three.five"])
def test_an_unknown_version_is_refused(version: str) -> None:
    """A prediction for an unknown server would be a guess."""
    with pytest.raises(ValueError, match="is not a Prometheus version"):
        Dialect.of(version)


def test_a_steady_counter_has_its_rate() -> None:
    """Ten a second, whatever the dialect."""
    for dialect in (OLD, NEW):
        assert promql.rate(FLAT, 60, 30, dialect) == pytest.approx(10)


def test_a_range_that_begins_at_a_sample_differs_by_dialect() -> None:
    """Before 3.0 the sample at the start is in the range."""
    assert len(promql.select_range(FLAT, 60, 30, OLD)) == 7
    assert len(promql.select_range(FLAT, 60, 30, NEW)) == 6


def test_one_sample_gives_no_result() -> None:
    """Neither rate nor increase guesses from one."""
    assert promql.rate(FLAT[:1], 60, 300, OLD) is None
    assert promql.increase([], 60, 300, NEW) is None


def test_a_reset_is_added_back() -> None:
    """100, 110, 5, 15 grew by 10, 5 and 10."""
    points = [(0.0, 100.0), (10.0, 110.0), (20.0, 5.0), (30.0, 15.0)]
    assert promql.increase(points, 30, 30, OLD) == pytest.approx(25)


def test_a_young_counter_is_not_stretched_before_its_birth() -> None:
    """A counter that would have been zero a second before its first sample is stretched by that second only."""
    points = [(50.0, 1.0), (60.0, 11.0)]
    assert promql.increase(points, 60, 60, OLD) == pytest.approx(10 * (10 + 1) / 10)


def test_the_order_of_clamp_and_threshold_differs_by_dialect() -> None:
    """They differ when zero lies between half a step and the threshold before the first sample."""
    points = [(40.0, 8.0), (50.0, 18.0), (60.0, 28.0)]
    assert promql.increase(points, 60, 60, OLD) == pytest.approx(20 * (20 + 8) / 20)
    assert promql.increase(points, 60, 60, NEW) == pytest.approx(20 * (20 + 5) / 20)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=20), st.booleans())
def test_increase_never_falls_short_of_what_the_samples_grew(steps: list[int], new: bool) -> None:
    """Extrapolation only adds."""
    points, value = [], 0.0
    for index, step in enumerate(steps):
        value += step
        points.append((10.0 * index + 1, value))
    end_s = points[-1][0] + 3
    grown = promql.increase(points, end_s, end_s, NEW if new else OLD)
    assert grown is not None
    assert grown >= points[-1][1] - points[0][1] - 1e-9


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
    "points",
    [[(1.0, 1.0), (1.0001, 2.0)], [(1.0, 1.0), (3.0, 2.0), (2.0, 3.0)]],
    ids=["one millisecond", "falling time"],
)
def test_samples_that_no_server_can_hold_are_refused(points: list[tuple[float, float]]) -> None:
    """A damaged record is an error, not a division by zero or a wrong figure."""
    with pytest.raises(ValueError, match="samples must rise in time"):
        promql.rate(points, 4, 4, NEW)


@pytest.mark.parametrize(
    ("matchers", "exact", "expected"),
    [
        ("", None, "up{}"),
        ('job="django"', None, 'up{job="django"}'),
        ("", {"view": "work:fast"}, 'up{view="work:fast"}'),
        ('job="django"', {"view": "a", "method": "GET"}, 'up{job="django",view="a",method="GET"}'),
        (' job=~"a|b", ', {"view": "a"}, 'up{job=~"a|b",view="a"}'),
        ("", {"view": 'a"b\\c\nd\ufffd'}, 'up{view="a\\"b\\\\c\\nd\\ufffd"}'),
    ],
)
def test_selectors_join_text_and_exact_labels(matchers: str, exact: dict[str, str] | None, expected: str) -> None:
    """A trailing comma is PromQL too; values are quoted."""
    assert promql.selector("up", matchers, exact) == expected
    assert promql.raw("up", matchers, 0.5, exact) == f"{expected}[500ms]"


@pytest.mark.parametrize("name", ["", "1a", "a-b", 'a="x",b'])
def test_a_label_name_cannot_smuggle_a_matcher(name: str) -> None:
    """What is no name is refused."""
    with pytest.raises(ValueError, match="is not a label name"):
        promql.selector("up", "", {name: "x"})


def test_query_texts() -> None:
    """Selectors and durations as Prometheus reads them."""
    assert promql.raw("up", 'job="django"', 25.001) == 'up{job="django"}[25001ms]'
    assert promql.selector("up", "") == "up{}"
    with pytest.raises(ValueError, match="no PromQL duration"):
        promql.duration(0)
