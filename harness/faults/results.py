"""Whether each fault was detected: its verdicts beside what must be noticed. Pure values and their judgement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.core.errors import ExitCode
from harness.core.report import Report
from harness.core.verdict import Status
from harness.faults.fault import Fault

CLEAN = "clean"
"""The id of the row without any fault."""


class Detection(StrEnum):
    """The outcome of one row."""

    QUIET = "no alarm"
    """The clean app passed."""
    CAUGHT = "caught"
    """By every check and finding that must notice it, and by none that must stay quiet."""
    OTHERWISE = "caught by another"
    """A check failed, but not all of those that must."""
    MISSED = "missed"
    FALSE_ALARM = "false alarm"
    """The clean app failed, or a check that must stay quiet did."""
    UNKNOWN = "could not tell"
    """The clean app was inconclusive, a program is missing, or the run ended without a report."""


EXIT_CODES = {
    Detection.QUIET: ExitCode.PASSED,
    Detection.CAUGHT: ExitCode.PASSED,
    Detection.OTHERWISE: ExitCode.PASSED,
    Detection.MISSED: ExitCode.FAILED,
    Detection.FALSE_ALARM: ExitCode.FAILED,
    Detection.UNKNOWN: ExitCode.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, or the clean app, and what the checks said."""

    id: str
    number: int
    """0 for the clean app."""
    does: str
    expected: tuple[str, ...]
    """Checks and findings that must notice it."""
    outcome: Detection
    checks: Mapping[str, Status]
    """The worst verdict of each check that gave any."""
    findings: tuple[str, ...]
    causes: tuple[str, ...]
    """What the report names as the likely causes, the likeliest first."""
    named: bool
    """The report names the fault: as the first cause, or by its finding where no check may fail."""
    samples: int
    took_s: float
    note: str
    """What is not as it must be; empty when all is."""


@dataclass(frozen=True, slots=True)
class FaultReport:
    """All rows, the clean app first; stored as faults.json."""

    schema_version: int
    started_s: float
    took_s: float
    checks: tuple[str, ...]
    """Ids in the order of reports."""
    rows: tuple[Row, ...]
    exit_code: int


def exit_code(rows: Sequence[Row]) -> ExitCode:
    """A miss or a false alarm outranks what is inconclusive; no rows are inconclusive."""
    codes = {EXIT_CODES[row.outcome] for row in rows}
    for code in (ExitCode.FAILED, ExitCode.INCONCLUSIVE, ExitCode.PASSED):
        if code in codes:
            return code
    return ExitCode.INCONCLUSIVE


def judge(fault: Fault | None, report: Report, took_s: float) -> Row:
    """The row of a run with `fault`, or of the clean app."""
    checks = worst(report)
    findings = tuple(sorted({str(finding.code) for finding in report.findings}))
    if fault is None:
        outcome, note = _judge_clean(checks)
    else:
        outcome, note = _judge_fault(fault, checks, findings)
    name, number, does, expected = _identity(fault)
    return Row(
        id=name,
        number=number,
        does=does,
        expected=expected,
        outcome=outcome,
        checks=checks,
        findings=findings,
        causes=tuple(cause.id for cause in report.causes),
        named=_is_named(fault, report, findings),
        samples=report.samples,
        took_s=took_s,
        note=note,
    )


def unknown(fault: Fault | None, reason: str, took_s: float = 0.0) -> Row:
    """The row of a run that left no report."""
    name, number, does, expected = _identity(fault)
    return Row(name, number, does, expected, Detection.UNKNOWN, {}, (), (), False, 0, took_s, reason)


def _identity(fault: Fault | None) -> tuple[str, int, str, tuple[str, ...]]:
    """Id, number, what is done, and who must notice."""
    if fault is None:
        return CLEAN, 0, "Nothing: the app as it is.", ()
    return fault.id, fault.number, fault.does, (*fault.caught_by, *fault.named_by)


def _is_named(fault: Fault | None, report: Report, findings: Sequence[str]) -> bool:
    """The clean app has nothing to be named."""
    if fault is None:
        return not report.causes
    if not fault.caught_by:
        return {*fault.named_by} <= {*findings}
    return bool(report.causes) and report.causes[0].id == (fault.cause or fault.id)


def worst(report: Report) -> dict[str, Status]:
    """The worst verdict of each check, in the order of reports."""
    severity = (Status.PASS, Status.INCONCLUSIVE, Status.FAIL)
    found: dict[str, Status] = {}
    for verdict in report.verdicts:
        found[verdict.check] = max(verdict.status, found.get(verdict.check, Status.PASS), key=severity.index)
    return found


def _judge_clean(checks: Mapping[str, Status]) -> tuple[Detection, str]:
    if failed := _with(checks, Status.FAIL):
        return Detection.FALSE_ALARM, f"{', '.join(failed)} failed on the clean app"
    if doubtful := _with(checks, Status.INCONCLUSIVE):
        return Detection.UNKNOWN, f"{', '.join(doubtful)} inconclusive on the clean app"
    return (Detection.QUIET, "") if checks else (Detection.UNKNOWN, "no check gave a verdict")


def _judge_fault(fault: Fault, checks: Mapping[str, Status], findings: Sequence[str]) -> tuple[Detection, str]:
    failed = _with(checks, Status.FAIL)
    if alarms := [check for check in fault.quiet if check in failed]:
        return Detection.FALSE_ALARM, f"{', '.join(alarms)} failed but must pass"
    if not fault.caught_by and not fault.named_by:
        return Detection.MISSED, "no check and no finding was asked to notice it"
    silent = [check for check in fault.caught_by if check not in failed]
    unreported = [finding for finding in fault.named_by if finding not in findings]
    if not silent and not unreported:
        return Detection.CAUGHT, ""
    note = f"{', '.join((*silent, *unreported))} did not notice it"
    return (Detection.OTHERWISE if failed else Detection.MISSED), note


def _with(checks: Mapping[str, Status], status: Status) -> list[str]:
    return [check for check, found in checks.items() if found is status]
