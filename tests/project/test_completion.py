"""`harness completion` in real shells."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sys.executable).parent
"""Where the command is."""
ASK = """
eval "$(harness completion bash)"
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
read -ra COMP_WORDS <<< "$1"
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_python_argcomplete harness "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
"""What readline does when Tab is pressed after `$1`."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Profiles, a variant, a catalogue of faults, two runs and a directory that is none."""
    directory = tmp_path_factory.mktemp("project")
    text = "[profiles.{}]\n[profiles.{}.start]\ncommand = ['true']\n"
    faults = f"faults = {str(ROOT / 'faults')!r}\n"
    (directory / "harness.toml").write_text(faults + text.format("smoke", "smoke") + text.format("soak", "soak"))
    (directory / "other.toml").write_text(text.format("nightly", "nightly") + "[variants.redis]\n")
    for name in ("20260401-101500-3f9a52c8", "20260402-101500-77ab"):
        (directory / "reports" / name).mkdir(parents=True)
        (directory / "reports" / name / "run.json").touch()
    (directory / "elsewhere").mkdir()
    return directory


def completed(project: Path, typed: str) -> list[str]:
    """What bash offers."""
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK, "bash", typed],
        cwd=project,
        env={**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [word.strip() for word in done.stdout.splitlines() if word.strip()]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("harness ver", ["verify"]),
        ("harness run --arr", ["--arrival-rate"]),
        ("harness run --pace c", ["closed"]),
        ("harness run s", ["smoke", "soak"]),
        ("harness run --config other.toml n", ["nightly"]),
        ("harness run --config other.toml --variant r", ["redis"]),
        ("harness run --config broken.toml s", []),
        ("harness run --fault one-r", ["one-replica"]),
        ("harness faults one-replica wrong-b", ["wrong-bound"]),
        ("harness gate --profile so", ["soak"]),
        ("harness completion f", ["fish"]),
        ("harness verify reports/2026", ["reports/20260401-101500-3f9a52c8/", "reports/20260402-101500-77ab/"]),
        ("harness report reports/20260402-101500-77ab e", ["elsewhere/"]),
    ],
)
def test_bash_completes(project: Path, typed: str, offered: list[str]) -> None:
    """Commands, flags, choices, profiles and variants of the file that is named, faults, run directories."""
    assert sorted(completed(project, typed)) == offered


def test_bash_completes_every_command() -> None:
    """After a space."""
    commands = ["run", "verify", "report", "gate", "baseline", "faults", "dashboards", "doctor", "up", "completion"]
    assert set(commands) <= set(completed(ROOT, "harness "))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_of_its_shell(shell: str) -> None:
    """Each shell reads it without running it, where it is installed."""
    script = subprocess.run(
        [SCRIPTS / "harness", "completion", shell], capture_output=True, text=True, check=True
    ).stdout
    assert "harness" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
