"""`make audit` and its part in `make check`, with answers of pip-audit as its documentation shows them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import audit, setup

KNOWN = {"name": "jinja", "version": "2.4", "vulns": [{"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"], "aliases": []}]}
CLEAN = {"name": "django", "version": "5.2.9", "vulns": []}
UNKNOWN = {"name": "mine", "skip_reason": "Dependency not found on PyPI and could not be audited: mine (1.0)"}


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that stands for pip-audit's answer about each lock; the look-ups are counted beside it."""
    environment, file = tmp_path / "environment", tmp_path / "answer"
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin" / "python"
    python.write_text(f"#!/bin/sh\necho >> {tmp_path / 'calls'}\ncat {file}\n")
    python.chmod(0o755)
    (tmp_path / "requirements.lock").write_text("django==5.2.9\n")
    monkeypatch.setattr(audit, "LOCK_FILES", (tmp_path / "requirements.lock",))
    monkeypatch.setattr(audit, "ENVIRONMENT", environment)
    monkeypatch.setattr(audit, "STAMP", environment / "stamp")
    monkeypatch.setattr(audit, "ensure_environment", lambda: None)
    monkeypatch.setattr(setup, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(setup, "SCRATCH", tmp_path / "tools" / "scratch")
    return file


@pytest.mark.parametrize(
    ("packages", "code", "where_possible", "line"),
    [
        ([CLEAN], 0, 0, "audit: no known vulnerability"),
        ([CLEAN, KNOWN, UNKNOWN], 1, 1, "audit: jinja 2.4: PYSEC-2014-8, mended in 2.7.2"),
        (
            [CLEAN, UNKNOWN],
            2,
            0,
            f"audit: not all packages could be looked up: {UNKNOWN['skip_reason']}",
        ),
        (None, 2, 0, "audit: not all packages could be looked up: no answer about"),
    ],
    ids=["clean", "vulnerable", "unknown", "no answer"],
)
def test_only_a_check_goes_on_without_the_data(
    answer: Path,
    capsys: pytest.CaptureFixture[str],
    packages: list[dict[str, Any]] | None,
    code: int,
    where_possible: int,
    line: str,
) -> None:
    """And nothing goes on with a known vulnerability."""
    answer.write_text("" if packages is None else json.dumps({"dependencies": packages, "fixes": []}))
    assert audit.main([]) == code
    said = capsys.readouterr()
    assert audit.main(["--where-possible"]) == where_possible
    assert said == capsys.readouterr(), "the second answer is the first one, kept"
    assert (said.out + said.err).startswith(line)
    assert len((answer.with_name("calls")).read_text().splitlines()) == 1


def test_other_pins_are_looked_up_anew(answer: Path) -> None:
    """The answer of the day is about pins."""
    answer.write_text(json.dumps({"dependencies": [CLEAN], "fixes": []}))
    assert audit.main([]) == 0
    answer.write_text(json.dumps({"dependencies": [KNOWN], "fixes": []}))
    assert audit.main([]) == 0
    audit.LOCK_FILES[0].write_text("jinja==2.4\n")
    assert audit.main([]) == 1


def test_another_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong flag is not no flag."""
    assert audit.main(["--where"]) == 2
    assert "--where-possible" in capsys.readouterr().err
