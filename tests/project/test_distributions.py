"""The two wheels of this repository: what is in them, and what they require."""

import email
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from harness.core import distribution

ROOT = Path(__file__).parents[2]
WITNESS = ROOT / "witness"


def built(project: Path, directory: Path) -> zipfile.ZipFile:
    """The wheel of a project, made without any package index."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = directory.glob("*.whl")
    return zipfile.ZipFile(wheel)


def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


def top(wheel: zipfile.ZipFile) -> set[str]:
    """The first parts of its paths, but for its description of itself."""
    return {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}


def test_the_witness_is_one_package_that_requires_django_alone(tmp_path: Path) -> None:
    """Typed, with its licence; tests, harness and target are not in it."""
    with built(WITNESS, tmp_path) as wheel:
        assert top(wheel) == {"metrics_witness"}
        sources = {f"metrics_witness/{file.name}" for file in (WITNESS / "src" / "metrics_witness").glob("*.py")}
        found = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert found == sources | {"metrics_witness/py.typed"}
        assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())
        required = metadata(wheel).get_all("Requires-Dist") or []
        assert [text.split("<")[0].split(">")[0] for text in required] == ["django"]


def test_the_harness_does_not_contain_the_witness(tmp_path: Path) -> None:
    """Nor the target or its scenarios: an app installs the witness without the harness."""
    with built(ROOT, tmp_path) as wheel:
        assert top(wheel) == {"harness"}
        assert not [name for name in wheel.namelist() if "metrics_witness" in name]


def test_the_harness_is_installed_without_what_makes_load(tmp_path: Path) -> None:
    """Locust and the target's packages are extras; its description leads nowhere outside of itself."""
    with built(ROOT, tmp_path) as wheel:
        described = metadata(wheel)
    assert described["Name"] == distribution.NAME
    required = [text for text in described.get_all("Requires-Dist") or [] if "extra ==" not in text]
    assert not [text for text in required if text.startswith(("django", "gevent", "gunicorn", "locust"))]
    by_extra = [text for text in described.get_all("Requires-Dist") or [] if "extra == 'run'" in text]
    assert [text.split("<")[0] for text in by_extra] == ["locust"]
    assert "](" not in str(described.get_payload())


def test_the_source_distribution_has_every_file(tmp_path: Path) -> None:
    """Of the repository, so that what it holds can be tested and packaged again."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        packed = {name.partition("/")[2] for name in opened.getnames()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name for name in tracked.splitlines() if (ROOT / name).exists()} <= packed


WITHOUT_LOCUST = """
import sys
sys.modules["locust"] = sys.modules["gevent"] = None
from harness.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def without_locust(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WITHOUT_LOCUST, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_without_locust_a_stored_run_is_judged(tmp_path: Path) -> None:
    """And rendered, compared and explained."""
    run = tmp_path / "clean"
    shutil.copytree(ROOT / "tests" / "recorded" / "runs" / "clean", run)
    for arguments in (("verify", run, "--quiet"), ("report", run, "--quiet"), ("explain", "one-replica")):
        done = without_locust(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments


def test_without_locust_a_load_names_the_extra() -> None:
    """Before anything is started or left."""
    out = ROOT / "reports" / "never-made"
    for command in (("run",), ("gate", "--base", "HEAD", "--candidate", "HEAD")):
        done = without_locust(*command, "--out", out)
        assert done.returncode == 2
        assert done.stderr.endswith(f"python -m pip install '{distribution.NAME}[run]'\n")
        assert not out.exists()


def test_both_have_one_licence() -> None:
    """A wheel can only carry a file of its own project."""
    assert (WITNESS / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("file", sorted((WITNESS / "src").rglob("*.py")), ids=lambda file: str(file.name))
def test_the_witness_knows_neither_the_harness_nor_the_target(file: Path) -> None:
    """It imports Django, what Django requires, and itself."""
    imported = {
        line.split()[1].split(".")[0]
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= {"asgiref", "django", "metrics_witness", "sqlparse", *sys.stdlib_module_names}


def test_the_target_is_locked_with_a_django_that_the_witness_supports() -> None:
    """The lock has one Django, and the witness's range holds it."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    (locked,) = (line.split("==")[1].split()[0] for line in lock.splitlines() if line.startswith("django=="))
    (given,) = tomllib.loads((WITNESS / "pyproject.toml").read_text())["project"]["dependencies"]
    assert given == "django>=4.2,<6.1"
    assert (4, 2) <= tuple(int(part) for part in locked.split(".")[:2]) < (6, 1)
