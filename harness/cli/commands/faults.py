"""`harness faults`: the monitoring broken on purpose, one fault after the other."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import completers, flags, output, profiles, settings, values
from harness.cli.flags import Commands
from harness.config.toml_file import Config
from harness.core.errors import ExitCode
from harness.runtime.files import resolved

if TYPE_CHECKING:
    from harness.faults import Fault


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    faults = flags.add(
        commands,
        "faults",
        "break the monitoring on purpose and check that each fault is detected",
        "harness faults\n  harness faults one-replica wrong-bound --out reports/two\n  harness faults --list",
    )
    ids = faults.add_argument("ids", nargs="*", metavar="ID", help="only these faults (default: all)")
    completers.offer(ids, completers.faults)
    faults.add_argument("--list", action="store_true", help="print the faults and what they do, without running any")
    profile = faults.add_argument(
        "--profile", metavar="NAME", default="faults", help="a profile of harness.toml (default: faults)"
    )
    completers.offer(profile, completers.profiles)
    faults.add_argument("--jobs", metavar="N", type=values.whole, default=2, help="runs at the same time (default: 2)")
    faults.add_argument("--out", metavar="DIR", type=Path, help="where to leave the runs (default: reports/<run-id>)")
    flags.add_config(faults)
    settings.add_set(faults)
    flags.add_output(faults, "faults.json", report=False)
    faults.set_defaults(handler=_faults)


def _faults(options: argparse.Namespace) -> int:
    loaded = profiles.load(options)
    if options.list:
        output.write("".join(f"{fault.number:2}  {fault.id:<22} {fault.does}\n" for fault in _chosen(options, loaded)))
        return int(ExitCode.PASSED)
    profile = loaded.profile(options.profile, given=settings.given(options))
    chosen = _chosen(options, loaded)
    from harness.faults import injection
    from harness.runtime.load.distributed import gathering

    injection.check_start(profile)
    gathering.check_alone(profile, "harness faults")
    from harness.faults import render, run_all

    out = output.directory(options, resolved(options.config).parent, "faults-")
    reporter = output.reporter(options)
    command = (*run_all.harness_run(options.config, profile.name), *(f"--set={each}" for each in options.set))
    total = len(chosen) + 1
    with reporter.live():
        faults = "1 fault" if len(chosen) == 1 else f"{len(chosen)} faults"
        reporter.stage(f"the clean app and {faults}, {options.jobs} at a time")
        done = iter(range(1, total + 1))
        made = run_all.run_all(
            chosen,
            command,
            out,
            options.jobs,
            lambda row: reporter.stage(
                f"{next(done)} of {total}  {row.id}: {'; '.join(filter(None, (row.outcome, row.note)))}"
            ),
            stop_timeout_s=profile.stop_timeout_s,
        )
    if options.json:
        output.write_json(render.render_json(made))
    elif not options.quiet:
        width, color = shutil.get_terminal_size((120, 24)).columns, sys.stdout.isatty()
        output.write_rendered(render.render_console(made, width=width, color=color, location=str(out)))
    return made.exit_code


def _chosen(options: argparse.Namespace, loaded: Config) -> "Sequence[Fault]":
    """The faults that are named, or all of the catalogue."""
    from harness.faults import catalogue

    known = catalogue.of(loaded, resolved(options.config).parent)
    return [catalogue.find(known, name) for name in dict.fromkeys(options.ids)] or known
