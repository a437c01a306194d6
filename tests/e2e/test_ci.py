"""The way into CI: the commands of docs/ci.md, and the step of the action that runs the harness."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import PROJECT, Harness, copied_project

SHORT = """
[profiles.ci]
scenario = "scenarios/mixed.py"
duration = "4s"
warmup = "1s"
gated_views = ["work:slow"]
dashboards = []
rules = []

[profiles.strict]
duration = "4s"
thresholds = ["p95 < 1ms"]
dashboards = []
rules = []
"""
FEW = ("--pairs", "5", "--slices", "1", "--slice", "1s")
CODES = {"doctor": {0, 1}, "run": {0}, "gate": {3}, "baseline": {0}}
"""How each command of the page may end on a run this short: too few requests to compare."""


def commands() -> list[list[str]]:
    """What docs/ci.md tells its reader to type."""
    blocks = re.findall(r"```console\n(.*?)```", (PROJECT / "docs" / "ci.md").read_text(), re.DOTALL)
    return [line.split() for block in blocks for line in block.splitlines()]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The reference target with a profile that is over soon."""
    head, rest = (PROJECT / "harness.toml").read_text().split("[profiles.ci]")
    return copied_project(tmp_path / "project", head + SHORT + "\n[profiles.smoke2]" + rest)


@pytest.mark.long
def test_the_commands_of_the_page_run(harness: Harness, repository: Path) -> None:
    """One after the other, as a reader would type them."""
    typed = commands()
    assert [words[1] for words in typed] == ["doctor", "run", "gate", "gate", "baseline", "baseline"]
    for words in typed:
        extra = FEW if words[1] == "gate" else ()
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli.main", *words[1:], *extra],
            cwd=repository,
            env=harness.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in CODES[words[1]], f"{words}\n{done.stderr}\n{done.stdout}"
        harness.check_clean()
    assert (repository / "reports" / "self-test" / "selftest.json").exists()


def step(harness: Harness, repository: Path, name: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the action as GitHub does."""
    action = yaml.safe_load((PROJECT / "action.yml").read_text())
    script = next(each for each in action["runs"]["steps"] if each.get("name") == name)["run"]
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=repository,
        env={
            **harness.environment,
            "TMPDIR": str(repository.parent),  # a runner's own, and its files are nobody's to remove
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(repository / "output"),
            "GITHUB_STEP_SUMMARY": str(repository / "summary"),
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("name", "key"), [("Install", "requirements"), ("Run", "arguments")])
def test_a_quotation_that_is_not_closed_stops_the_step(harness: Harness, repository: Path, name: str, key: str) -> None:
    """Nothing is installed or run without what was asked for."""
    done = step(harness, repository, name, **{f"HARNESS_{key.upper()}": "run 'ci", "HARNESS_ACTION": "nowhere"})
    assert done.returncode == 2
    assert f"::error title=harness::{key}: " in done.stdout


def test_the_step_of_the_action_runs_the_harness(harness: Harness, repository: Path) -> None:
    """Its arguments are words and no script; exit code, summary and annotations come out where GitHub looks."""
    output, summary = repository / "output", repository / "summary"
    out = "reports/$(touch forged)"
    done = step(harness, repository, "Run", HARNESS_ARGUMENTS="run strict --users '4'", HARNESS_OUT=out)
    assert not harness.processes()
    report = json.loads((repository / "reports" / "$(touch forged)" / "report.json").read_text())
    assert not (repository / "forged").exists()
    assert output.read_text() == f"exit-code={report['exit_code']}\n"
    assert done.returncode == report["exit_code"] == 1
    assert "::error title=thresholds p95 < 1ms::" in done.stderr
    assert summary.read_text() == (repository / "reports" / "$(touch forged)" / "summary.md").read_text()
