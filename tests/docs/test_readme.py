"""The README says what the command says."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_the_readmes_help_text_is_current() -> None:
    """It is the output of `harness --help` at 100 columns."""
    env = {**os.environ, "COLUMNS": "100"}
    shown = subprocess.run(
        [sys.executable, "-m", "harness.cli.main", "--help"],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.rstrip() in (PROJECT / "README.md").read_text(encoding="utf-8")


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
