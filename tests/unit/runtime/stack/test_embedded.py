"""Finding Prometheus, and commands that run during a load; starting and stopping is tested on the real stack."""

import time
from pathlib import Path

import pytest

from harness.config.profile import Act
from harness.core.errors import StackError, UsageError
from harness.runtime.stack import embedded


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without tools, on a machine without Prometheus."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HARNESS_PROMETHEUS", raising=False)
    monkeypatch.setattr(embedded, "CLONE", tmp_path / "clone")
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
        embedded.find_prometheus(bare)


def test_the_variable_comes_first_then_path_then_tools(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place only when those before it have none."""
    cloned = binary(bare / "clone" / ".tools" / "bin" / "prometheus")
    assert embedded.find_prometheus(bare) == cloned
    project = binary(bare / ".tools" / "bin" / "prometheus")
    assert embedded.find_prometheus(bare) == project
    on_path = binary(bare / "prometheus")
    assert embedded.find_prometheus(bare) == on_path
    named = binary(bare / "elsewhere" / "prom")
    monkeypatch.setenv("HARNESS_PROMETHEUS", str(named))
    assert embedded.find_prometheus(bare) == named


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
        embedded.find_prometheus(bare)


def test_acts_are_run_at_their_times_in_order(tmp_path: Path) -> None:
    """Whatever the order in which they are given, with their placeholders filled in."""
    told = tmp_path / "told"
    late = Act(0.2, ("sh", "-c", "echo late {word} >> {told}"))
    soon = Act(0.0, ("sh", "-c", "echo soon {word} >> {told}"))
    with embedded.acting((late, soon), {"word": "x", "told": str(told)}, tmp_path / "acts.log"):
        while not told.exists() or told.read_text().count("\n") < 2:
            time.sleep(0.01)
    assert told.read_text() == "soon x\nlate x\n"


def test_an_act_after_the_end_of_the_load_is_not_run(tmp_path: Path) -> None:
    """It would befall the next stage."""
    with embedded.acting((Act(60.0, ("touch", "{tmp}/x")),), {"tmp": str(tmp_path)}, tmp_path / "acts.log"):
        pass
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("command", [("sh", "-c", "echo why; exit 3"), ("no-such-program",)])
def test_an_act_that_fails_ends_the_run(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A fault that was not injected proves nothing."""
    with pytest.raises(StackError, match="while the load was on"):
        act_once(command, tmp_path / "acts.log")


def act_once(command: tuple[str, ...], log: Path) -> None:
    """A load that ends as soon as the command was begun."""
    with embedded.acting((Act(0.0, command),), {}, log):
        while not log.exists():
            time.sleep(0.01)
