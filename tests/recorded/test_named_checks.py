"""Which checks judge a stored run: those that it names, so that a new check leaves it as it was judged."""

import pytest

from harness.checks import CHECKS, UNNAMED
from harness.checks.base import Check, Facts, settled
from harness.core.codes import Code
from harness.core.errors import StoreError
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.report import verification
from harness.runs.run_directory import RunDirectory
from tests.recorded.stored import StoredRun


def judge(_facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Whatever happened."""
    return (settled("new", "", Code.OVER, "it always fails"),)


def ask(_run: Run) -> tuple[()]:
    """Nothing."""
    return ()


NEW = Check("new", ask, judge, frozenset({Code.OVER}))


def test_a_run_that_names_its_checks_is_judged_by_these_alone(clean_run: StoredRun) -> None:
    """And its figures are still drawn."""
    clean_run.change_run(lambda run: run.update(checks=["rate", "cache"]))
    report = clean_run.judge()
    assert {verdict.check for verdict in report.verdicts} == {"rate", "cache"}
    assert report.views


def test_checks_that_ask_nothing_need_no_answer(clean_run: StoredRun) -> None:
    """As in a pair of a gate whose metrics nobody verifies: there is nothing to draw either."""
    clean_run.change_run(lambda run: run.update(checks=["generator-health"]))
    clean_run.change_evidence(lambda answers: answers.clear())
    report = clean_run.judge()
    assert {verdict.code for verdict in report.verdicts} == {Code.AGREES}
    assert (report.views, report.rate) == ((), ())


def test_a_new_check_leaves_an_old_run_as_it_was_judged(clean_run: StoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of before the checks were named is judged by those that there were."""
    before = clean_run.judge()
    monkeypatch.setattr(verification, "CHECKS", (*CHECKS, NEW))
    assert RunDirectory(clean_run.path).read_run().checks == ()
    assert clean_run.judge() == before
    clean_run.change_run(lambda run: run.update(checks=[*UNNAMED, "new"]))
    assert "new" in {verdict.check for verdict in clean_run.judge().verdicts}


def test_a_check_that_is_not_there_is_refused(clean_run: StoredRun) -> None:
    """A check that is left out could not fail."""
    clean_run.change_run(lambda run: run.update(checks=["rate", "added-later"]))
    with pytest.raises(StoreError, match="added-later"):
        clean_run.judge()


def test_the_checks_of_before_are_all_there() -> None:
    """The list is never added to, and no check of it may go."""
    assert len(UNNAMED) == 23
    assert set(UNNAMED) <= {check.id for check in CHECKS}


def test_a_code_that_is_not_declared_is_a_bug(clean_run: StoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """It breaks the judgement, with the check and the code."""
    undeclared = Check("new", ask, judge, frozenset({Code.AGREES}))
    monkeypatch.setattr(verification, "CHECKS", (*CHECKS, undeclared))
    clean_run.change_run(lambda run: run.update(checks=["new"]))
    with pytest.raises(AssertionError, match=r"new gives codes .* over"):
        clean_run.judge()
