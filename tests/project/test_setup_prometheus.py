"""`make setup` finds a Prometheus in the distribution's packages, however these are cut."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tools import setup


def program(file: Path, says: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    "packages",
    [{"prometheus": ("prometheus", "promtool")}, {"prometheus": ("prometheus",), "promtool": ("promtool",)}],
    ids=["one package", "promtool in its own"],
)
def test_both_programs_are_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packages: dict[str, Iterable[str]]
) -> None:
    """Debian 12 has them in one package, later releases in two."""
    for package, programs in packages.items():
        for name in programs:
            program(tmp_path / "unpacked" / package / "usr/bin" / name, f"{name}, version 9.1.2+ds")
    (tmp_path / "tools").mkdir()
    monkeypatch.setattr(setup, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(setup, "SCRATCH", tmp_path)
    monkeypatch.setattr(setup, "debian_package", lambda name, _remedy: tmp_path / "unpacked" / name)
    monkeypatch.delenv(setup.PROMETHEUS_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", os.devnull)
    setup.ensure_prometheus()
    for name in ("prometheus", "promtool"):
        found = subprocess.run([tmp_path / "tools" / "bin" / name], capture_output=True, text=True, check=True)
        assert found.stdout == f"{name}, version 9.1.2+ds\n"
