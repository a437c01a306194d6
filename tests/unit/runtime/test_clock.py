"""A clock that is set during a run."""

import pytest

from harness.core.errors import ExitCode, LoadError
from harness.runtime import clock


class Clocks:
    """Two clocks that go as a test wants."""

    def __init__(self) -> None:
        self.wall_s, self.steady_s = 1.7e9, 5.0

    def pass_by(self, seconds: float, step_s: float = 0.0) -> None:
        self.steady_s += seconds
        self.wall_s += seconds + step_s


@pytest.mark.parametrize(
    ("step_s", "said"), [(3600.0, "forward by 3600.0 s"), (-1.5, "back by 1.5 s"), (0.5, "forward")]
)
def test_a_clock_that_is_set_is_no_verdict(step_s: float, said: str) -> None:
    """Neither a pass nor a fail, and the error says by how much."""
    clocks = Clocks()
    watch = clock.Watch(lambda: clocks.wall_s, lambda: clocks.steady_s)
    clocks.pass_by(15.0)
    clocks.pass_by(1.0, step_s)
    with pytest.raises(LoadError, match=said) as caught:
        watch.check()
    assert caught.value.exit_code is ExitCode.INCONCLUSIVE
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("seconds", "step_s"), [(15.0, 0.0), (15.0, 0.2), (3600.0, 1.8), (3600.0, -1.8)])
def test_a_clock_that_network_time_moves_is_right(seconds: float, step_s: float) -> None:
    """At most half a millisecond a second."""
    clocks = Clocks()
    watch = clock.Watch(lambda: clocks.wall_s, lambda: clocks.steady_s)
    clocks.pass_by(seconds, step_s)
    watch.check()


def test_the_machine_s_own_clock_goes_on() -> None:
    """As far as anybody knows."""
    clock.Watch().check()
