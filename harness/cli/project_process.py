"""Asks a Django project about itself, in its own interpreter: neither Django nor the project is imported here."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.core.document import read_json
from harness.core.errors import StackError, UsageError
from harness.runtime import files, process

LIMIT_S = 60.0
"""How long a project's settings, apps and URLconf may take to be imported."""
MULTIPROCESS = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
"""Where they are set they lead elsewhere, so that what the project imports leaves no files among live ones."""
Facts = TypeVar("Facts")


def ask(kind: type[Facts], script: Path, module: str, cwd: Path, python: str = sys.executable) -> Facts:
    """What `script` finds, once the interpreter `python` has set up Django with the settings `module` in `cwd`.

    The script gets the module, the file for its answer and a directory to spare, and answers `facts` or `error`.

    Raises:
        UsageError: the module cannot be imported, Django cannot be set up with it, or it took too long.
    """
    if not all(part.isidentifier() for part in module.split(".")):
        raise UsageError(
            f"--settings: {module!r} is not a module; write it as DJANGO_SETTINGS_MODULE, e.g. mysite.settings"
        )
    if not cwd.is_dir():
        raise UsageError(f"--cwd: {cwd} is not a directory; name the one that has the project's manage.py")
    with tempfile.TemporaryDirectory(prefix="harness-project-") as scratch:
        facts, error = _answer(kind, script, module, cwd, python, Path(scratch))
    if facts is None:
        raise UsageError(
            f"--settings: Django cannot be set up with {module} in {files.resolved(cwd)}: {error}; name the directory "
            "of manage.py with --cwd, and the interpreter of the project's environment with --python"
        )
    return facts


def _answer(
    kind: type[Facts], script: Path, module: str, cwd: Path, python: str, scratch: Path
) -> tuple[Facts | None, str]:
    """The facts, or what went wrong."""
    out, log, shared = scratch / "facts.json", scratch / "log", scratch / "multiproc"
    shared.mkdir()
    command = [python, "-c", script.read_text(encoding="utf-8"), module, str(out), str(shared)]
    redirected = {name: str(shared) for name in MULTIPROCESS if name in os.environ}
    env = process.environment({"PYTHONDONTWRITEBYTECODE": "1", **redirected})
    try:
        service = process.spawn(f"--settings {module}", command, log, cwd=cwd, env=env)
    except StackError as error:
        raise UsageError(str(error)) from None
    try:
        code = service.process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"--settings: {module} was not imported within {LIMIT_S:g} s; does it wait for a service that is not up?\n"
            f"{process.tail(log)}"
        ) from None
    finally:
        process.stop(service)
    try:
        answer = msgspec.convert(read_json(files.read_text(out, files.INPUT_BYTES)), dict[str, Any])
        found = answer.get("facts")
        return None if found is None else msgspec.convert(found, kind), str(answer.get("error", ""))
    except (OSError, ValueError, RecursionError, OverflowError) as error:
        raise UsageError(
            f"--settings: reading {module} ended with exit {code} and no answer ({error}):\n{process.tail(log)}"
        ) from None
