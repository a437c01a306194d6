"""What became of a fault: caught, caught by another, missed, a false alarm, or not known."""

from dataclasses import replace

import pytest

from harness.core.codes import Code, FindingCode
from harness.core.errors import ExitCode
from harness.core.report import Report
from harness.core.verdict import Finding, Status, Verdict
from harness.faults import Fault, results
from harness.faults import render as renderers
from harness.faults.results import Detection, FaultReport, Row
from tests.unit.report.render import sample

FAULT = Fault(
    number=7,
    id="some-fault",
    does="Something is broken.",
    lie="a lie",
    mend="mend it",
    caught_by=("rate",),
    quiet=("cache",),
    named_by=("blind-spot",),
)
PASS, FAIL, DOUBT = Status.PASS, Status.FAIL, Status.INCONCLUSIVE


def report_with(verdicts: dict[str, Status], *findings: str) -> Report:
    return replace(
        sample.passing(),
        verdicts=tuple(Verdict(check, "", status, "why", code=Code.UNKNOWN) for check, status in verdicts.items()),
        findings=tuple(Finding(FindingCode(name), "", "text", "rate") for name in findings),
    )


@pytest.mark.parametrize(
    ("verdicts", "findings", "outcome", "note"),
    [
        ({"rate": FAIL, "cache": PASS}, ("blind-spot",), Detection.CAUGHT, ""),
        ({"rate": FAIL, "cache": DOUBT}, ("blind-spot",), Detection.CAUGHT, ""),
        ({"rate": FAIL, "cache": FAIL}, ("blind-spot",), Detection.FALSE_ALARM, "cache failed but must pass"),
        ({"rate": FAIL, "cache": PASS}, (), Detection.OTHERWISE, "blind-spot did not notice it"),
        ({"rate": PASS, "database": FAIL}, ("blind-spot",), Detection.OTHERWISE, "rate did not notice it"),
        ({"rate": DOUBT, "cache": PASS}, ("blind-spot",), Detection.MISSED, "rate did not notice it"),
        ({"rate": PASS, "cache": PASS}, (), Detection.MISSED, "rate, blind-spot did not notice it"),
        ({}, (), Detection.MISSED, "rate, blind-spot did not notice it"),
    ],
)
def test_a_fault_is_caught_by_all_that_must_notice_and_none_that_must_not(
    verdicts: dict[str, Status], findings: tuple[str, ...], outcome: Detection, note: str
) -> None:
    """Inconclusive is no notice."""
    row = results.judge(FAULT, report_with(verdicts, *findings), 1.0)
    assert (row.outcome, row.note) == (outcome, note)
    assert row.expected == ("rate", "blind-spot")


@pytest.mark.parametrize("verdicts", [{"rate": PASS}, {"rate": FAIL}, {}])
def test_a_fault_that_nobody_must_notice_is_never_caught(verdicts: dict[str, Status]) -> None:
    """A run without an alarm is no detection, and neither is an alarm of something else."""
    unasked = replace(FAULT, caught_by=(), named_by=())
    row = results.judge(unasked, report_with(verdicts, "blind-spot"), 1.0)
    assert (row.outcome, row.note) == (Detection.MISSED, "no check and no finding was asked to notice it")


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ({"rate": PASS}, Detection.QUIET),
        ({"rate": PASS, "cache": FAIL}, Detection.FALSE_ALARM),
        ({"rate": PASS, "cache": DOUBT}, Detection.UNKNOWN),
        ({}, Detection.UNKNOWN),
    ],
)
def test_the_clean_app_must_pass(verdicts: dict[str, Status], outcome: Detection) -> None:
    """No verdict is no pass."""
    assert results.judge(None, report_with(verdicts), 1.0).outcome is outcome


def test_the_worst_verdict_of_a_check_counts() -> None:
    """A failure outranks what is inconclusive, and that a pass."""
    verdicts = (
        Verdict("rate", "a", PASS, "", code=Code.AGREES),
        Verdict("rate", "b", FAIL, "", code=Code.SHORT),
        Verdict("rate", "c", DOUBT, "", code=Code.NO_ANSWER),
        Verdict("cache", "a", DOUBT, "", code=Code.NO_ANSWER),
        Verdict("cache", "b", PASS, "", code=Code.AGREES),
    )
    assert results.worst(replace(sample.passing(), verdicts=verdicts)) == {"rate": FAIL, "cache": DOUBT}


def row(outcome: Detection, number: int = 1) -> Row:
    return Row(
        "some-fault", number, "It is <b>broken</b> | so.", ("rate",), outcome, {"rate": FAIL}, (), (), True, 9, 1.0, ""
    )


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([Detection.QUIET, Detection.CAUGHT, Detection.OTHERWISE], ExitCode.PASSED),
        ([Detection.QUIET, Detection.MISSED, Detection.UNKNOWN], ExitCode.FAILED),
        ([Detection.FALSE_ALARM, Detection.CAUGHT], ExitCode.FAILED),
        ([Detection.QUIET, Detection.UNKNOWN], ExitCode.INCONCLUSIVE),
        ([], ExitCode.INCONCLUSIVE),
    ],
)
def test_a_miss_outranks_what_is_not_known(outcomes: list[Detection], code: ExitCode) -> None:
    """And no rows at all are no pass."""
    assert results.exit_code([row(outcome) for outcome in outcomes]) == code


def test_a_run_without_a_report_is_not_known() -> None:
    """It is neither caught nor missed."""
    assert results.unknown(FAULT, "it broke").outcome is Detection.UNKNOWN
    assert results.unknown(None, "it broke").id == results.CLEAN


@pytest.mark.parametrize("outcome", list(Detection))
def test_every_format_names_the_fault_and_its_outcome(outcome: Detection) -> None:
    """And shows what it is told literally."""
    made = FaultReport(1, 0.0, 12.0, ("rate", "cache"), (row(Detection.QUIET, 0), row(outcome)), 0)
    for render in renderers.FORMATS.values():
        text = render(made)
        assert "some-fault" in text
        assert outcome in text
    assert "<b>broken" not in renderers.render_html(made)
    shown = renderers.render_console(made, width=100, color=False, location="reports/x")
    assert f"{renderers.MARKS[outcome]} {outcome}" in shown
    assert "Reports: reports/x" in shown
