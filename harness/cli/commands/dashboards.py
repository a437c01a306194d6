"""`harness dashboards`: Grafana's dashboards checked against a running Prometheus, without load."""

import argparse
from pathlib import Path

from harness.cli import completers, flags, output, profiles, settings, values
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
    dashboards.add_argument("--prometheus", metavar="URL", required=True, help="the Prometheus that they query")
    dashboards.add_argument(
        "--selector",
        metavar="MATCHERS",
        type=values.matchers,
        help="PromQL matchers of the target's series (default: the profile's, or job=\"django\")",
    )
    dashboards.add_argument(
        "--range",
        metavar="TIME",
        type=values.some_duration,
        default=300.0,
        help="the time range that the dashboards show, up to now (default: 5m)",
    )
    profile = dashboards.add_argument(
        "--profile", metavar="NAME", help="take selector and background from a profile of harness.toml"
    )
    completers.offer(profile, completers.profiles)
    dashboards.add_argument("--out", metavar="DIR", type=Path, help="where to leave it (default: reports/<run-id>)")
    flags.add_config(dashboards)
    settings.add_set(dashboards)
    flags.add_output(dashboards)
    settings.add_connection(dashboards, "prometheus")
    dashboards.set_defaults(handler=_dashboards)


def _dashboards(options: argparse.Namespace) -> int:
    here = resolved(options.config).parent
    profile = profiles.running(options, options.profile)
    from harness.runs import inputs, observe

    asked = inputs.read_dashboards([str(resolved(path)) for path in options.paths], here)
    out, reporter = output.directory(options, here, "dashboards-"), output.reporter(options)
    return output.show(observe.verify_dashboards(asked, profile, options.range, here, out, reporter), options)
