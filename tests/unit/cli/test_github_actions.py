"""What GitHub is told."""

from dataclasses import replace
from pathlib import Path

from harness.cli import github_actions
from harness.core.codes import Code
from harness.core.report import Report
from harness.core.verdict import Cause, Status, Verdict
from harness.report.render import markdown
from tests.unit.report.render.sample import REPORTS

REPORT = next(iter(REPORTS.values()))


def with_verdicts(*verdicts: Verdict) -> Report:
    order = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)
    status = next(each for each in order if any(verdict.status is each for verdict in verdicts))
    return replace(REPORT, verdicts=verdicts, status=status)


def test_elsewhere_nothing_is_told(tmp_path: Path) -> None:
    """A developer's terminal is no CI server, whatever else is set."""
    summary = tmp_path / "summary"
    failed = with_verdicts(Verdict("rate", "", Status.FAIL, "wrong", code=Code.SHORT))
    assert github_actions.annotate(failed, {"GITHUB_STEP_SUMMARY": str(summary)}) == ""
    assert not summary.exists()


def test_verdicts_that_did_not_pass_are_annotated_and_escaped() -> None:
    """A colon or comma would end a property, a line break the command."""
    lines = github_actions.annotate(
        with_verdicts(
            Verdict("rate", "shop:item, all", Status.FAIL, "5 % too much\r\n::error::forged", code=Code.SHORT),
            Verdict("percentiles", "p95", Status.INCONCLUSIVE, "too few", code=Code.NO_ANSWER),
            Verdict("side-counters", "", Status.PASS, "fine", code=Code.AGREES),
        ),
        {"GITHUB_ACTIONS": "true"},
    )
    assert lines.splitlines() == [
        "::error title=rate shop%3Aitem%2C all::5 %25 too much ::error::forged",
        "::warning title=percentiles p95::too few",
    ]


def test_no_more_than_github_shows() -> None:
    """Ten of each."""
    verdicts = [
        Verdict(f"check-{n}", "", status, "why", code=Code.UNKNOWN)
        for status in (Status.FAIL, Status.INCONCLUSIVE)
        for n in range(30)
    ]
    lines = github_actions.annotate(with_verdicts(*verdicts), {"GITHUB_ACTIONS": "true"}).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10


def test_the_cause_comes_first_and_one_kind_is_one_line() -> None:
    """A fault that breaks fifty views is named once, at the file of the panel where it has one."""
    many = [Verdict("rate", f"view {n}", Status.FAIL, "why", code=Code.SHORT) for n in range(50)]
    labels = {"file": "boards/a,b.json"}
    panel = Verdict("dashboards", "Rate", Status.FAIL, "wrong", code=Code.WRONG_EXPRESSION, labels=labels)
    outside = replace(panel, labels={"file": "/etc/boards/c.json"})
    report = replace(with_verdicts(*many, panel, outside), causes=(Cause("one-replica", "scrape all"),))
    assert github_actions.annotate(report, {"GITHUB_ACTIONS": "true"}).splitlines() == [
        "::error title=likely cause%3A one-replica::scrape all",
        "::error title=rate view 0 and 49 more::why",
        "::error file=boards/a%2Cb.json,title=dashboards Rate::wrong",
        "::error title=dashboards Rate::wrong",
    ]


def test_a_report_without_verdicts_is_annotated_and_a_pass_is_not() -> None:
    """No data never passes in silence."""
    empty = replace(REPORT, verdicts=(), status=Status.INCONCLUSIVE)
    assert github_actions.annotate(empty, {"GITHUB_ACTIONS": "true"}).startswith("::warning title=harness::")
    assert (
        github_actions.annotate(
            with_verdicts(Verdict("rate", "", Status.PASS, "fine", code=Code.AGREES)), {"GITHUB_ACTIONS": "true"}
        )
        == ""
    )


def test_the_summary_is_appended(tmp_path: Path) -> None:
    """Other steps have written theirs."""
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    github_actions.annotate(REPORT, {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text() == "before\n" + markdown.render(REPORT)


def test_a_summary_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """By the variable, after the verdicts, which are lost to nobody."""
    failed = with_verdicts(Verdict("rate", "", Status.FAIL, "wrong", code=Code.SHORT))
    lines = github_actions.annotate(
        failed, {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path)}
    ).splitlines()
    assert lines[0] == "::error title=rate::wrong"
    assert lines[1].startswith("::warning title=harness::GITHUB_STEP_SUMMARY: ")


def test_a_command_without_a_verdict_is_annotated() -> None:
    """With its error, in GitHub Actions alone."""
    assert github_actions.annotate_error("no ref", {"GITHUB_ACTIONS": "true"}) == "::error title=harness::no ref\n"
    assert github_actions.annotate_error("no ref", {}) == ""
