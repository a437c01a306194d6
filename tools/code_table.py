"""`make docs`: writes the tables of codes in docs/report-schema.md anew from harness/core/codes.py and the checks.

    .venv/bin/python -m tools.code_table

A test compares the two, so that a new check needs no edit of the page, only this command.
"""

import ast
import inspect
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from harness.checks import CHECKS
from harness.core import codes
from harness.core.codes import Code, FindingCode

PAGE = Path(__file__).resolve().parent.parent / "docs" / "report-schema.md"
HEADINGS: Mapping[str, type[StrEnum]] = {"Codes of verdicts": Code, "Codes of findings": FindingCode}


def main() -> int:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def written(page: str) -> str:
    """The page with the rows of both tables as they must be."""
    for heading, enum in HEADINGS.items():
        before, mark, rest = page.partition(f"\n## {heading}\n")
        part, following, after = rest.partition("\n## ")
        lines = part.splitlines(keepends=True)
        first = next(index for index, line in enumerate(lines) if line.startswith("| `"))
        others = [line for line in lines if not line.startswith("| `")]
        page = f"{before}{mark}{''.join(others[:first])}{table(enum)}{''.join(others[first:])}{following}{after}"
    return page


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
    if len(names) == len(CHECKS):
        return "every check"
    return ", ".join(f"`{name}`" for name in names) or "a gate, or what could not be run"


def table(enum: type[StrEnum]) -> str:
    """The rows that the page must have."""
    if enum is FindingCode:
        return "".join(f"| `{code}` | {meaning} |\n" for code, meaning in meanings(enum).items())
    return "".join(f"| `{code}` | {meaning} | {givers(code)} |\n" for code, meaning in meanings(enum).items())


if __name__ == "__main__":
    sys.exit(main())
