"""The README says what the command says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import command_page

PROJECT = Path(__file__).resolve().parents[2]


def test_the_readmes_help_text_is_current() -> None:
    """It is the output of `harness --help` at 100 columns, which Python 3.14 aligns otherwise."""
    env = {**os.environ, "COLUMNS": "100"}
    shown = subprocess.run(
        [sys.executable, "-m", "harness.cli.main", "--help"],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert " ".join(shown.split()) in " ".join(readme.split())


def test_every_command_is_explained_with_examples_and_exit_codes() -> None:
    """`harness COMMAND --help` ends in examples."""
    for command in ("run", "verify", "report", "compare", "gate", "baseline", "faults", "explain", "doctor", "up"):
        shown = subprocess.run(
            [sys.executable, "-m", "harness.cli.main", command, "--help"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "examples:" in shown
        assert "exit codes:" in shown


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="later versions of argparse lay help texts out otherwise")
def test_the_page_of_commands_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the help text of each command."""
    monkeypatch.setenv("COLUMNS", command_page.COLUMNS)
    assert command_page.PAGE.read_text(encoding="utf-8") == command_page.written(), "run `make docs`"


def test_the_page_of_commands_has_each_flag() -> None:
    """Whatever the version of Python."""
    page = command_page.PAGE.read_text(encoding="utf-8")
    for name, parser in command_page.commands().items():
        part = page.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]
        for action in parser._actions:
            assert all(flag in part for flag in action.option_strings if action.help != "==SUPPRESS=="), (name, action)
