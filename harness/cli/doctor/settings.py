"""Reads a Django settings module in a process of its own: neither Django nor the target is imported here."""

import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.core.document import read_json
from harness.core.errors import StackError, UsageError
from harness.instrumentation.django_prometheus import doctor
from harness.instrumentation.django_prometheus.doctor import SettingsFacts
from harness.runtime import files, process

LIMIT_S = 60.0
"""How long a target's settings and apps may take to be imported."""
SCRIPT = Path(doctor.__file__).parent / "target_side" / "read_settings.py"
VARIABLES = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
GUNICORN = "gunicorn.conf.py"


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    facts: SettingsFacts | None = None
    error: str = ""


def probe_settings(module: str, cwd: Path, python: str = sys.executable) -> SettingsFacts:
    """What a settings module says, once Django is set up with it in `cwd` by the interpreter `python`.

    Workers and the multiprocess directory are also looked for in the environment and in `cwd`/gunicorn.conf.py, which
    is read and not run.

    Raises:
        UsageError: the module cannot be imported, Django cannot be set up with it, or it took too long.
    """
    if not all(part.isidentifier() for part in module.split(".")):
        raise UsageError(
            f"--settings: {module!r} is not a module; write it as DJANGO_SETTINGS_MODULE, e.g. mysite.settings"
        )
    if not cwd.is_dir():
        raise UsageError(f"--cwd: {cwd} is not a directory; name the one that has the target's manage.py")
    with tempfile.TemporaryDirectory(prefix="harness-doctor-") as scratch:
        answer = _ask(module, cwd, python, Path(scratch))
    if answer.facts is None:
        raise UsageError(
            f"--settings: Django cannot be set up with {module} in {cwd.resolve()}: {answer.error}; name the directory "
            "of manage.py with --cwd, and the interpreter of the project's environment with --python"
        )
    return _with_workers(answer.facts, cwd, os.environ)


def _ask(module: str, cwd: Path, python: str, scratch: Path) -> _Answer:
    out, log, shared = scratch / "facts.json", scratch / "log", scratch / "multiproc"
    shared.mkdir()
    command = [python, "-c", SCRIPT.read_text(encoding="utf-8"), module, str(out), str(shared)]
    redirected = {name: str(shared) for name in VARIABLES if name in os.environ}
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
        return msgspec.convert(read_json(files.read_text(out, files.INPUT_BYTES)), _Answer)
    except (OSError, ValueError, RecursionError, OverflowError) as error:
        raise UsageError(
            f"--settings: reading {module} ended with exit {code} and no answer ({error}):\n{process.tail(log)}"
        ) from None


def _with_workers(facts: SettingsFacts, cwd: Path, environment: Mapping[str, str]) -> SettingsFacts:
    """Add what gunicorn's configuration and the environment say about workers."""
    workers = _whole(environment.get("WEB_CONCURRENCY", ""))
    directory, mentioned = facts.multiprocess_dir, False
    tree = _gunicorn(cwd / GUNICORN)
    for node in ast.walk(tree):
        if _sets_directory(node):
            directory = directory or GUNICORN
        elif isinstance(node, ast.Constant) and node.value in VARIABLES:
            mentioned = True
        match node:
            case ast.Assign(targets=[ast.Name(id="workers")], value=ast.Constant(value=int() as number)):
                workers = number
            case ast.Assign(targets=[ast.Name(id="workers")]):
                workers = None
            case _:
                pass
    reads = mentioned and not directory
    return replace(facts, workers=workers, multiprocess_dir=directory, reads_multiprocess_dir=reads)


def _sets_directory(node: ast.AST) -> bool:
    """Whether it puts the directory into the environment of the workers; to read it there is something else."""
    match node:
        case ast.Assign(targets=targets):
            if any(isinstance(each, ast.Subscript) and _names_it(each.slice) for each in targets):
                return True
            texts = [each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
            named = any(isinstance(each, ast.Name) and each.id == "raw_env" for each in targets)
            return named and any(str(text).startswith(tuple(f"{name}=" for name in VARIABLES)) for text in texts)
        case ast.Call(func=ast.Attribute(attr="setdefault" | "putenv"), args=[first, _]):
            return _names_it(first)
        case ast.Call(func=ast.Attribute(attr="update"), args=arguments, keywords=keywords):
            keys = [key for each in arguments if isinstance(each, ast.Dict) for key in each.keys if key is not None]
            return any(_names_it(key) for key in keys) or any(each.arg in VARIABLES for each in keywords)
        case ast.AugAssign(op=ast.BitOr(), value=ast.Dict(keys=keys)):
            return any(_names_it(key) for key in keys if key is not None)
        case _:
            return False


def _names_it(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in VARIABLES


def _gunicorn(file: Path) -> ast.Module:
    """The syntax of a gunicorn configuration; an empty module when there is none or it cannot be read."""
    try:
        return ast.parse(files.read_text(file, files.RULES_BYTES))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
