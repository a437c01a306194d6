"""`make docs`: writes docs/commands.md anew, from the help texts of all commands.

    .venv/bin/python -m tools.command_page

A test compares the two, so that a new flag needs no edit of the page, only this command.
"""

import argparse
import os
import sys
from pathlib import Path

from harness.cli.options import parser

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
COLUMNS = "100"
HEAD = """\
# Commands

What `harness COMMAND --help` prints, for each command. [Exit codes](exit-codes.md) explains the codes,
[profiles](profiles.md) the keys of harness.toml that flags override. `make docs` writes this page.
"""


def main() -> int:
    """Write the page."""
    PAGE.write_text(written(), encoding="utf-8")
    return 0


def written() -> str:
    """The page as it must be."""
    os.environ["COLUMNS"] = COLUMNS
    parts = [f"\n## {name}\n\n```text\n{each.format_help().rstrip()}\n```\n" for name, each in commands().items()]
    return HEAD + "".join(parts)


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, and of the commands below it, by name."""
    found: dict[str, argparse.ArgumentParser] = {}
    waiting = [("harness", parser())]
    while waiting:
        name, each = waiting.pop(0)
        found[name] = each
        below = [action for action in each._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
        waiting[:0] = [(f"{name} {word}", child) for action in below for word, child in action.choices.items()]
    return found


if __name__ == "__main__":
    sys.exit(main())
