"""`harness doctor`: is everything installed, and is the target instrumented right."""

import argparse
import os
from pathlib import Path

from harness.cli import completers, flags, output, profiles, settings, values
from harness.cli.flags import Commands
from harness.config import connection
from harness.config.profile import Profile
from harness.core.errors import UsageError
from harness.runtime.files import resolved


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    doctor = flags.add(
        commands,
        "doctor",
        "check what is installed here, and how a target is instrumented",
        "harness doctor --settings mysite.settings --cwd src\n  harness doctor --metrics http://127.0.0.1:8000/metrics\n"
        "  harness doctor --target http://127.0.0.1:8000 --prometheus http://127.0.0.1:9090 --selector 'job=\"web\"'",
    )
    doctor.add_argument("--settings", metavar="MODULE", help="also read this Django settings module")
    doctor.add_argument(
        "--python",
        metavar="FILE",
        type=Path,
        help="the interpreter that has the project's packages (default: this one)",
    )
    doctor.add_argument("--cwd", metavar="DIR", type=Path, help="where that module can be imported (default: here)")
    doctor.add_argument("--metrics", metavar="URL", help="also read a live /metrics")
    running = doctor.add_argument_group("a running deployment, before any load")
    running.add_argument("--target", metavar="URL", help="look at what `harness run` would find: the target")
    running.add_argument("--prometheus", metavar="URL", help="the Prometheus that scrapes it")
    running.add_argument(
        "--selector", metavar="MATCHERS", type=values.matchers, help="PromQL matchers of the target's series"
    )
    profile = running.add_argument("--profile", metavar="NAME", help="take what is not given from this profile")
    completers.offer(profile, completers.profiles)
    flags.add_config(doctor)
    settings.add_set(doctor)
    settings.add_connection(doctor, "prometheus", "target")
    doctor.set_defaults(handler=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    for name in ("cwd", "python"):
        if getattr(options, name) and not options.settings:
            raise UsageError(f"--{name}: has no effect without --settings; name the settings module, or leave it out")
    from harness.cli import doctor
    from harness.report.render import diagnoses as render
    from harness.runtime import access

    project = resolved(options.config).parent
    if options.metrics:
        given = settings.given(options).get("target", {})
        way = connection.read({"url": options.metrics} | given, "target", connection.TARGET_KEYS).connection
        options.metrics = access.reach("target", options.metrics, way, project, os.environ, flag="--metrics")
    if options.target or options.prometheus or options.profile:
        diagnoses = doctor.preflight(_profile(options), project)
        if options.settings or options.metrics:
            diagnoses += doctor.examine_target(options.settings, options.cwd, options.metrics, options.python)
    else:
        diagnoses = doctor.examine(project, options.settings, options.cwd, options.metrics, options.python)
    output.write(render.render(diagnoses))
    return int(doctor.exit_code(diagnoses))


def _profile(options: argparse.Namespace) -> Profile:
    """The running deployment that the flags and the profile name. Raises UsageError when one side is missing."""
    profile = profiles.running(options, options.profile)
    for flag, text in (("--target", profile.target), ("--prometheus", profile.prometheus)):
        if not text:
            raise UsageError(f"{flag} is missing: a running deployment is a target and the Prometheus that scrapes it")
    return profile
