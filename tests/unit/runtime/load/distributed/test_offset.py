"""The offset of two clocks, by clocks of which the truth is known."""

import random

import pytest

from harness.runtime.load.distributed import offset
from harness.runtime.load.distributed.offset import Offset


@pytest.mark.parametrize("truth_s", [0.0, 3600.0, -0.25])
def test_the_truth_lies_within_the_error(truth_s: float) -> None:
    """However unequal the ways there and back are."""
    dice, now_s = random.Random(7), [1_000.0]

    def ask() -> float:
        now_s[0] += dice.expovariate(200)
        answer = now_s[0]
        now_s[0] += dice.expovariate(20)
        return answer

    for _ in range(200):
        found = offset.measure(ask, lambda: now_s[0] + truth_s)
        assert abs(found.middle_s - truth_s) <= found.error_s + 1e-9


def test_the_quickest_answer_is_taken() -> None:
    """The others know less."""
    times = iter([0.0, 9.0, 10.0, 10.2, 20.0, 24.0])
    found = offset.measure(lambda: 5.0, lambda: next(times), asks=3)
    assert (found.least_s, found.most_s) == pytest.approx((5.0, 5.2))


def test_a_clock_that_was_set_between_two_measurements_is_known_no_better() -> None:
    """Some samples have the one offset, some the other."""
    both = Offset(1.0, 1.2).and_also(Offset(-0.1, 0.1))
    assert both == Offset(-0.1, 1.2)
    assert both.around(1.1) == pytest.approx(1.2)
