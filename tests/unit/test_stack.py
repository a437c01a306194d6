"""Finding Prometheus; starting and stopping is tested on the real stack."""

from pathlib import Path

import pytest

from harness import stack
from harness.errors import UsageError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without tools, on a machine without Prometheus."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HARNESS_PROMETHEUS", raising=False)
    monkeypatch.setattr(stack, "CLONE", tmp_path / "clone")
    return tmp_path


def binary(path: Path) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_no_prometheus_says_what_to_install(bare: Path) -> None:
    """Where it was looked for, the make target, and the variable."""
    with pytest.raises(UsageError, match=r"no prometheus binary on PATH or in .*make prometheus.*HARNESS_PROMETHEUS"):
        stack.find_prometheus(bare)


def test_the_variable_comes_first_then_path_then_tools(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place only when those before it have none."""
    cloned = binary(bare / "clone" / ".tools" / "bin" / "prometheus")
    assert stack.find_prometheus(bare) == cloned
    project = binary(bare / ".tools" / "bin" / "prometheus")
    assert stack.find_prometheus(bare) == project
    on_path = binary(bare / "prometheus")
    assert stack.find_prometheus(bare) == on_path
    named = binary(bare / "elsewhere" / "prom")
    monkeypatch.setenv("HARNESS_PROMETHEUS", str(named))
    assert stack.find_prometheus(bare) == named


@pytest.mark.parametrize("executable", [True, False])
def test_a_variable_that_names_no_program_is_refused(
    bare: Path, monkeypatch: pytest.MonkeyPatch, *, executable: bool
) -> None:
    """Missing, or not executable."""
    path = bare / "prom"
    if not executable:
        path.write_text("")
    monkeypatch.setenv("HARNESS_PROMETHEUS", str(path))
    with pytest.raises(UsageError, match=r"HARNESS_PROMETHEUS: .* is not an executable file"):
        stack.find_prometheus(bare)
