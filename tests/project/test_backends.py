"""What `make backends` says and does without building anything."""

from pathlib import Path

import pytest

from tools import backends


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Go and without any of the servers."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(backends, "BIN", tmp_path / "built")
    monkeypatch.setattr(backends, "GO_PLACES", ())
    return tmp_path


def program(path: Path, text: str = "") -> Path:
    """An executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_an_unknown_server_is_named(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    assert backends.main(["mimir"]) == 2
    assert "unknown server mimir: say prometheus, victoria-metrics, thanos, cortex" in capsys.readouterr().err
    assert not (bare / "built").exists()


@pytest.mark.usefixtures("bare")
def test_without_go_it_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    """And builds nothing."""
    assert backends.main(["thanos"]) == 2
    assert "thanos is not on PATH, and neither is Go to build it: install one" in capsys.readouterr().err


def test_what_is_there_is_left_alone(bare: Path) -> None:
    """What was built comes before what PATH has."""
    on_path = program(bare / "bin" / "thanos")
    assert backends.find("thanos") == on_path
    assert backends.main(["thanos"]) == 0
    assert backends.find("cortex") is None
    built = program(bare / "built" / "thanos")
    assert backends.find("thanos") == built


@pytest.mark.parametrize(
    ("flags", "found"), [("--[no-]agent  run in agent mode", True), ("--enable-feature=agent", False)]
)
def test_only_a_prometheus_3_of_path_will_do(bare: Path, flags: str, *, found: bool) -> None:
    """Known by its flags, since one that was built with Go does not know its version."""
    on_path = program(bare / "bin" / "prometheus", f'echo "{flags}"')
    assert backends.find("prometheus") == (on_path if found else None)
