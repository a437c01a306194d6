"""Which interpreter stands for `{python}`."""

import sys
from pathlib import Path

import pytest

from harness.config.profile import TargetStart
from harness.core.errors import UsageError
from harness.runtime.stack.embedded import interpreter


def test_it_is_that_of_the_harness_unless_the_start_names_one(tmp_path: Path) -> None:
    """A path is relative to harness.toml, and the link of a virtual environment is not followed."""
    assert interpreter(TargetStart(("x",)), tmp_path) == sys.executable
    link = tmp_path / "env" / "bin" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(sys.executable)
    assert interpreter(TargetStart(("x",), python="env/bin/python"), tmp_path) == str(link)
    assert interpreter(TargetStart(("x",), python=str(link)), tmp_path / "elsewhere") == str(link)


def test_one_without_a_directory_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell does."""
    (tmp_path / "python9").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter(TargetStart(("x",), python="python9"), tmp_path) == str(tmp_path / "python9")


@pytest.mark.parametrize("named", ["env/bin/python", "python9", "/"])
def test_one_that_is_not_there_is_named_with_the_next_step(named: str, tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError, match=rf"start.python: {named} is no program that can be run; name the interpreter"):
        interpreter(TargetStart(("x",), python=named), tmp_path)
