"""`harness init`: the files with which a Django project is measured. It asks nothing and overwrites nothing."""

import argparse
import os
import sys
from pathlib import Path

from harness.cli import flags, output
from harness.cli.flags import Commands
from harness.core.errors import ExitCode, UsageError


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    init = flags.add(
        commands,
        "init",
        "write harness.toml, a locustfile and a CI workflow for a Django project",
        "harness init\n  harness init --settings mysite.settings --cwd src --python venv/bin/python",
    )
    init.add_argument(
        "--settings", metavar="MODULE", help="the settings module (default: the one that manage.py names)"
    )
    init.add_argument(
        "--cwd", metavar="DIR", type=Path, default=Path(), help="the directory of manage.py (default: here)"
    )
    init.add_argument(
        "--python",
        metavar="FILE",
        type=Path,
        help="the interpreter that has the project's packages (default: this one)",
    )
    init.add_argument("--out", metavar="DIR", type=Path, default=Path(), help="where to write (default: here)")
    init.set_defaults(handler=_init)


def _init(options: argparse.Namespace) -> int:
    from harness.cli.init import project, texts
    from harness.runtime import files

    if not options.cwd.is_dir():
        raise UsageError(f"--cwd: {options.cwd} is not a directory; name the one that has manage.py")
    python = str(options.python.absolute()) if options.python else "{python}"
    settings = options.settings or project.settings_of(options.cwd)
    facts = project.read(settings, options.cwd, str(options.python.absolute()) if options.python else sys.executable)
    if not facts.metrics:
        raise UsageError(
            f"--settings: {settings} serves no metrics by django-prometheus's own view; `harness doctor --settings "
            f"{settings}` says what is missing"
        )
    if not texts.chosen(facts):
        raise UsageError(
            f"--settings: {settings} has no named view that GET reaches without arguments; write a locustfile"
        )
    cwd = os.path.relpath(files.resolved(options.cwd), files.resolved(options.out))
    made = {
        texts.CONFIG: texts.config(facts, settings, cwd, python),
        texts.LOCUSTFILE: texts.locustfile(facts),
        texts.WORKFLOW: texts.workflow(),
    }
    for name, text in made.items():
        file = options.out / name
        if file.exists():
            output.write(f"kept     {file}: it is there already\n")
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(file, text)
        output.write(f"written  {file}\n")
    left = sum(not each.path for each in facts.views)
    output.write(f"\n{len(texts.chosen(facts))} views are loaded, {left} are left out; {texts.LOCUSTFILE} says why.\n")
    if not facts.takes_loopback:
        output.write(f"ALLOWED_HOSTS of {settings} lacks 127.0.0.1: add it, or the app answers 400 to all of it.\n")
    output.write("Next: `harness doctor`, then `harness run`.\n")
    return int(ExitCode.PASSED)
