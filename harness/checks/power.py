"""What a verdict with a tolerance could have seen, and how many requests it would take to see as much as is asked.

A PASS proves nothing about errors that could not have failed it. So each such verdict states the smallest error on
which it fails with a chance of 95 %, beside a limit of its check; a PASS that may miss an error of that limit is
one-sided, and says how many requests would do.
"""

from collections.abc import Callable
from dataclasses import replace

from harness.core.verdict import Power, Status, Strength, Verdict

MISS = 0.05
"""Chance that an error of the size that a verdict states is missed."""
MOST_TIMES = 2**14
"""Beyond this many times the requests of the run, no number counts as enough."""


NEAR_ENOUGH = 0.05
"""Share by which the number that is enough may be above the least."""


def weighed(verdict: Verdict, power: Power, sees: str, n: int, enough: Callable[[int], bool]) -> Verdict:
    """The verdict with its power; to a PASS it adds what it `sees`, and one that may miss too much is one-sided.

    `n` is how many requests were judged; `enough(times)` whether `times` as many would reach the limit.
    """
    if verdict.status is not Status.PASS:
        return replace(verdict, power=power)
    if power.reaches:
        return replace(verdict, power=power, why=f"{verdict.why}; {sees}")
    times = _fewest(enough)
    needed = None if times is None else times * n
    more = (
        "with these buckets more requests would not change that" if needed is None else f"it takes {needed:,} requests"
    )
    return replace(
        verdict,
        power=replace(power, needed=needed),
        why=f"{verdict.why}; {sees}, too little for a two-sided verdict: {more}",
        strength=Strength.ONE_SIDED,
    )


def _fewest(enough: Callable[[int], bool]) -> int | None:
    """Little more than the fewest times that are enough, when more are if fewer are; None above `MOST_TIMES`."""
    high = 2
    while not enough(high):
        if high >= MOST_TIMES:
            return None
        high *= 2
    low = high // 2
    while high - low > max(low * NEAR_ENOUGH, 1):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
