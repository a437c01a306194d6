"""`harness up`: the embedded stack alone, until Ctrl-C."""

import argparse

from harness.cli import flags, output, profiles, settings
from harness.cli.flags import Commands
from harness.core.errors import UsageError


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    up = flags.add(commands, "up", "keep the embedded stack running to look around, until Ctrl-C", "harness up")
    flags.add_profile(up)
    flags.add_variant(up)
    flags.add_config(up)
    settings.add_set(up)
    flags.add_live(up)
    up.set_defaults(handler=_up)


def _up(options: argparse.Namespace) -> int:
    profile, project = profiles.chosen(options)
    if profile.start is None:
        raise UsageError(
            f"{options.config}: profile {profile.name!r} starts nothing; `harness up` needs a [start] table"
        )
    from harness.runs import pipeline
    from harness.runtime import interrupt

    with output.watched(options, profile) as reporter, pipeline.up(profile, project, reporter) as services:
        output.write(f"target      {services.target}\nprometheus  {services.prometheus}\n")
        for server in services.servers:
            own = (f"{name.removeprefix(server.name)[1:]} {value}" for name, value in server.placeholders.items())
            output.write(f"{server.name:<10}  {server.version}: {', '.join(own)}\n")
        output.write("Ctrl-C stops all.\n")
        output.flush()
        while True:
            interrupt.sleep(3600)
