"""`make docs`: writes the table of faults in docs/faults/README.md anew from the files in faults/.

    .venv/bin/python -m tools.fault_table

A test compares the two, so that a new fault needs its file and its page, and this command.
"""

import sys
from pathlib import Path

from harness.core.errors import HarnessError
from harness.faults import Fault, catalogue
from tools import marked

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "faults" / "README.md"
HEAD = "| # | fault | what is broken | what the metrics then claim | noticed by |\n| --- | --- | --- | --- | --- |\n"


def main() -> int:
    """Write the page; 2 when a fault's file cannot be used."""
    try:
        faults = catalogue.load(ROOT / "faults")
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), faults), encoding="utf-8")
    return 0


def written(page: str, faults: tuple[Fault, ...]) -> str:
    """The page with the table of `faults` between its marks."""
    return marked.replaced(page, "faults", HEAD + "".join(map(_row, faults)))


def _row(fault: Fault) -> str:
    noticed = [f"[{check}](../checks/{check}.md)" for check in fault.caught_by]
    noticed += [f"`{finding}` (finding)" for finding in fault.named_by]
    lying = "a panel" if fault.injection.dashboard else "the metrics"
    lie = fault.lie.replace("|", "\\|")
    return f"| {fault.number} | [{fault.id}]({fault.id}.md) | {lying} | {lie} | {', '.join(noticed)} |\n"


if __name__ == "__main__":
    sys.exit(main())
