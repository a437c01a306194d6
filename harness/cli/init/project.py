"""Reads a Django project with its own interpreter: neither Django nor the project is imported here."""

import ast
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from harness.core.document import read_json
from harness.core.errors import StackError, UsageError
from harness.instrumentation.django_prometheus import doctor
from harness.runtime import files, process

LIMIT_S = 60.0
"""How long a project's settings, apps and URLconf may take to be imported."""
SCRIPT = Path(doctor.__file__).parent / "target_side" / "read_urls.py"
VARIABLE = "DJANGO_SETTINGS_MODULE"


class View(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One URL pattern."""

    view: str
    """Its name with namespaces, as the view label shows it; empty when it has none."""
    route: str
    path: str
    """Where GET reaches it without arguments; empty where it does not, or should not."""
    why: str
    """Why it has no path."""


class ProjectFacts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a project says of itself."""

    metrics: tuple[str, ...]
    """Paths that serve the metrics."""
    views: tuple[View, ...]
    gunicorn: bool
    """The interpreter has it."""
    wsgi: str
    """The module of WSGI_APPLICATION; empty when it is not set."""
    debug: bool
    hosts: tuple[str, ...]
    """ALLOWED_HOSTS."""

    @property
    def takes_loopback(self) -> bool:
        """Whether requests to 127.0.0.1 are answered."""
        return bool({"*", "127.0.0.1"} & set(self.hosts)) or (self.debug and not self.hosts)


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    facts: ProjectFacts | None = None
    error: str = ""


def settings_of(cwd: Path) -> str:
    """The settings module that manage.py names. Raises UsageError when it names none."""
    try:
        tree = ast.parse(files.read_text(cwd / "manage.py", files.RULES_BYTES))
    except (OSError, ValueError, SyntaxError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError(
            f"--settings: {cwd / 'manage.py'} cannot be read ({reason}); name the settings module, e.g. "
            "mysite.settings, and the directory where it can be imported with --cwd"
        ) from None
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=[ast.Constant(value=name), ast.Constant(value=str() as module)]) if name == VARIABLE:
                return module
            case _:
                continue
    raise UsageError(f"--settings: {cwd / 'manage.py'} names no settings module; name it, e.g. mysite.settings")


def read(module: str, cwd: Path, python: str = sys.executable) -> ProjectFacts:
    """What a project says, once `python` has set up Django with `module` in `cwd`. Raises UsageError."""
    if not re.fullmatch(r"\w+(\.\w+)*", module):
        raise UsageError(f"--settings: {module!r} is not a module; write it as {VARIABLE}, e.g. mysite.settings")
    with tempfile.TemporaryDirectory(prefix="harness-init-") as scratch:
        answer = _ask(module, cwd, python, Path(scratch))
    if answer.facts is None:
        raise UsageError(
            f"--settings: Django cannot be set up with {module} in {cwd.resolve()}: {answer.error}; name the directory "
            "of manage.py with --cwd, and the interpreter of the project's environment with --python"
        )
    return answer.facts


def _ask(module: str, cwd: Path, python: str, scratch: Path) -> _Answer:
    out, log = scratch / "facts.json", scratch / "log"
    command = [python, "-c", SCRIPT.read_text(encoding="utf-8"), module, str(out)]
    multiprocess = {
        "PROMETHEUS_MULTIPROC_DIR": str(scratch)
    }  # or what the project imports leaves files among live ones
    env = process.environment({"PYTHONDONTWRITEBYTECODE": "1", **multiprocess})
    try:
        service = process.spawn(f"--settings {module}", command, log, cwd=cwd, env=env)
    except StackError as error:
        raise UsageError(str(error)) from None
    try:
        code = service.process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        raise UsageError(f"--settings: {module} was not imported within {LIMIT_S:g} s:\n{process.tail(log)}") from None
    finally:
        process.stop(service)
    try:
        return msgspec.convert(read_json(files.read_text(out, files.INPUT_BYTES)), _Answer)
    except (OSError, ValueError, RecursionError, OverflowError) as error:
        raise UsageError(
            f"--settings: reading {module} ended with exit {code} and no answer ({error}):\n{process.tail(log)}"
        ) from None
