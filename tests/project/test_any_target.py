"""The harness knows no target: what belongs to the reference target lies beside it, and not in the wheel."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.reference import ROOT

PACKAGE = ROOT / "harness"
APPS = tuple(sorted(path.parent.name for path in (ROOT / "target_app").glob("*/urls.py")))
"""Packages of the reference target with URLs: its project and its apps."""
SCENARIOS = tuple(sorted(path.name for path in (ROOT / "scenarios").glob("*.py")))
FORBIDDEN = re.compile(
    r"somesite|target_app|[Rr]eference target|\bscenarios/|\bwork[:/]\w|/work\b|\bdata:[a-z]+\b|"
    + "|".join(rf"[\w/]+/{re.escape(name)}\b" for name in SCENARIOS)
)
"""Its project, its directory, its scenarios, and its views as labels or paths."""


def test_nothing_in_the_harness_names_the_reference_target() -> None:
    """Neither code nor comments nor templates; examples are of a shop."""
    files = [file for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for file in sorted(files)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if FORBIDDEN.search(line)
    ]
    assert {"somesite", "work", "data"} <= set(APPS)
    assert len(files) > 100
    assert found == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this clone."""
    made = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(made)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (file,) = made.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation has of it."""
    place = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    return place


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed command, in a directory that is no clone."""
    code = (
        "import harness; from harness.cli.main import entrypoint; "
        f"assert harness.__file__.startswith({str(installed)!r}); entrypoint()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_wheel_holds_the_harness_alone(wheel: Path) -> None:
    """No faults, target or scenarios; the machinery of faults and the data files are there."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "harness",
        "metrics_harness",
    }  # the latter: metadata
    assert "harness/faults/catalogue.py" in names
    assert "harness/report/render/templates/faults.html.j2" in names
    assert not [name for name in names if "target_app" in name or "scenarios" in name]


def test_an_installed_harness_says_that_a_directory_has_no_profiles(installed: Path, tmp_path: Path) -> None:
    """And without a catalogue, how to name one."""
    done = run(installed, tmp_path, "faults", "--list")
    assert done.returncode == 2
    assert done.stderr.startswith("harness: --config: harness.toml does not exist; run in the project's directory")
    (tmp_path / "harness.toml").write_text("[profiles.smoke]\nusers = 3\n")
    done = run(installed, tmp_path, "faults", "--list")
    assert done.returncode == 2
    assert "harness: harness.toml: names no faults" in done.stderr
    assert 'faults = "faults"' in done.stderr


def test_an_installed_harness_reads_a_catalogue_of_its_own(installed: Path, tmp_path: Path) -> None:
    """One that imports nothing but `harness.faults`, under any name of the directory."""
    (tmp_path / "harness.toml").write_text('faults = "lies"\n[profiles.smoke]\nusers = 3\n')
    (tmp_path / "lies").mkdir()
    (tmp_path / "lies" / "no_middleware.py").write_text(
        "from harness.faults import Fault, Injection\n"
        "FAULT = Fault(number=1, id='no-middleware', does='Nothing counts.', lie='no traffic', mend='MIDDLEWARE',\n"
        "    caught_by=('request-conservation',), quiet=(), injection=Injection(settings='MIDDLEWARE = []'))\n"
    )
    done = run(installed, tmp_path, "faults", "--list")
    assert (done.returncode, done.stdout) == (0, " 1  no-middleware          Nothing counts.\n"), done.stderr
    (tmp_path / "lies" / "no_middleware.py").write_text("FAULT = (")
    done = run(installed, tmp_path, "faults", "--list")
    assert done.returncode == 2
    assert re.search(r"^harness: .*/lies/no_middleware\.py:1: not valid Python", done.stderr), done.stderr
