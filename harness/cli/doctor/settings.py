"""Reads a Django settings module in a process of its own: neither Django nor the target is imported here."""

import ast
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.cli import project_process
from harness.cli.project_process import MULTIPROCESS
from harness.instrumentation.django_prometheus import doctor
from harness.instrumentation.django_prometheus.doctor import SettingsFacts
from harness.runtime import files

SCRIPT = Path(doctor.__file__).parent / "target_side" / "read_settings.py"
GUNICORN = "gunicorn.conf.py"


def probe_settings(module: str, cwd: Path, python: str = sys.executable) -> SettingsFacts:
    """What a settings module says, once Django is set up with it in `cwd` by the interpreter `python`.

    Workers and the multiprocess directory are also looked for in the environment and in `cwd`/gunicorn.conf.py, which
    is read and not run.

    Raises:
        UsageError: the module cannot be imported, Django cannot be set up with it, or it took too long.
    """
    return _with_workers(project_process.ask(SettingsFacts, SCRIPT, module, cwd, python), cwd, os.environ)


def _with_workers(facts: SettingsFacts, cwd: Path, environment: Mapping[str, str]) -> SettingsFacts:
    """Add what gunicorn's configuration and the environment say about workers."""
    workers = _whole(environment.get("WEB_CONCURRENCY", ""))
    directory, mentioned = facts.multiprocess_dir, False
    tree = _gunicorn(cwd / GUNICORN)
    for node in ast.walk(tree):
        if _sets_directory(node):
            directory = directory or GUNICORN
        elif isinstance(node, ast.Constant) and node.value in MULTIPROCESS:
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
            return named and any(str(text).startswith(tuple(f"{name}=" for name in MULTIPROCESS)) for text in texts)
        case ast.Call(func=ast.Attribute(attr="setdefault" | "putenv"), args=[first, _]):
            return _names_it(first)
        case ast.Call(func=ast.Attribute(attr="update"), args=arguments, keywords=keywords):
            keys = [key for each in arguments if isinstance(each, ast.Dict) for key in each.keys if key is not None]
            return any(_names_it(key) for key in keys) or any(each.arg in MULTIPROCESS for each in keywords)
        case ast.AugAssign(op=ast.BitOr(), value=ast.Dict(keys=keys)):
            return any(_names_it(key) for key in keys if key is not None)
        case _:
            return False


def _names_it(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in MULTIPROCESS


def _gunicorn(file: Path) -> ast.Module:
    """The syntax of a gunicorn configuration; an empty module when there is none or it cannot be read."""
    try:
        return ast.parse(files.read_text(file, files.RULES_BYTES))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
