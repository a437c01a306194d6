"""Whether this machine's clock went on as it should: samples, scrapes and the window have its times."""

import time
from collections.abc import Callable

from harness.core.errors import LoadError

MOST_S = 0.25
"""A clock that is set anew is off by more; network time moves it by 0.5 ms a second without setting it."""
MOST_DRIFT = 0.001


class Watch:
    """Compares the clock with one that nobody can set, from now on."""

    def __init__(self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        """`steady` stands still while the machine sleeps, so a sleep is a step, too."""
        self._clock, self._steady = clock, steady
        self._begun_s, self._steady_s = clock(), steady()

    def check(self) -> None:
        """Raises LoadError that says by how much the clock was set, when it was."""
        passed_s = self._steady() - self._steady_s
        step_s = self._clock() - self._begun_s - passed_s
        if abs(step_s) > MOST_S + MOST_DRIFT * passed_s:
            raise LoadError(
                f"this machine's clock was set {'forward' if step_s > 0 else 'back'} by {abs(step_s):.1f} s during the "
                "run, or the machine slept, so the times of its samples are not true; run again while nobody sets it"
            )
