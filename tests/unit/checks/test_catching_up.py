"""A counter that was behind: was it late, or is what it lacks lost?"""

import numpy as np
import pytest

from harness.checks.counts.running_counts import Counter, Miss, _catches_up
from harness.checks.running_bounds import Bounds

KEY = ("shop:cart", "GET", "200")
LEAST, MOST = (10.0, 20.0, 30.0), (12.0, 22.0, 32.0)
"""What had been answered and sent at three readings."""


@pytest.mark.parametrize(
    ("grown", "late"),
    [
        ((0.0, 20.0, 30.0), True),
        ((10.0, 10.0, 30.0), True),
        ((5.0, 10.0, 15.0), False),
        ((0.0, 12.0, 24.0), False),
        ((10.0, 20.0, 20.0), False),
    ],
)
def test_what_comes_late_makes_a_counter_grow_by_more_than_can_have_happened(
    grown: tuple[float, ...], late: bool
) -> None:
    """Twelve at most between two readings; what is lost never comes."""
    counter = Counter(
        "requests", "any_total", (), {KEY: np.array(grown)}, {KEY: Bounds(np.array(LEAST), np.array(MOST))}
    )
    behind = [
        Miss(least - value, KEY, place, least, MOST[place], value)
        for place, (value, least) in enumerate(zip(grown, LEAST, strict=True))
        if value < least
    ]
    assert _catches_up(counter, behind) is late


def test_a_series_that_is_not_there_is_not_late() -> None:
    """Nothing of it ever came."""
    counter = Counter("requests", "any_total", (), {}, {KEY: Bounds(np.array(LEAST), np.array(MOST))})
    assert not _catches_up(counter, [Miss(10.0, KEY, 0, 10.0, 12.0, 0.0)])
