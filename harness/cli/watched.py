"""What `harness dashboards` and `harness rules` share: a running Prometheus, and what is asked of it without load."""

import argparse
from dataclasses import replace
from pathlib import Path

from harness.cli import completers, flags, profiles, settings, values
from harness.config.profile import Profile


def add_flags(parser: argparse.ArgumentParser, asked: str) -> None:
    """The flags of a command that checks what is `asked` against a running Prometheus."""
    parser.add_argument("--prometheus", metavar="URL", required=True, help=f"the Prometheus that {asked}")
    parser.add_argument(
        "--selector",
        metavar="MATCHERS",
        type=values.matchers,
        help="PromQL matchers of the target's series (default: the profile's, or job=\"django\")",
    )
    parser.add_argument(
        "--range",
        metavar="TIME",
        type=values.some_duration,
        default=300.0,
        help="the time range that is looked at, up to now (default: 5m)",
    )
    profile = parser.add_argument(
        "--profile", metavar="NAME", help="take selector and background from a profile of harness.toml"
    )
    completers.offer(profile, completers.profiles)
    parser.add_argument("--out", metavar="DIR", type=Path, help="where to leave it (default: reports/<run-id>)")
    flags.add_config(parser)
    settings.add_set(parser)
    flags.add_output(parser)
    settings.add_connection(parser, "prometheus")


def profile(options: argparse.Namespace) -> Profile:
    """The profile that the flags name, on their Prometheus; nothing of it is started, and its own files are left."""
    return replace(profiles.running(options, options.profile), dashboards=(), rules=())
