"""The two sides of a paired gate: a git ref in a worktree of its own, a command line, or a URL."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from harness.config.profile import TargetStart
from harness.core.errors import StackError, UsageError
from harness.runtime import process
from harness.runtime.interrupt import shielded

GIT_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Side:
    """What is started in each pair, and where."""

    role: str
    """`base` or `candidate`."""
    text: str
    """As it was asked for."""
    commit: str
    """The commit that a ref stood for; empty for a command."""
    start: TargetStart
    project: Path
    """The directory that the start's paths are relative to."""
    url: str = ""
    """Where it is already running; then nothing is started."""
    uncommitted: bool = False
    """The project has changes that the ref, which is what is checked out there, does not hold."""


def is_url(text: str) -> bool:
    """Whether a side is meant to be running already; an incomplete URL is refused where its host is checked."""
    return text.lower().startswith(("http:", "https:"))


def prepared(
    running: ExitStack, role: str, text: str, env: Mapping[str, str], start: TargetStart, project: Path
) -> Side:
    """A side that can be started; a worktree is gone when `running` closes, however that comes.

    `env` is added to the start's own. Raises UsageError for what is neither URL nor command nor ref, for settings of a
    URL, and for a directory outside of any repository.
    """
    flag = f"--{role}"
    if is_url(text):
        if env:
            raise UsageError(
                f"{flag}-env: {text} is already running and takes no settings; leave them out, or name a command"
            )
        return Side(role, text, "", start, project, text.rstrip("/"))
    start = replace(start, env={**start.env, **env})
    if "{port}" in text:
        return Side(role, text, "", replace(start, command=_arguments(flag, text)), project)
    commit, top = _commit(flag, text, project), Path(_git(project, "rev-parse", "--show-toplevel"))
    with shielded():
        place = Path(tempfile.mkdtemp(prefix="harness-tree-"))
        running.callback(_remove, top, place)
        tree = place / "tree"
        try:
            _git(top, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", "--quiet", str(tree), commit)
        except _GitError as error:
            raise StackError(f"{flag}: {text} ({commit[:12]}) cannot be checked out: {error}") from None
    within = tree / project.resolve().relative_to(top.resolve())
    if not within.is_dir():
        raise UsageError(f"{flag}: {text} has no directory {within.relative_to(tree)}; name a ref that has the project")
    return Side(role, text, commit, start, within, uncommitted=_is_changed(project, commit))


def _is_changed(project: Path, commit: str) -> bool:
    try:
        return _git(project, "rev-parse", "HEAD") == commit and bool(_git(project, "status", "--porcelain", "--", "."))
    except _GitError:  # nothing depends on it
        return False


class _GitError(Exception):
    """Git's own last line."""


def _arguments(flag: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{flag}: {text!r} is not a command line: {error}; close the quotation") from None


def _commit(flag: str, text: str, project: Path) -> str:
    hint = "name a git ref, a URL, or a command line with {port}, e.g. 'python manage.py runserver {port}'"
    try:
        _git(project, "rev-parse", "--show-toplevel")
    except _GitError as error:
        raise UsageError(
            f"{flag}: {text!r} cannot be looked up in a git repository at {project}: {error}; {hint}"
        ) from None
    try:
        return _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
    except _GitError:
        raise UsageError(f"{flag}: no git ref {text!r} in {project}; {_deepen(project) or hint}") from None


def _deepen(project: Path) -> str:
    """What to do where the clone holds the newest commits alone."""
    try:
        shallow = _git(project, "rev-parse", "--is-shallow-repository") == "true"
    except _GitError:
        return ""
    return "the clone is shallow: `git fetch --unshallow`, in CI fetch-depth: 0 or GIT_DEPTH: 0" if shallow else ""


def _git(directory: Path, *arguments: str) -> str:
    """What git says. Raises _GitError."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # as set for a hook
    try:
        done = process.capture(["git", *arguments], GIT_LIMIT_S, cwd=directory, env=own)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _GitError(f"git cannot be run: {error}") from None
    if done.returncode:
        raise _GitError((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])
    return done.stdout.strip()


def _remove(top: Path, place: Path) -> None:
    """The worktree, its files, and git's record of it."""
    with shielded():
        shutil.rmtree(place, ignore_errors=True)
        try:
            _git(top, "worktree", "prune")
        except _GitError as error:
            raise StackError(
                f"{place} was a git worktree and is still registered: {error}; run `git worktree prune`"
            ) from None
