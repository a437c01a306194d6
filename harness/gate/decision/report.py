"""Decision -> report, the same as a run's, so that every format and exit code serves both."""

from collections.abc import Mapping, Sequence

from harness.core.codes import FindingCode
from harness.core.outcome import EXIT_CODES
from harness.core.report import REPORT_SCHEMA, Report
from harness.core.verdict import Finding
from harness.gate.decision.judgement import Decision
from harness.gate.decision.measurement import Measurement

STORED = Finding(
    FindingCode.STORED_BASELINE,
    "",
    "a stored baseline on an ordinary shared runner is inconclusive most of the time, and honestly so: machines differ "
    "from job to job by more than most regressions. Run base and candidate beside each other in pairs to know",
    "gate-comparable",
)


def report(
    decision: Decision,
    *,
    gate: str,
    id: str,
    started_s: float,
    profile: str,
    scenario: str,
    arms: Sequence[Measurement],
) -> Report:
    """The report of a gate that compared `arms`; `gate` is `pairs` or `stored`."""
    return Report(
        schema_version=REPORT_SCHEMA,
        run_id=id,
        status=decision.status,
        exit_code=EXIT_CODES[decision.status],
        profile=profile,
        scenario=scenario,
        fault="",
        started_s=started_s,
        window_s=0.0,
        target="",
        prometheus="",
        prometheus_version="",
        versions=_part(arms, "version."),
        machine=_part(arms, "machine."),
        samples=sum(arm.requests for arm in arms),
        users=0,
        verdicts=decision.verdicts,
        findings=(STORED,) if gate == "stored" else (),
        views=(),
        rate=(),
        scrape_interval_s=0.0,
        gate=gate,
    )


def _part(arms: Sequence[Measurement], prefix: str) -> Mapping[str, str]:
    """The entries of the last arm's fingerprint, the candidate's, that begin with `prefix`."""
    found = arms[-1].fingerprint if arms else {}
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}
