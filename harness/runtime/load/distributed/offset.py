"""How far a worker's clock is from the run's: by the question and answer that took least, before and after a load.

The run read its clock at some moment between the question and its answer, so the offset lies within half of the round
trip of the middle. Source: RFC 5905, section 8 (the offset of one exchange, and the filter by least delay).
"""

from collections.abc import Callable
from dataclasses import dataclass

ASKS = 8
"""Questions of one measurement."""


@dataclass(frozen=True, slots=True)
class Offset:
    """The worker's clock minus the run's, in seconds."""

    least_s: float
    most_s: float

    @property
    def middle_s(self) -> float:
        """The likeliest."""
        return (self.least_s + self.most_s) / 2

    @property
    def error_s(self) -> float:
        """By how much the middle may be wrong."""
        return (self.most_s - self.least_s) / 2

    def and_also(self, other: "Offset") -> "Offset":
        """Both were true at one time or another: a clock drifts, and may be set."""
        return Offset(min(self.least_s, other.least_s), max(self.most_s, other.most_s))

    def around(self, middle_s: float) -> float:
        """By how much an offset of `middle_s` may be wrong."""
        return max(self.most_s - middle_s, middle_s - self.least_s)


def measure(ask: Callable[[], float], clock: Callable[[], float], asks: int = ASKS) -> Offset:
    """The narrowest of several answers; `ask` is the run's clock."""
    return min((_once(ask, clock) for _ in range(asks)), key=lambda each: each.error_s)


def _once(ask: Callable[[], float], clock: Callable[[], float]) -> Offset:
    asked_s = clock()
    time_s = ask()
    return Offset(asked_s - time_s, clock() - time_s)
