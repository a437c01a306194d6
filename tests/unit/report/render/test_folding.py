from dataclasses import replace

from harness.core.codes import FindingCode
from harness.core.verdict import Status
from harness.report import because
from harness.report.render import folding
from tests.unit.report.render.sample import empty, failing, inconclusive, many_findings, named, passing


def test_one_card_for_a_failure() -> None:
    """The verdicts that name the cause are its evidence, all others that failed are folded under it, none is lost."""
    card = folding.card(named())
    assert card is not None
    assert (card.cause and card.cause.id, card.status) == ("dropped-responses", Status.FAIL)
    assert [kind.check for kind in card.evidence] == ["request-counts"]
    assert folding.counts(card.consequences) == "rate 1, timer-span 1"
    assert card.following == 2
    assert [kind.check for kind in folding.undecided(named())] == ["blind-spot"]


def test_a_failure_without_a_known_cause_has_evidence_all_the_same() -> None:
    """The first check that failed stands for it."""
    card = folding.card(failing())
    assert card is not None
    assert card.cause is None
    assert [kind.check for kind in (*card.evidence, *card.consequences)] == ["request-counts", "rate", "timer-span"]


def test_an_inconclusive_run_has_its_because() -> None:
    """The reason that comes first on the path of a number, with its verdict."""
    report = replace(inconclusive(), because=because.because(inconclusive().verdicts))
    card = folding.card(report)
    assert card is not None
    assert card.cause is not None
    assert card.cause.id == "prometheus-silent"
    assert sum(len(kind.verdicts) for kind in card.evidence) == 5
    assert folding.undecided(report) == ()


def test_what_passed_or_was_not_judged_has_no_card() -> None:
    """There is nothing to explain, or nothing to explain it with."""
    assert folding.card(passing()) is None
    assert folding.card(empty()) is None


def test_findings_by_kind() -> None:
    """Each sentence once with its subjects; what says that nothing could be shown comes last."""
    kinds = folding.kinds(many_findings().findings)
    assert [kind.code for kind in kinds][-1] is FindingCode.EMPTY_PANEL
    assert kinds[-1].shows_nothing
    ((text, subjects),) = kinds[-1].sentences
    assert (text, len(subjects)) == ("nothing of this kind happened", 40)
