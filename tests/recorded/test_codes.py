"""Every code of every check, provoked: a check that always says the same turns a case red.

A check that always passes, always fails, or is always inconclusive turns some of its cases red; a code that no case
provokes turns the last tests red.
"""

import pytest

from harness.checks import CHECKS, Check
from harness.core.codes import Code
from harness.core.verdict import Status, Verdict
from harness.monitoring.dashboards import corrections
from harness.report.render import json_report
from tests.recorded import said
from tests.recorded.cases import CASES, Outcome
from tests.recorded.stored import StoredRun

BY_HAND: frozenset[Outcome] = frozenset(
    (check, Status.INCONCLUSIVE, Code.NOT_EVALUATED) for check in ("dashboards", "records")
)
"""What no stored run can provoke: a fault of the harness itself; it has a test of its own."""
PROVOKED = frozenset(outcome for case in CASES.values() for outcome in case.outcomes) | BY_HAND
each = pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.id))


def outcomes(verdicts: tuple[Verdict, ...]) -> set[Outcome]:
    return {(verdict.check, verdict.status, verdict.code) for verdict in verdicts}


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_noticed_by_those_that_must_and_by_no_other(clean_run: StoredRun, name: str) -> None:
    """All codes of what failed or could not be judged, of all checks, and what each says; the report can be stored."""
    case = CASES[name]
    case.change(clean_run)
    report = clean_run.judge()
    assert json_report.render(report)
    found = outcomes(report.verdicts)
    expected = set(case.outcomes)
    assert {outcome for outcome in found if outcome[1] is not Status.PASS} == {
        outcome for outcome in expected if outcome[1] is not Status.PASS
    }
    assert expected <= found
    assert said.said(report) == said.stored()[name]  # `python -m tests.recorded.said` writes it anew


def test_nothing_is_stored_that_no_case_gives() -> None:
    """A case that is renamed or dropped takes its words with it."""
    assert list(said.stored()) == list(CASES)


def test_an_evaluator_that_breaks_leaves_its_panels_open(clean_run: StoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the harness, which only a hand can put there."""

    def broken(*_: object, **__: object) -> None:
        raise TypeError("broken")

    monkeypatch.setattr(corrections, "evaluate", broken)
    verdicts = [verdict for verdict in clean_run.judge().verdicts if verdict.check == "dashboards"]
    assert {(verdict.status, verdict.code) for verdict in verdicts} == {(Status.INCONCLUSIVE, Code.NOT_EVALUATED)}
    CASES["a record that is added up"].change(clean_run)
    assert ("records", Status.INCONCLUSIVE, Code.NOT_EVALUATED) in outcomes(clean_run.judge().verdicts)


@each
def test_every_code_of_a_check_is_provoked(check: Check) -> None:
    """Each that it declares, and no other but where a number is none."""
    provoked = {code for id_, _, code in PROVOKED if id_ == check.id}
    assert check.codes <= provoked <= check.codes | {Code.NOT_A_NUMBER}


@each
def test_a_check_that_always_says_the_same_turns_a_case_red(check: Check) -> None:
    """One case at least wants its PASS, its FAIL, and its being inconclusive."""
    assert {status for id_, status, _ in PROVOKED if id_ == check.id} == set(Status)


@pytest.mark.parametrize("name", CASES)
def test_a_pass_agrees_and_nothing_else_does(name: str) -> None:
    """A code other than `agrees` never passes."""
    assert all((status is Status.PASS) == (code is Code.AGREES) for _, status, code in CASES[name].outcomes)
