"""`make docs`: writes the tables of blind spots in docs/conservation.md anew from harness/report/blind_spots.py.

    .venv/bin/python -m tools.blind_spot_table

A test compares the two, so that the page and the section "Not proved" of a report say the same.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from harness.checks import CHECKS
from harness.core.unsaid import Unsaid
from harness.report.blind_spots import (
    BLIND_SPOTS,
    Always,
    BlindSpot,
    Bound,
    Condition,
    Fact,
    Noticed,
    Passed,
    Undecided,
)
from tools import marked

PAGE = Path(__file__).resolve().parent.parent / "docs" / "conservation.md"
HEAD = "| id | what cannot be seen | why | when |\n| --- | --- | --- | --- |\n"


def main() -> int:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def written(page: str) -> str:
    """The page with the tables between its marks: of every law first, then law by law in the order of reports."""
    parts = [_part("Every law", (spot for spot in BLIND_SPOTS if not spot.checks))]
    for check in CHECKS:
        own = _part(check.id, (spot for spot in BLIND_SPOTS if check.id in spot.checks))
        parts.append(own.replace(HEAD, f"Its page: [{check.id}](checks/{check.id}.md).\n\n{HEAD}"))
    return marked.replaced(page, "blind spots", f"{''.join(parts)}\n")


def _part(heading: str, spots: Iterable[BlindSpot]) -> str:
    return f"\n### {heading}\n\n{HEAD}{''.join(map(_row, spots))}"


def _row(spot: BlindSpot) -> str:
    cells = (f"`{spot.id}`", _plain(spot.what), _plain(spot.why), when(spot.when))
    return f"| {' | '.join(cells)} |\n"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("_", "\\_")


def when(condition: Condition) -> str:
    """When an entry applies, for a reader."""
    match condition:
        case Always():
            return condition.value
        case Fact():
            return condition.value
        case Unsaid():
            return f"results of the load that leave out `{condition.value}`"
        case Noticed(code):
            return f"finding `{code}`"
        case Passed(strength):
            return f"strength `{strength}`"
        case Bound():
            return f"`one-sided`: {condition.value}"
        case Undecided():
            return f"inconclusive: {condition.value}"


if __name__ == "__main__":
    sys.exit(main())
