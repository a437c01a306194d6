"""`make docs`: writes the table of checks in docs/checks/README.md anew from the pages beside it.

    .venv/bin/python -m tools.check_table

Each page begins with the question that its check answers. A test compares the two.
"""

import re
import sys
from pathlib import Path

from harness.checks import CHECKS
from tools import marked

PAGES = Path(__file__).resolve().parent.parent / "docs" / "checks"
PAGE = PAGES / "README.md"
HEAD = "| check | question |\n| --- | --- |\n"
QUESTION = re.compile(r"\A# [^\n]+\n\n(.+?\?)\s", re.DOTALL)


def main() -> int:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def written(page: str) -> str:
    """The page with the table between its marks, in the order of reports."""
    return marked.replaced(page, "checks", HEAD + "".join(_row(check.id) for check in CHECKS))


def _row(check: str) -> str:
    found = QUESTION.search((PAGES / f"{check}.md").read_text(encoding="utf-8"))
    question = " ".join(found[1].split()) if found else ""
    return f"| [{check}]({check}.md) | {question} |\n"


if __name__ == "__main__":
    sys.exit(main())
