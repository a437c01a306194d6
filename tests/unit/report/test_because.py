"""Why verdicts are inconclusive: what comes first on the path of a number comes first."""

from collections import Counter

from harness.core.codes import Code
from harness.core.verdict import Status, Verdict
from harness.report.because import OTHER, REASONS, because, reason_of


def open_(check: str, code: Code) -> Verdict:
    return Verdict(check, "", Status.INCONCLUSIVE, "any words", code=code)


def test_the_first_on_the_path_comes_first() -> None:
    """A load that ended early explains the answers that are missing, in whatever order checks report them."""
    agrees = Verdict("rate", "", Status.PASS, "", code=Code.AGREES)
    found = because([open_("rate", Code.NO_ANSWER), agrees, open_("generator-health", Code.GENERATOR_CRASHED)])
    assert [(each.id, each.evidence) for each in found] == [("load-ended-early", (2,)), ("prometheus-silent", (0,))]


def test_nothing_inconclusive_has_no_reason() -> None:
    """Failures have causes instead."""
    assert because([Verdict("rate", "", Status.FAIL, "", code=Code.NO_ANSWER)]) == ()


def test_every_code_has_one_reason() -> None:
    """One at most, and any other code a last one."""
    named = Counter(code for each in REASONS for code in each.codes)
    assert set(named.values()) == {1}
    assert reason_of(open_("rate", Code.UNKNOWN)) is OTHER
    assert len({each.id for each in (*REASONS, OTHER)}) == len(REASONS) + 1
