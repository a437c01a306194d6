"""Stored runs for replay."""

import shutil
from pathlib import Path

import pytest

from tests.recorded.stored import StoredRun

RUNS = Path(__file__).parent / "runs"


@pytest.fixture
def clean_run(tmp_path: Path) -> StoredRun:
    """A copy of the run of an unmodified app, free to be changed."""
    return StoredRun(Path(shutil.copytree(RUNS / "clean", tmp_path / "run")))
