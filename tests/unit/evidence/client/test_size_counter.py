"""Sizes of bodies beside a count of everything at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.client.size_counter import SizeCounter
from harness.evidence.client.summary import Sizes

BOUNDS = (0.0, 1.0, 64.0, 4096.0)


@given(st.lists(st.lists(st.integers(0, 5000), max_size=20), max_size=4))
def test_sizes_are_counted_however_they_come(tables: list[list[int]]) -> None:
    """Their number, their sum, and how many are at or below each bound."""
    counter = SizeCounter(BOUNDS)
    for each in tables:
        counter.add(np.array(each, dtype=np.int64))
    every = [size for each in tables for size in each]
    below = {bound: sum(size <= bound for size in every) for bound in BOUNDS}
    assert counter.sizes() == Sizes(len(every), sum(every), below)
