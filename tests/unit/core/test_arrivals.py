"""The plan of an open model: what is due when."""

import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.arrivals import LEAST_USERS, Arrivals

PLANS = st.builds(Arrivals, st.floats(0.1, 300), st.floats(0.1, 20), st.integers(1, 2**32))


@given(PLANS)
def test_arrivals_rise_and_end_with_the_plan(plan: Arrivals) -> None:
    """None is due before the start or after the end."""
    times_s = list(plan.times_s())
    assert times_s == sorted(times_s)
    assert all(0 < time_s < plan.duration_s for time_s in times_s)
    assert plan.planned == len(times_s)


@given(PLANS, st.integers(1, 7))
def test_the_shares_of_the_workers_make_up_the_plan(plan: Arrivals, parts: int) -> None:
    """Each arrival belongs to exactly one process, and each process gets as many but for one."""
    shares = [list(plan.share_s(part, parts)) for part in range(parts)]
    assert sorted(time_s for share in shares for time_s in share) == list(plan.times_s())
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_longer_plan_begins_with_the_shorter_one() -> None:
    """Beyond one chunk, too."""
    short, long = (list(Arrivals(500, duration_s, 3).times_s()) for duration_s in (5, 60))
    assert long[: len(short)] == short
    assert len(long) > 3 * 4096


def test_the_same_seed_gives_the_same_arrivals_and_another_seed_others() -> None:
    """So a run can be made again."""
    first, again, other = (list(Arrivals(50, 5, seed).times_s()) for seed in (1, 1, 2))
    assert first == again != other


def test_they_are_a_poisson_process() -> None:
    """Gaps between arrivals are exponential: their standard deviation is their mean, and the mean is 1/rate.

    Both have a standard error of 0.3 % and 0.6 % here; the seeds are fixed, so the test says the same each time.
    """
    times_s = list(Arrivals(1000, 100, 7).times_s())
    gaps_s = [after - before for before, after in itertools.pairwise(times_s)]
    assert statistics.mean(gaps_s) == pytest.approx(0.001, rel=0.02)
    assert statistics.stdev(gaps_s) == pytest.approx(0.001, rel=0.02)


@pytest.mark.parametrize(
    ("rate", "workers", "expected"), [(0.5, 1, LEAST_USERS), (200, 1, 200), (10.5, 1, 11), (1, 32, 32)]
)
def test_as_many_users_stand_ready_as_come_in_a_second(rate: float, workers: int, expected: int) -> None:
    """But never fewer than ten, nor than there are processes."""
    assert Arrivals(rate, 1, 1).users(workers) == expected
