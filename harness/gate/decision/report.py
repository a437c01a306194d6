"""Decision -> report, the same as a run's, so that every format and exit code serves both."""

from collections.abc import Mapping, Sequence

from harness.core.codes import FindingCode
from harness.core.outcome import EXIT_CODES
from harness.core.report import REPORT_SCHEMA, Report
from harness.core.verdict import Finding
from harness.gate.decision.judgement import Decision
from harness.gate.decision.measurement import Measurement
from harness.report import because

STORED = Finding(
    FindingCode.STORED_BASELINE,
    "",
    "on a shared runner a comparison with a stored baseline is inconclusive most of the time, because machines differ "
    "from job to job by more than most regressions; compare base and candidate in pairs instead (--base)",
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
    measurements: Sequence[Measurement],
) -> Report:
    """The report of a gate that compared `measurements`; `gate` is `pairs` or `stored`."""
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
        versions=_part(measurements, "version."),
        machine=_part(measurements, "machine."),
        samples=sum(each.requests for each in measurements),
        users=0,
        verdicts=decision.verdicts,
        findings=(STORED,) if gate == "stored" else (),
        views=(),
        rate=(),
        scrape_interval_s=0.0,
        gate=gate,
        because=because.because(decision.verdicts),
    )


def _part(measurements: Sequence[Measurement], prefix: str) -> Mapping[str, str]:
    """The entries of the last fingerprint, the candidate's, that begin with `prefix`."""
    found = measurements[-1].fingerprint if measurements else {}
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}
