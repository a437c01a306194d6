"""`harness dashboards`: Grafana's dashboards checked against a running Prometheus, without load."""

import argparse
from dataclasses import replace
from pathlib import Path

from harness.cli import flags, output, watched
from harness.cli.flags import Commands
from harness.runtime.files import resolved


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    dashboards = flags.add(
        commands,
        "dashboards",
        "check Grafana dashboards against a running Prometheus, without load",
        "harness dashboards dashboards/ --prometheus http://127.0.0.1:9090 --selector 'job=\"web\"' --range 15m",
    )
    dashboards.add_argument(
        "paths", nargs="+", metavar="PATH", type=Path, help="a dashboard's JSON file, or a directory of them"
    )
    flags.add_variables(dashboards)
    watched.add_flags(dashboards, "they query")
    dashboards.set_defaults(handler=_dashboards)


def _dashboards(options: argparse.Namespace) -> int:
    here = resolved(options.config).parent
    found, given = watched.profile(options), flags.variables(options)
    profile = replace(found, dashboard_variables={**found.dashboard_variables, **given})
    from harness.runs import inputs, observe

    asked = inputs.read_dashboards([str(resolved(path)) for path in options.paths], here)
    inputs.check_variables(asked, given)
    out, reporter = output.directory(options, here, "dashboards-"), output.reporter(options)
    watch = observe.Watched(dashboards=asked)
    return output.show(observe.verify(watch, profile, options.range, here, out, reporter), options)
