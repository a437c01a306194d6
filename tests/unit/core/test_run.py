"""What a run says of the machine that it was made on."""

from dataclasses import replace

import pytest

from harness.core.run import MOST_SHARED_S
from tests.unit.checks.facts import RUN


@pytest.mark.parametrize(
    ("embedded", "stalled_s", "shared_s"),
    [(True, 0.02, 0.02), (True, None, 0.0), (True, 0.9, MOST_SHARED_S), (False, 0.02, 0.0)],
)
def test_a_stall_of_the_load_generator_is_shared_on_one_machine(
    embedded: bool, stalled_s: float | None, shared_s: float
) -> None:
    """A long one is its own, and on another machine each is."""
    run = replace(RUN, embedded=embedded, generator=replace(RUN.generator, stalled_s=stalled_s))
    assert run.shared_stall_s == shared_s
