"""docs/report-schema.md lists the codes of verdicts and findings with the meanings that the code gives them."""

from enum import StrEnum

import pytest

from harness.checks import CHECKS
from harness.core.codes import Code, FindingCode
from tools.code_table import PAGE, meanings, written


@pytest.mark.parametrize("enum", [Code, FindingCode])
def test_every_code_has_its_meaning(enum: type[StrEnum]) -> None:
    """A docstring of one sentence stands below each member."""
    assert list(meanings(enum)) == list(enum)
    assert all(meaning.endswith(".") for meaning in meanings(enum).values())


def test_the_page_lists_every_code() -> None:
    """With its meaning, and of a verdict the checks that may give it; `make docs` writes it anew."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run `make docs`"
    assert all(f"| `{code}` |" in page for code in (*Code, *FindingCode))


def test_every_code_of_a_check_is_used() -> None:
    """No code is left over: each is given by a check, by a gate, or stands for what is not known."""
    of_gates = {Code.REGRESSION, Code.UNVERIFIED, Code.NOT_COMPARABLE, Code.NOT_PROVED, Code.NOT_FINAL}
    others = {Code.UNKNOWN, Code.NO_MEASUREMENT, Code.NO_VERDICT, Code.DROPPED, Code.UNACCOUNTED}
    assert set(Code) == of_gates | others | frozenset().union(*(check.codes for check in CHECKS))
