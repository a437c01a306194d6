"""`harness rules`: rules checked against a running Prometheus, without load."""

import argparse
from dataclasses import replace
from pathlib import Path

from harness.cli import flags, output, watched
from harness.cli.flags import Commands


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    rules = flags.add(
        commands,
        "rules",
        "check Prometheus rules against a running Prometheus, without load",
        "harness rules rules/ --prometheus http://127.0.0.1:9090 --selector 'job=\"web\"' --range 15m",
    )
    rules.add_argument(
        "paths", nargs="+", metavar="PATH", type=Path, help="a file of Prometheus rules, or a directory of them"
    )
    watched.add_flags(rules, "they are for; it need not have loaded them")
    rules.set_defaults(handler=_rules)


def _rules(options: argparse.Namespace) -> int:
    from harness.runtime import files

    here = files.resolved(options.config).parent
    profile = replace(watched.profile(options), rules=tuple(str(files.resolved(path)) for path in options.paths))
    from harness.runs import inputs, observe

    watch = observe.Watched(rules=inputs.read_rules(profile, here))
    out, reporter = output.directory(options, here, "rules-"), output.reporter(options)
    return output.show(observe.verify(watch, profile, options.range, here, out, reporter), options)
