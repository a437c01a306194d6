"""The regression gate: another witness, which emits the same verdicts as the checks. Pure; see docs/gate.md."""

from harness.gate.decision.endpoint import Endpoint, Kind
from harness.gate.decision.judgement import Decision, decide, decide_stored
from harness.gate.decision.measurement import Measurement, Pair, ViewSample
from harness.gate.decision.plan import ALPHA, LEAST_JOBS, LEAST_PAIRS, Plan, off_plan

__all__ = [
    "ALPHA",
    "LEAST_JOBS",
    "LEAST_PAIRS",
    "Decision",
    "Endpoint",
    "Kind",
    "Measurement",
    "Pair",
    "Plan",
    "ViewSample",
    "decide",
    "decide_stored",
    "off_plan",
]
