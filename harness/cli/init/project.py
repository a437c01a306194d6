"""Reads a Django project with its own interpreter: neither Django nor the project is imported here."""

import ast
import sys
from pathlib import Path

import msgspec

from harness.cli import project_process
from harness.core.errors import UsageError
from harness.instrumentation.django_prometheus import doctor
from harness.runtime import files

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
    return project_process.ask(ProjectFacts, SCRIPT, module, cwd, python)
