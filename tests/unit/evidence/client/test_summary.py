"""The longest time for which a layer may have been held up, from runs made by hand."""

import pytest

from harness.evidence.client.summary import ALL, Latency, ViewKey, longest_gap_s
from harness.evidence.moments import PAUSE_S
from tests.unit.checks.facts import gaps, latency, values


def run(**views: list[float]) -> dict[ViewKey, Latency]:
    """The inner witnesses of each view, with gaps of 0.1 ms."""
    found = {(name, "GET"): latency(values(*each), values(*each), gaps(1e-4)) for name, each in views.items()}
    every = [value for each in views.values() for value in each]
    return {**found, ALL: latency(values(*every), values(*every), gaps(1e-4))}


FAST, SLOW = [0.0005] * 50, [0.03] * 50


@pytest.mark.parametrize(
    ("views", "longest_s"),
    [
        pytest.param({"fast": FAST, "slow": SLOW}, 0.0005, id="the fast view"),
        pytest.param({"fast": [*FAST, 0.02], "slow": SLOW}, 0.02, id="a stall in it"),
        pytest.param({"rare": [0.0002, 0.0003, 0.02], "slow": SLOW}, 0.02, id="a stall in one with three requests"),
        pytest.param(
            {"fast": FAST, "rare": [0.0002, 0.0003, 0.0004, 0.4], "slow": SLOW, "slower": [0.05] * 50},
            0.4,
            id="a stall that makes its view the slowest by the mean",
        ),
        pytest.param(
            {"fast": FAST, "cached": [0.0001] * 30 + [0.3] * 20, "a": [0.002] * 50, "b": SLOW},
            0.002,
            id="a view that is slow at times is no place to look",
        ),
        pytest.param({"slow": SLOW}, PAUSE_S, id="no view is fast"),
        pytest.param({"slow": SLOW, "slower": [0.05] * 50}, PAUSE_S, id="nor the faster half"),
    ],
)
def test_stalls_are_looked_for_in_views_that_do_next_to_nothing(
    views: dict[str, list[float]], longest_s: float
) -> None:
    """Wherever one struck, by what the view takes at most nine times of ten."""
    assert longest_gap_s(run(**views), 0.0) == longest_s


def test_what_stood_still_beside_the_target_counts() -> None:
    """Where it was longer than all that the target's own answers show."""
    assert longest_gap_s(run(fast=FAST, slow=SLOW), 0.025) == 0.025
    assert longest_gap_s(run(fast=[*FAST, 0.04], slow=SLOW), 0.025) == 0.04
