"""Dashboards read from files and directories: what is one, and what is named instead."""

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.runs import inputs

GOOD = '{"title": "Good", "panels": [{"id": 1, "title": "P", "targets": [{"refId": "A", "expr": "up"}]}]}'


def test_a_file_that_is_none_leaves_the_others_to_be_judged(tmp_path: Path) -> None:
    """It is told with its name, and the rest is read."""
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "a.json").write_text(GOOD)
    (tmp_path / "boards" / "b.json").write_text("{")
    (tmp_path / "boards" / "c.json").write_bytes(b"\xff\xfe")
    good, broken, binary = inputs.read_dashboards(["boards"], tmp_path)
    assert (good.title, good.source, good.problem) == ("Good", str(Path("boards", "a.json")), "")
    assert "b.json: not valid JSON" in broken.problem
    assert "c.json cannot be read: it is not UTF-8" in binary.problem


@pytest.mark.parametrize(
    ("files", "name", "said"),
    [
        ({}, "", "contains no .json file"),
        ({}, "missing.json", "missing.json cannot be read"),
        ({"a.json": "{"}, "a.json", "not valid JSON"),
        ({"a.json": "{", "b.json": "[]"}, "", "a.json: not valid JSON"),
        ({"a.json": GOOD, "b.json": "[]"}, "b.json", "not a Grafana dashboard"),
    ],
)
def test_nothing_to_judge_is_an_error(tmp_path: Path, files: dict[str, str], name: str, said: str) -> None:
    """A single file that is none, or none of several."""
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    with pytest.raises(UsageError, match=said):
        inputs.read_dashboards([name], tmp_path)
