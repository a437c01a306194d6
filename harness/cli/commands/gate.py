"""`harness gate`: a candidate compared with its base, and the gate with itself."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import completers, flags, output, profiles, settings, values
from harness.cli.flags import Commands
from harness.config.profile import Profile
from harness.core.errors import UsageError
from harness.runtime.files import resolved

if TYPE_CHECKING:
    from harness.gate.pairs.gate_record import Asked

GATE = "gate"
"""The profile of a paired gate when none is named."""
PAIRED_FLAGS = ("profile", "candidate_env", "pairs", "slices", "slice", "expect_workers", "bind")
"""Flags that have no effect with stored baselines."""


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    gate = flags.add(
        commands,
        "gate",
        "compare a candidate with its base",
        "harness gate --base main --candidate HEAD\n"
        "  harness gate --base HEAD --candidate 'env FAST=1 python -m gunicorn --bind 127.0.0.1:{port} mysite.wsgi'\n"
        "  harness gate --baseline baselines --candidate reports/20260401-101500-3f9a52c8 --view shop:item",
    )
    base = gate.add_mutually_exclusive_group(required=True)
    base.add_argument(
        "--base",
        metavar="REF|CMD|URL",
        help="run pairs: a git ref, a command line with {port} that starts the target, or the URL of a running one",
    )
    base.add_argument("--baseline", metavar="DIR", type=Path, help="runs kept with `harness baseline add`")
    base.add_argument(
        "--self-test",
        metavar="REF|CMD",
        nargs="?",
        const="HEAD",
        help="run pairs of one side against itself, as it is and slowed, and estimate how often the gate is right "
        "on this machine (default: HEAD)",
    )
    gate.add_argument(
        "--slowdown", metavar="FACTOR", type=float, help="slowdown that the self-test adds: 1.1 is 10 %% (default: 1.1)"
    )
    gate.add_argument(
        "--candidate",
        metavar="REF|CMD|URL|RUN",
        nargs="+",
        default=[],
        help="as --base; beside --baseline, directories that `harness run` made, or a directory of kept runs",
    )
    pairs = gate.add_argument_group("pairs")
    profile = pairs.add_argument(
        "--profile", metavar="NAME", help="a profile of harness.toml (default: gate, else its default_profile)"
    )
    completers.offer(profile, completers.profiles)
    pairs.add_argument(
        "--candidate-env",
        metavar="NAME=VALUE",
        type=values.setting,
        action="append",
        default=[],
        help="set this in the candidate's environment alone; repeatable",
    )
    pairs.add_argument(
        "--pairs", metavar="N", type=values.whole, help="run at most so many pairs, 5 or more (default: 10)"
    )
    pairs.add_argument("--slices", metavar="N", type=values.whole, help="slices of each side in a pair (default: 5)")
    pairs.add_argument("--slice", metavar="TIME", type=values.some_duration, help="length of a slice (default: 5s)")
    flags.add_workers(pairs)
    flags.add_config(pairs)
    settings.add_set(pairs)
    gate.add_argument(
        "--view",
        metavar="VIEW",
        action="append",
        default=[],
        help="view label whose latency is compared; repeatable (default: the profile's gated_views)",
    )
    gate.add_argument("--job", metavar="ID", help="the CI job of the candidate's runs (default: one job)")
    flags.add_live(gate)
    gate.add_argument("--out", metavar="DIR", type=Path, help="where to leave the reports (default: reports/gate-<id>)")
    flags.add_output(gate)
    gate.set_defaults(handler=_gate)


def _gate(options: argparse.Namespace) -> int:
    if options.self_test is not None:
        return _self_test(options)
    flags.refuse(options, ("slowdown",), "--base or --baseline")
    if options.base is None:
        flags.refuse(options, ("live",), "--baseline")
    if not options.candidate:
        raise UsageError("--candidate is missing: name what to compare with the base")
    if options.base is None:
        flags.refuse(options, PAIRED_FLAGS, "--baseline")
        out = output.directory(options, Path(), "gate-")
        from harness.gate.baseline import commands

        candidate = [Path(each) for each in options.candidate]
        return output.show(commands.gate(options.baseline, candidate, options.view, options.job, out), options)
    flags.refuse(options, ("job",), "--base")
    if len(options.candidate) > 1:
        raise UsageError("--candidate: only one git ref or command line with --base; put a command in quotation marks")
    profile, project = gate_profile(options)
    from harness.gate.pairs import paired_gate

    asked = _asked(options, options.base, options.candidate[0], profile)
    out = output.directory(options, project, "gate-")
    with output.watched(options, profile) as reporter:
        return output.show(paired_gate.run(asked, profile, project, out, reporter), options)


def _self_test(options: argparse.Namespace) -> int:
    flags.refuse(options, ("candidate", "job", "expect_workers", "bind"), "--self-test")
    profile, project = gate_profile(options)
    profile = replace(profile, expect_workers=0, bind="")
    from harness.gate import self_test

    asked = _asked(options, options.self_test, options.self_test, profile)
    out = output.directory(options, project, "self-test-")
    factor = self_test.SLOWDOWN if options.slowdown is None else options.slowdown
    with output.watched(options, profile) as reporter:
        found = self_test.run(asked, factor, profile, project, out, reporter)
    if options.json:
        output.write_json(self_test.render_json(found))
    elif not options.quiet:
        output.write(self_test.render(found, str(out)))
    return found.exit_code


def gate_profile(options: argparse.Namespace) -> tuple[Profile, Path]:
    """The profile that a gate loads with, and the directory that its paths are relative to. Raises UsageError."""
    loaded = profiles.load(options)
    name = options.profile or (GATE if GATE in loaded.profiles else None)
    profile = loaded.profile(name, given=settings.given(options))
    given = {name: value for name in ("expect_workers", "bind") if (value := getattr(options, name)) is not None}
    if options.expect_workers == 0:
        given = {"bind": "", **given}
    return replace(profile, **given), resolved(options.config).parent


def _asked(options: argparse.Namespace, base: str, candidate: str, profile: Profile) -> "Asked":
    from harness.gate.pairs import gate_record

    return gate_record.Asked(
        base=base,
        candidate=candidate,
        views=tuple(dict.fromkeys(options.view)) or profile.gated_views,
        pairs=options.pairs or gate_record.PAIRS,
        slices=options.slices or gate_record.SLICES,
        slice_s=options.slice or gate_record.SLICE_S,
        candidate_env=tuple(options.candidate_env),
    )
