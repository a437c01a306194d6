"""How busy a command is, by real processes."""

import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from harness.runtime.load import command_watch
from harness.runtime.load.command_watch import Watch

SPINS = "while True: pass"


def watched(watch: Watch, *texts: str) -> None:
    """Look three times at some programs."""
    processes = [subprocess.Popen([sys.executable, "-c", text]) for text in texts]
    try:
        for _ in range(3):
            watch.look(lambda: [each.pid for each in processes])
            time.sleep(command_watch.LOOK_EVERY_S + 0.05)
    finally:
        for each in processes:
            each.kill()
            each.wait()


def test_a_thread_that_never_rests_is_busy_however_many_cores_there_are() -> None:
    """And one that sleeps is not; a machine that is busy itself gives less."""
    spinning, idle = Watch(cores=64), Watch(cores=64)
    watched(spinning, SPINS)
    watched(idle, "import time; time.sleep(60)")
    assert spinning.cpu_ratio is not None
    assert idle.cpu_ratio is not None
    assert spinning.cpu_ratio > 0.1 > idle.cpu_ratio


def test_one_look_says_nothing() -> None:
    watch = Watch()
    watch.look(lambda: [1])
    watch.look(lambda: [1])
    assert watch.cpu_ratio is None
    assert (watch.lag_s, watch.stalled_s) == (None, None)


@pytest.mark.parametrize(
    ("late_s", "lag_s", "stalled_s"),
    [([0.0] * 99 + [2.0], 0.0, 2.0), ([0.2] * 10, 0.2, 0.2), ([-0.1], 0.0, 0.0)],
)
def test_lags_are_by_how_much_a_wait_was_longer(late_s: Sequence[float], lag_s: float, stalled_s: float) -> None:
    """Their 95th percentile, and the longest."""
    watch = Watch()
    for each in late_s:
        watch.slept(1.0, 1.0 + each)
    assert watch.lag_s == pytest.approx(lag_s)
    assert watch.stalled_s == pytest.approx(stalled_s)


def test_work_of_all_processes_counts_where_they_share_it() -> None:
    """More of all cores than any thread has of one."""
    before = command_watch._Look(0.0, 0.0, {"1": 0.0, "2": 0.0})
    now = command_watch._Look(1.0, 1.6, {"1": 0.3, "2": 0.3})
    assert command_watch._ratio(before, now, 2) == pytest.approx(0.8)
    assert command_watch._ratio(before, now, 8) == pytest.approx(0.3)
