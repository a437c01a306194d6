"""What one layer of Python around a piece of work may take, by the run's own gaps between its two witnesses."""

from harness.checks.base import Facts
from harness.evidence.client import summary
from harness.evidence.client.summary import Gaps

REFERENCE_ALLOWANCE = 1.5
"""How many times the reference the gap may be: the two enclose different layers of middleware, of like cost."""
SPARE = 1
"""How many gaps of one histogram may be longer than the longest that was seen elsewhere."""
FLOOR_S = 3e-5
"""What a layer's cost may differ by from view to view: longer labels, exception hooks, bodies. Measured: 7 us."""


def layer_s(reference: Gaps) -> float:
    """The most that a layer of Python around a piece of work may take on average, by the run's own reference."""
    return REFERENCE_ALLOWANCE * reference.mean_s + FLOOR_S


def longest_gap_s(facts: Facts) -> float:
    """The longest that a layer may have been held up in this run."""
    return summary.longest_gap_s(facts.client.latency, facts.run.shared_stall_s)


def longest_seen_s(facts: Facts) -> float:
    """The longest by the target's own answers, whatever the load generator met beside it."""
    return summary.longest_gap_s(facts.client.latency, 0.0)
