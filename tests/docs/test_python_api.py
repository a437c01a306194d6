"""The examples of docs/python-api.md run as they stand."""

import re
import shutil
from pathlib import Path

import pytest

from harness.runs.stored_run import StoredRun

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
RUN = "20260401-101500-3f9a52c8"


@pytest.mark.parametrize("example", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_runs(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the stored run, and prints something for each of its views."""
    shutil.copytree(ROOT / "tests" / "recorded" / "runs" / "clean", tmp_path / "reports" / RUN)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/python-api.md", "exec"), {})  # the page is ours
    assert "work:fast" in capsys.readouterr().out


def test_every_member_is_documented() -> None:
    """The table names what a stored run has, and no other."""
    first = (line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    named = {word.split("(")[0] for cell in first for word in re.findall(r"`([^`]+)`", cell)}
    assert named == {name for name in dir(StoredRun) if not name.startswith("_")} | {"run"}
