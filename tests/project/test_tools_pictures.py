"""tools/pictures.py: which browser it takes, and that the documentation shows what it makes."""

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from tools import pictures


def test_the_browser_that_is_named_is_taken(tmp_path: Path) -> None:
    """Before one on PATH, by its file."""
    named, other = tmp_path / "mine", tmp_path / "chromium"
    for file in (named, other):
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    assert pictures.browser_of({"PATH": str(tmp_path)}) == str(other)
    assert pictures.browser_of({"PATH": str(tmp_path), "HARNESS_CHROMIUM": str(named)}) == str(named)


@pytest.mark.parametrize("named", ["", "/nowhere/chromium"])
def test_without_a_browser_the_next_step_is_named(tmp_path: Path, named: str) -> None:
    """What was looked for, what to install and what to set."""
    with pytest.raises(UsageError, match=r"no browser \(.*chromium.*\); install one, .* or set HARNESS_CHROMIUM"):
        pictures.browser_of({"PATH": str(tmp_path), "HARNESS_CHROMIUM": named})


def test_every_picture_is_shown() -> None:
    """In the README, from where it lies."""
    readme = (pictures.ROOT / "README.md").read_text()
    for name in pictures.RUNS:
        assert f"(docs/{name})" in readme
        assert (pictures.ROOT / "docs" / name).stat().st_size > 10_000
