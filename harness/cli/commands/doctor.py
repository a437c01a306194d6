"""`harness doctor`: is everything installed, and is the target instrumented right."""

import argparse
from pathlib import Path

from harness.cli import flags, output
from harness.cli.flags import Commands
from harness.core.errors import UsageError
from harness.runtime.files import resolved


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    doctor = flags.add(
        commands,
        "doctor",
        "check what is installed here, and how a target is instrumented",
        "harness doctor --settings mysite.settings --cwd src\n  harness doctor --metrics http://127.0.0.1:8000/metrics",
    )
    doctor.add_argument("--settings", metavar="MODULE", help="also read this Django settings module")
    doctor.add_argument("--cwd", metavar="DIR", type=Path, help="where that module can be imported (default: here)")
    doctor.add_argument("--metrics", metavar="URL", help="also read a live /metrics")
    flags.add_config(doctor)
    doctor.set_defaults(handler=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    if options.cwd and not options.settings:
        raise UsageError("--cwd: has no effect without --settings; name the settings module, or leave it out")
    from harness.cli import doctor
    from harness.cli.doctor import render

    diagnoses = doctor.examine(resolved(options.config).parent, options.settings, options.cwd, options.metrics)
    output.write(render.render(diagnoses))
    return int(doctor.exit_code(diagnoses))
