"""Versions of a target whose packages are in another interpreter than the harness's."""

import sys
from pathlib import Path

from harness.runtime import machine


def interpreter(path: Path, text: str) -> str:
    """A program in the place of an interpreter."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_targets_packages_are_those_of_its_own_interpreter(tmp_path: Path) -> None:
    """The harness's own stay, and the target's interpreter is named beside that of the harness."""
    other = interpreter(tmp_path / "python", f'exec {sys.executable} -I -S "$@"')
    own, found = machine.versions(), machine.versions(other)
    assert {"Django", "django-prometheus", "locust"} <= own.keys()
    assert "target-python" not in own
    assert found["target-python"] == own["python"]
    assert found["locust"] == own["locust"]
    assert "Django" not in found  # -S: it has no packages


def test_an_interpreter_that_does_not_answer_leaves_the_targets_versions_out(tmp_path: Path) -> None:
    """None of them is taken from beside the harness instead."""
    for text in ("exit 3", "echo no JSON", "echo '[1]'"):
        found = machine.versions(interpreter(tmp_path / "python", text))
        assert not {"Django", "target-python"} & found.keys()
        assert "locust" in found
    assert "Django" not in machine.versions(str(tmp_path / "nothing"))
