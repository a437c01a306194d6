"""What one layer of Python around a piece of work may take, by the run's own gaps between its two witnesses."""

from operator import attrgetter

from harness.checks.base import Facts
from harness.evidence.client.summary import ALL, Gaps

REFERENCE_ALLOWANCE = 1.5
"""How many times the reference the gap may be: the two enclose different layers of middleware, of like cost."""
FLOOR_S = 3e-5
"""What a layer's cost may differ by from view to view: longer labels, exception hooks, bodies. Measured: 7 us."""


def layer_s(reference: Gaps) -> float:
    """The most that a layer of Python around a piece of work may take on average, by the run's own reference."""
    return REFERENCE_ALLOWANCE * reference.mean_s + FLOOR_S


def longest_gap_s(facts: Facts) -> float:
    """The longest that a layer may have been held up in this run, by a thread switch or by other processes.

    A gap is part of its request, so none is longer than the slowest request of the views that do next to nothing, here
    the faster half; nor may it be shorter than those between the two witnesses.
    """
    inner = sorted(
        (facts.client.latency[key].inner for key in facts.client.latency if key != ALL), key=attrgetter("mean_s")
    )
    known = [values for values in inner if values.n]
    return max(
        facts.client.latency[ALL].gaps.largest_s, *(values.largest_s for values in known[: (len(known) + 1) // 2]), 0.0
    )
