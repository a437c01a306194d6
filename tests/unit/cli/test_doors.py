"""The doors: light ones for what needs no run, and a code of its own for a bug of the harness."""

import subprocess
import sys
from pathlib import Path

import pytest

import harness

HEAVY = (
    "jinja2",
    "locust",
    "msgspec",
    "numpy",
    "pandas",
    "prometheus_api_client",
    "pyarrow",
    "requests",
    "rich",
    "scipy",
)
"""Packages that a text on standard output has no use for."""
LOADED = f"""
import sys
from harness.cli.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
heavy = [name for name in {HEAVY} if name in sys.modules]
print(code, *heavy, file=sys.stderr)
"""


def python(text: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("run", "--help"), 0),
        (("gate", "--help"), 0),
        (("completion", "bash"), 0),
        ((), 2),
        (("nonsense",), 2),
        (("run", "--users", "none"), 2),
        (("run", "--pace", "own", "--arrival-rate", "5"), 2),
        (("run", "nosuch"), 2),
        (("run", "plain"), 2),
        (("run", "elsewhere"), 2),
        (("faults", "--profile", "nosuch"), 2),
        (("gate", "--base", "main"), 2),
        (("verify", "nowhere"), 2),
        (("verify", "harness.toml"), 2),
        (("report", "nowhere"), 2),
        (("report", "harness.toml"), 2),
        (("doctor", "--cwd", "."), 2),
    ],
)
def test_what_needs_no_run_imports_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """A help text, a version, a completion script and a usage error."""
    (tmp_path / "harness.toml").write_text(
        "[profiles.plain]\n[profiles.elsewhere]\ntarget = 'http://example.com'\nprometheus = 'http://127.0.0.1:9090'\n"
    )
    done = python(LOADED, *arguments, cwd=tmp_path)
    assert done.stderr.splitlines()[-1] == str(code), done.stderr


def test_importing_the_package_imports_nothing_else() -> None:
    """Its version and its one function are there all the same."""
    done = python(
        "import sys, harness; print([m for m in sys.modules if m.startswith('harness.')], harness.__version__)"
    )
    assert done.stdout.split("]")[0] == "["
    assert harness.__version__ in done.stdout
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        harness.__getattr__("nonsense")


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    """Under the command's name."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", "--nonsense"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: harness ")


SABOTAGED = """
import sys
from pathlib import Path
from harness.cli.main import main
from harness.runs import judge
def broken(path):
    {error}
judge.verify = broken
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("return {}['nothing']", "KeyError"),
        ("raise OSError('no file, no number')", "OSError"),
        ("broken(path)", "RecursionError"),
        ("assert False", "AssertionError"),
    ],
)
def test_a_bug_of_the_harness_is_no_verdict(tmp_path: Path, error: str, name: str) -> None:
    """It ends in 70, with its traceback, one line, and the directory that holds what was recorded."""
    done = python(SABOTAGED.format(error=error), "verify", str(tmp_path))
    assert done.returncode == 70, done.stderr
    assert "Traceback (most recent call last)" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"harness: {name}: a bug of the harness, and no verdict on the target; ")
    assert f"what was recorded is in {tmp_path}; report it" in last


def test_a_bug_that_keeps_the_command_from_being_read_is_one_too() -> None:
    """A module that cannot be imported, before there is a directory to name."""
    done = python(
        "import sys; sys.modules['harness.cli.options'] = None\n"
        "from harness.cli.main import main\n"
        "sys.exit(main(['up']))"
    )
    assert done.returncode == 70, done.stderr
    assert "a bug of the harness, and no verdict on the target; report it" in done.stderr


def test_a_bug_is_annotated_in_github_actions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an error is."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = python(SABOTAGED.format(error="raise ValueError"), "verify", str(tmp_path))
    assert done.stderr.splitlines()[-1].startswith("::error title=harness::ValueError: a bug of the harness")


WITHOUT_STDERR = """
import os, sys
if sys.argv[1] == "closed":
    os.close(2)
else:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[2:]])
"""
ENTRYPOINT = "from harness.cli.main import entrypoint; entrypoint()"


@pytest.mark.parametrize("standard_error", ["closed", "full"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_standard_error_that_cannot_be_written_changes_no_exit_code(tmp_path: Path, standard_error: str) -> None:
    """Neither that of an error, nor that of a bug, which then has nothing to say it with."""
    bug = SABOTAGED.format(error="raise ValueError").replace("sys.exit(main(sys.argv[1:]))", ENTRYPOINT)
    assert python(WITHOUT_STDERR, standard_error, ENTRYPOINT, "verify", "nowhere", cwd=tmp_path).returncode == 2
    assert python(WITHOUT_STDERR, standard_error, bug, "verify", str(tmp_path)).returncode == 70
