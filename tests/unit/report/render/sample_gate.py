"""The report of a gate."""

from harness.core.report import Report
from harness.gate.decision import decide
from harness.gate.decision import report as gate_report
from tests.unit.gate.arms import PLAN, pairs


def gated(worse: float = 1.2) -> Report:
    """A gate in pairs, failed unless another ratio of latencies is given."""
    made = pairs(worse=worse)
    arms = [arm for pair in made for arm in (pair.base, pair.candidate)]
    return gate_report.report(
        decide(made, PLAN),
        gate="pairs",
        id="gate-1",
        started_s=0.0,
        profile="ci",
        scenario="mixed.py",
        measurements=arms,
    )
