"""Points are columns, and pairs for whoever reads them one by one."""

import math

import numpy as np
import pytest

from harness.core.points import Block, Points, columns

PAIRS = ((1.0, 10.0), (2.5, 20.0), (4.0, math.inf))


def test_points_are_a_sequence_of_pairs() -> None:
    """By place, from the end, as a stretch, and all of them."""
    points = Points.of(PAIRS)
    assert (points[0], points[-1], len(points)) == (PAIRS[0], PAIRS[-1], 3)
    assert tuple(points) == PAIRS
    assert points == Points.of(PAIRS)
    assert points != Points.of(PAIRS[:2])
    assert [tuple(each) for each in (points[1:], points[1:][:1], points[5:])] == [PAIRS[1:], PAIRS[1:2], ()]
    assert hash(points) == hash(PAIRS)
    assert repr(points) == repr(PAIRS)
    assert Points.of(points) is points


def test_a_stretch_has_every_point() -> None:
    """Columns have no gaps."""
    with pytest.raises(ValueError, match="every one"):
        Points.of(PAIRS)[::2]


def test_a_block_knows_its_times_in_milliseconds() -> None:
    """Halves go to the even one, as for a single time."""
    seconds = np.array([0.0005, 0.0015, 1795453592.537])
    assert Block(seconds, np.zeros((3, 1))).ms.tolist() == [round(at * 1000) for at in seconds.tolist()]


def test_series_of_the_same_times_share_them() -> None:
    """In their own order; others stand alone."""
    first, other, second = columns([([1.0, 2.0], [1.0, 2.0]), ([1.0], [5.0]), ([1.0, 2.0], [3.0, 4.0])])
    assert first.block is second.block
    assert other.block is not first.block
    found = [tuple(each) for each in (first, other, second)]
    assert found == [((1.0, 1.0), (2.0, 2.0)), ((1.0, 5.0),), ((1.0, 3.0), (2.0, 4.0))]
    assert columns([]) == []
