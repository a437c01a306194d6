"""What a verdict could have seen, and when that is too little for a two-sided one."""

from collections.abc import Callable

import pytest

from harness.checks import power
from harness.checks.base import settled
from harness.core.codes import Code
from harness.core.verdict import Power, Status, Strength

PASSED = settled("timer-span", "shop:cart GET", Code.AGREES, "it holds", strength=Strength.WITNESS)
FAILED = settled("timer-span", "shop:cart GET", Code.TOO_LOW, "it does not", strength=Strength.WITNESS)


def never(_: int) -> bool:
    return False


def test_a_verdict_that_sees_its_limit_stays_as_strong_as_it_was() -> None:
    """And says what it sees."""
    found = power.weighed(PASSED, Power(0.01, 0.01, "s"), "10 ms would show", 7, never)
    assert (found.strength, found.why) == (Strength.WITNESS, "it holds; 10 ms would show")
    assert found.power == Power(0.01, 0.01, "s")


@pytest.mark.parametrize("detectable", [0.011, None])
@pytest.mark.parametrize(
    ("enough", "needed"),
    [
        pytest.param(lambda times: times >= 2, 14, id="twice as many"),
        pytest.param(lambda times: times >= 13, 91, id="the fewest times, not the next power of two"),
        pytest.param(never, None, id="no number"),
    ],
)
def test_a_pass_that_sees_too_little_is_one_sided(
    detectable: float | None, enough: Callable[[int], bool], needed: int | None
) -> None:
    """It says how many requests would do; it stays a PASS."""
    found = power.weighed(PASSED, Power(detectable, 0.01, "s"), "11 ms would show", 7, enough)
    assert (found.status, found.strength) == (Status.PASS, Strength.ONE_SIDED)
    assert found.power == Power(detectable, 0.01, "s", needed)
    assert ("more requests would not change that" in found.why) == (needed is None)
    assert needed is None or f"it takes {needed} requests" in found.why


def test_a_failure_is_as_strong_as_what_it_found() -> None:
    """Whatever it could have missed."""
    found = power.weighed(FAILED, Power(None, 0.01, "s"), "nothing would show", 7, never)
    assert (found.strength, found.why) == (FAILED.strength, FAILED.why)
