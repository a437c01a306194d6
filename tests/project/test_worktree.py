"""Git refs as the sides of a gate, in repositories of the tests' own."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.config.profile import TargetStart
from harness.core.errors import UsageError
from harness.gate.pairs import worktree

START = TargetStart(("true",))


def git(directory: Path, *words: str) -> None:
    named = ("-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *named, *words], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits."""
    made = tmp_path / "repository"
    made.mkdir()
    git(made, "init")
    for text in ("one", "two"):
        (made / "file").write_text(text)
        git(made, "add", "file")
        git(made, "commit", "-m", text)
    return made


def test_a_ref_is_checked_out_for_as_long_as_it_is_needed(repository: Path) -> None:
    """With what the commit holds, in a place of its own."""
    with ExitStack() as running:
        side = worktree.prepared(running, "base", "HEAD~1", {}, START, repository)
        assert (side.project / "file").read_text() == "one"
        assert not side.uncommitted
    assert not side.project.exists()


@pytest.mark.parametrize(
    ("ref", "changed", "told"), [("HEAD", True, True), ("HEAD", False, False), ("HEAD~1", True, False)]
)
def test_changes_that_a_ref_lacks_are_known(repository: Path, ref: str, changed: bool, told: bool) -> None:
    """Of the commit that is checked out here: of another nobody would expect them."""
    if changed:
        (repository / "file").write_text("three")
    with ExitStack() as running:
        assert worktree.prepared(running, "candidate", ref, {}, START, repository).uncommitted is told


def test_a_shallow_clone_is_told_to_be_deepened(repository: Path, tmp_path: Path) -> None:
    """What CI servers check out by default has no base."""
    git(tmp_path, "clone", "--depth", "1", f"file://{repository}", "shallow")
    with ExitStack() as running, pytest.raises(UsageError, match=r"--base: no git ref 'HEAD~1' .*--unshallow"):
        worktree.prepared(running, "base", "HEAD~1", {}, START, tmp_path / "shallow")


def test_a_url_runs_already(tmp_path: Path) -> None:
    """Nothing is checked out, and it takes no settings."""
    with ExitStack() as running:
        assert (
            worktree.prepared(running, "base", "http://127.0.0.1:8000/", {}, START, tmp_path).url
            == "http://127.0.0.1:8000"
        )
        with pytest.raises(UsageError, match=r"--candidate-env: .* takes no settings"):
            worktree.prepared(running, "candidate", "http://127.0.0.1:8000", {"A": "1"}, START, tmp_path)
