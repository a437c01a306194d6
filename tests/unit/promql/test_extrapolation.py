"""`rate()` and its kin on samples whose answer is known by hand; the real server is asked in tests/e2e."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import promql
from harness.promql import Dialect, Point
from harness.promql._time import in_ms, in_s

OLD, NEW = Dialect.of("2.42.0+ds"), Dialect.of("3.5.0")
FLAT = [(float(t), 10.0 * t) for t in range(0, 61, 5)]


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
    "points",
    [[(1.0, 1.0), (1.0001, 2.0)], [(1.0, 1.0), (3.0, 2.0), (2.0, 3.0)]],
    ids=["one millisecond", "falling time"],
)
def test_samples_that_no_server_can_hold_are_refused(points: list[tuple[float, float]]) -> None:
    """A damaged record is an error, not a division by zero or a wrong figure."""
    with pytest.raises(ValueError, match="samples must rise in time"):
        promql.rate(points, 4, 4, NEW)


def test_times_are_in_milliseconds() -> None:
    """Rounded to the nearest; and back as Go has it, where a division by 1000 differs in the last digit."""
    assert (in_ms(1.0004), in_ms(1.0006), in_ms(-0.0006)) == (1000, 1001, -1)
    assert (in_s(1500), in_s(-500), in_s(0)) == (1.5, -0.5, 0.0)
    differ = [ms for ms in range(0, 100_000, 7) if in_s(ms) != ms / 1000]
    assert all(in_s(ms) == pytest.approx(ms / 1000, rel=1e-15) for ms in differ)


@pytest.mark.parametrize("dialect", [OLD, NEW])
def test_a_range_ends_with_the_sample_at_its_end(dialect: Dialect) -> None:
    """And holds nothing of what comes after, to the millisecond."""
    points = [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (3.001, 4.0)]
    assert promql.select_range(points, 3.0, 1.5, dialect) == [(2000, 2.0), (3000, 3.0)]
    assert promql.select_range(points, 3.0004, 0.9, dialect) == [(3000, 3.0)]


@pytest.mark.parametrize("dialect", [OLD, NEW])
@pytest.mark.parametrize(
    ("before_s", "after_s", "stretched_s"),
    [
        (0, 0, 20),
        (10.999, 0, 30.999),
        (11, 0, 25),
        (20, 0, 25),
        (0, 10.999, 30.999),
        (0, 11, 25),
        (0, 20, 25),
        (10, 10, 40),
        (20, 20, 30),
    ],
)
def test_a_gap_at_an_edge_is_bridged_up_to_eleven_tenths_of_a_step(
    dialect: Dialect, before_s: float, after_s: float, stretched_s: float
) -> None:
    """Whole below that, else by half a step: three samples ten seconds apart, of a counter far from zero."""
    points = [(100.0, 1000.0), (110.0, 1010.0), (120.0, 1020.0)]
    range_s, end_s = before_s + 20 + after_s + 1e-9, 120 + after_s
    if dialect.left_open and not before_s:
        return  # the first sample lies exactly on the start, and is not seen
    assert promql.increase(points, end_s, range_s, dialect) == pytest.approx(stretched_s, rel=1e-6)
    assert promql.delta(points, end_s, range_s, dialect) == pytest.approx(stretched_s, rel=1e-6)
    assert promql.rate(points, end_s, range_s, dialect) == pytest.approx(stretched_s / range_s, rel=1e-6)


@pytest.mark.parametrize("dialect", [OLD, NEW])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.0, 10.0), 10.0),  # it was zero at its first sample
        ((2.0, 12.0), 12.0),  # and two seconds before it
        ((-2.0, 8.0), 10 * 18 / 10),  # below zero there is nothing to clamp at
        ((-0.5, 9.5), 10 * 18 / 10),
        ((0.0, 0.5), 0.5),  # however little it grows
        ((0.0, 0.0), 0.0),  # and what does not grow was never zero
        ((5.0, 5.0), 0.0),
        ((8.0, 2.0), 2 * (10 + 8) / 10),  # from 8 it began again at 0
    ],
)
def test_a_counter_is_not_stretched_beyond_zero(dialect: Dialect, values: tuple[float, float], expected: float) -> None:
    """Two samples ten seconds apart, eight seconds after the start."""
    points = [(8.0, values[0]), (18.0, values[1])]
    assert promql.increase(points, 18, 18, dialect) == pytest.approx(expected)


def test_delta_takes_a_fall_for_a_fall() -> None:
    """And is not clamped at zero, for a gauge may be less."""
    points = [(8.0, 12.0), (18.0, 2.0)]
    assert promql.delta(points, 18, 18, NEW) == pytest.approx(-10 * 18 / 10)
    assert promql.delta([(8.0, 0.0), (18.0, 10.0)], 18, 18, NEW) == pytest.approx(18)
    assert promql.delta(points[:1], 18, 18, NEW) is None


def test_irate_is_the_growth_of_the_newest_two() -> None:
    """In 1/s, whatever lies before them, and from zero after a reset; a value that stays is no reset."""
    points = [(1.0, 1.0), (2.0, 100.0), (2.5, 101.0)]
    assert promql.irate(points, 3, 3, NEW) == pytest.approx(2)
    assert promql.irate([(1.0, 7.0), (3.0, 3.0)], 3, 3, NEW) == pytest.approx(1.5)
    assert promql.irate([(1.0, 7.0), (3.0, 7.0)], 3, 3, NEW) == 0
    assert promql.irate(points, 3, 0.7, NEW) is None


def test_two_samples_are_enough() -> None:
    """One is not."""
    points: list[Point] = [(1.0, 1.0), (2.0, 3.0)]
    assert promql.increase(points, 2, 2, NEW) == pytest.approx(3)
    assert promql.increase(points, 2, 0.5, NEW) is None


def test_two_samples_of_one_time_are_refused() -> None:
    """They would make a step of nothing."""
    with pytest.raises(ValueError, match="3000 ms follows 3000 ms"):
        promql.increase([(1.0, 1.0), (3.0, 2.0), (3.0, 3.0)], 4, 4, NEW)


def test_the_rate_is_the_increase_over_the_range_in_whole_milliseconds() -> None:
    """As Prometheus keeps it."""
    points = [(1.0, 1.0), (2.0, 3.0)]
    grown = promql.increase(points, 2, 1.5, NEW)
    assert grown is not None
    assert promql.rate(points, 2, 1.5, NEW) == pytest.approx(grown / 1.5)
