"""The regression gate: another witness, which emits the same verdicts as the checks. Pure; see docs/gate.md."""

from harness.gate.arm import Arm, Pair, ViewSample
from harness.gate.decision import Decision, decide, decide_stored
from harness.gate.endpoint import Endpoint, Kind
from harness.gate.plan import ALPHA, LEAST_JOBS, LEAST_PAIRS, Plan, off_plan

__all__ = [
    "ALPHA",
    "LEAST_JOBS",
    "LEAST_PAIRS",
    "Arm",
    "Decision",
    "Endpoint",
    "Kind",
    "Pair",
    "Plan",
    "ViewSample",
    "decide",
    "decide_stored",
    "off_plan",
]
