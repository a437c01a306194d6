"""docs/report-schema.md lists the codes of verdicts and findings with the meanings that the code gives them."""

import ast
import inspect
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from harness.checks import CHECKS
from harness.core import codes
from harness.core.codes import Code, FindingCode

PAGE = Path(__file__).parents[2] / "docs" / "report-schema.md"


def meanings(enum: type[StrEnum]) -> Mapping[str, str]:
    """The docstring below each member, in the order of the class."""
    tree = ast.parse(inspect.getsource(codes))
    (own,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == enum.__name__)
    found: dict[str, str] = {}
    for member, text in zip(own.body, own.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[str(ast.literal_eval(member.value))] = str(text.value.value)
    return found


def givers(code: str) -> str:
    """The checks that declare a code, as the page lists them."""
    names = [check.id for check in CHECKS if code in check.codes]
    return (
        "every check"
        if len(names) == len(CHECKS)
        else ", ".join(f"`{name}`" for name in names) or "a gate, or what could not be run"
    )


def table(enum: type[StrEnum]) -> str:
    """The rows that the page must have."""
    if enum is FindingCode:
        return "".join(f"| `{code}` | {meaning} |\n" for code, meaning in meanings(enum).items())
    return "".join(f"| `{code}` | {meaning} | {givers(code)} |\n" for code, meaning in meanings(enum).items())


@pytest.mark.parametrize("enum", [Code, FindingCode])
def test_every_code_has_its_meaning(enum: type[StrEnum]) -> None:
    """A docstring of one sentence stands below each member."""
    assert list(meanings(enum)) == list(enum)
    assert all(meaning.endswith(".") for meaning in meanings(enum).values())


@pytest.mark.parametrize(("enum", "heading"), [(Code, "Codes of verdicts"), (FindingCode, "Codes of findings")])
def test_the_page_lists_every_code(enum: type[StrEnum], heading: str) -> None:
    """With its meaning, and of a verdict the checks that may give it; in the order of the class."""
    part = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    assert "".join(f"{line}\n" for line in part.splitlines() if line.startswith("| `")) == table(enum)


def test_every_code_of_a_check_is_used() -> None:
    """No code is left over: each is given by a check, by a gate, or stands for what is not known."""
    of_gates = {Code.REGRESSION, Code.UNVERIFIED, Code.NOT_COMPARABLE, Code.NOT_PROVED, Code.NOT_FINAL}
    others = {Code.UNKNOWN, Code.NO_MEASUREMENT, Code.NO_VERDICT}
    assert set(Code) == of_gates | others | frozenset().union(*(check.codes for check in CHECKS))
