"""The paired gate: base and candidate beside each other, in alternating slices, with fresh processes for each pair.

Its directory holds a run directory for each side of each pair and gate.json, so it can be judged again offline.
"""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from harness.config import hosts
from harness.config.profile import Profile, TargetStart
from harness.core.codes import FindingCode
from harness.core.errors import StoreError, UsageError
from harness.core.verdict import Finding, Status
from harness.gate.baseline import commands
from harness.gate.decision import Decision, Measurement, Pair, Plan, decide
from harness.gate.decision import report as gate_report
from harness.gate.pairs import gate_record, worktree
from harness.gate.pairs.gate_record import Asked, Record
from harness.gate.pairs.side import started, warm_up
from harness.gate.pairs.worktree import Side
from harness.report.render import FORMATS
from harness.runs import manifest
from harness.runs.judge import Outcome, write_reports
from harness.runs.pipeline import REPORT_PAGE
from harness.runs.progress import Reporter
from harness.runs.run_directory import RunDirectory
from harness.runtime import access
from harness.runtime.load import generators, witness_token
from harness.runtime.load.distributed import gathering
from harness.runtime.load.distributed.crew import Crew

ROLES = ("base", "candidate")
PAIR = "pair-"
"""How the directory of each side of a pair begins."""
RAN_ALREADY = (
    "was already running: its metrics were not verified, and it is not restarted between pairs, which makes the "
    "false-positive rate 6-9 %, not 1 %; for a verdict name a git ref or a command"
)
FRESH_DATA = "data.migrations."
"""A candidate may have its own migrations: its database is created anew."""


def run(asked: Asked, profile: Profile, project: Path, out: Path, reporter: Reporter) -> Outcome:
    """Run pairs until a look decides, and leave the reports in `out`.

    Raises UsageError for what cannot be compared, another HarnessError when a side cannot be measured.
    """
    profile = gathering.for_workers(profile)
    plan, start = asked.plan(profile), _start(asked, profile)
    profile = access.granted(profile, project, os.environ)
    base, candidate = (
        _bare(role, text, profile, project) for role, text in (("base", asked.base), ("candidate", asked.candidate))
    )
    asked = replace(asked, base=base, candidate=candidate)
    _check_load(profile, project)
    witness_token.read(profile, os.environ)
    # Limits, dashboards and rules are the business of `harness run`; here they would be judged on slices.
    profile = replace(profile, start=start, duration_s=asked.slice_s, thresholds=(), dashboards=(), rules=())
    directory = RunDirectory(out)
    made: list[Pair] = []
    with ExitStack() as running, reporter.live():
        sides = [
            worktree.prepared(running, "base", asked.base, {}, start, project),
            worktree.prepared(running, "candidate", asked.candidate, dict(asked.candidate_env), start, project),
        ]
        directory.create()
        crew = running.enter_context(gathering.gathered(profile, project, out.name, reporter.table))
        record = Record(
            gate_record.GATE_VERSION,
            out.name,
            time.time(),
            profile.name,
            profile.scenario,
            asked,
            plan,
            {side.role: side.commit for side in sides},
            uncommitted=tuple(side.role for side in sides if side.uncommitted),
        )
        _keep(directory, record)
        for number in range(1, plan.looks[-1] + 1):
            _measure(number, asked, sides, profile, project, out, reporter, crew)
            record = replace(record, pairs=number)
            _keep(directory, record)
            reporter.stage(f"pair {number} of {plan.looks[-1]}: judging")
            made.append(_read_pair(out, number, record, made))
            if _is_settled(made, plan):
                break
    outcome = _judged(out, record, made)
    manifest.seal(out)
    reporter.over(out / REPORT_PAGE)
    return outcome


def _check_load(profile: Profile, project: Path) -> None:
    """See that the load can be made in slices, each after a warm-up. Raises UsageError."""
    generator = generators.of(profile)
    if not generator.warms_up:
        raise UsageError(
            f"profiles.{profile.name}.load: a gate loads both sides in slices by the same plan, which a command "
            "cannot; leave `load` out and name a locustfile as `scenario`"
        )
    generator.find(profile, project)


def _keep(directory: RunDirectory, record: Record) -> None:
    """Vouch for the pairs until here: those that are complete can be judged, however the gate ends."""
    gate_record.write(directory, record)
    manifest.seal(directory.path)


def _bare(role: str, text: str, profile: Profile, project: Path) -> str:
    """A side as it may be shown and kept; one that runs is reached as the profile says of its target."""
    if not worktree.is_url(text):
        return text
    reached = access.reach("target", text, profile.target_connection, project, os.environ, flag=f"--{role}")
    return reached.rstrip("/")


def _start(asked: Asked, profile: Profile) -> TargetStart:
    """How the profile starts what has to be started. Raises UsageError when it cannot, or for a URL that is refused."""
    texts = dict(zip(ROLES, (asked.base, asked.candidate), strict=True))
    for role, text in texts.items():
        if worktree.is_url(text):
            hosts.check_host(f"--{role}", text, profile)
        elif profile.start is None:
            raise UsageError(
                f"--{role}: profile {profile.name!r} starts nothing, and each pair needs fresh processes of both "
                "sides; choose a profile with a [start] table"
            )
    return profile.start or TargetStart(())


def verify(path: Path) -> Outcome:
    """Judge a gate again from its directory, offline. Raises UsageError or StoreError."""
    record = gate_record.read(path)
    sealed = manifest.read(path)
    if sealed is not None:
        sealed.check(path, FORMATS, PAIR)
    elif record.schema_version >= gate_record.GATE_VERSION:
        raise StoreError(
            f"{path / manifest.FILE} is missing: the gate was cut at its start, or it was removed; run it again"
        )
    outcome = _judged(path, record, pairs(path))
    if sealed is not None:
        manifest.seal(path, {name: entry for name, entry in sealed.files.items() if name not in FORMATS})
    return outcome


def pairs(path: Path) -> list[Pair]:
    """The pairs that a gate's directory holds. Raises UsageError or StoreError."""
    record = gate_record.read(path)
    made: list[Pair] = []
    for number in range(1, record.pairs + 1):
        made.append(_read_pair(path, number, record, made))
    return made


def _measure(
    number: int,
    asked: Asked,
    sides: Sequence[Side],
    profile: Profile,
    project: Path,
    out: Path,
    reporter: Reporter,
    crew: Crew | None,
) -> None:
    """One pair. The order turns round from pair to pair: ABBA."""
    ordered = sides if number % 2 else tuple(reversed(sides))
    with ExitStack() as running:
        pair = [
            started(
                running,
                side,
                number,
                profile,
                project,
                out / f"{PAIR}{number}-{side.role}",
                reporter,
                verified=number == 1,
                crew=crew,
            )
            for side in ordered
        ]
        warm_up(pair, profile, reporter)
        for running_side in pair:
            running_side.open()
        for each in range(1, asked.slices + 1):
            for running_side in pair:
                running_side.load(each, asked.slices)
        for running_side in pair:
            running_side.close()
    for running_side in pair:
        manifest.seal(running_side.directory.path)


def _read_pair(path: Path, number: int, record: Record, before: Sequence[Pair]) -> Pair:
    base, candidate = (
        _read_side(path, number, role, record, getattr(before[0], role).verification if before else None)
        for role in ROLES
    )
    return Pair(base, candidate)


def _read_side(path: Path, number: int, role: str, record: Record, verified: Status | None) -> Measurement:
    """One side of a pair, from its run directory; the metrics of the first one's processes speak for the others'."""
    measured = commands.measure(path / f"{PAIR}{number}-{role}", f"pair {number}").arm
    throughput = None
    if record.plan.throughput:
        throughput = (measured.requests - measured.errors) / (record.asked.slices * record.asked.slice_s)
    own = measured.verification
    return replace(
        measured,
        id=f"pair {number}, {role}",
        verification=own if verified is None or own is not Status.PASS else verified,
        throughput=throughput,
        fingerprint={name: value for name, value in measured.fingerprint.items() if not name.startswith(FRESH_DATA)},
    )


def _is_settled(made: Sequence[Pair], plan: Plan) -> bool:
    """A look has decided, or more pairs cannot change the outcome."""
    measured = [each for pair in made for each in (pair.base, pair.candidate)]
    if any(each.verification is not Status.PASS for each in measured) or _lacks_a_view(made[0], plan):
        return True
    return len(made) in plan.looks and not decide(made, plan).goes_on


def _lacks_a_view(pair: Pair, plan: Plan) -> bool:
    """No request of either side is reported under one of the views: its name is wrong, or the samples need one."""
    return any(view not in pair.base.views and view not in pair.candidate.views for view in plan.views)


def _judged(path: Path, record: Record, made: Sequence[Pair]) -> Outcome:
    alike = _with_running(made, record)
    decision = decide(alike, record.plan)
    report = gate_report.report(
        decision,
        gate="pairs",
        id=record.id,
        started_s=record.started_s,
        profile=record.profile,
        scenario=record.scenario,
        measurements=[each for pair in alike for each in (pair.base, pair.candidate)],
    )
    report = replace(report, findings=(*report.findings, *_findings(record, decision)))
    write_reports(RunDirectory(path), report)
    return Outcome(report, path)


def _with_running(made: Sequence[Pair], record: Record) -> tuple[Pair, ...]:
    """The pairs; the first of a side that was already running says why nothing can be concluded from it."""
    if not made:
        return ()
    first, asked = made[0], record.asked
    return (Pair(_doubted(first.base, asked.base), _doubted(first.candidate, asked.candidate)), *made[1:])


def _doubted(measured: Measurement, text: str) -> Measurement:
    if not worktree.is_url(text):
        return measured
    return replace(measured, verification=Status.INCONCLUSIVE, problems=(*measured.problems, f"{text} {RAN_ALREADY}"))


def _findings(record: Record, decision: Decision) -> list[Finding]:
    asked = record.asked
    texts = dict(zip(ROLES, (asked.base, asked.candidate), strict=True))
    named = [f"{role} {text}{_short(record.commits.get(role, ''))}" for role, text in texts.items()]
    added = "".join(f" {name}={value}" for name, value in asked.candidate_env)
    text = (
        f"{named[0]}; {named[1]}{f' with{added}' if added else ''}; {record.pairs} of {record.plan.looks[-1]} pairs, "
        f"{asked.slices} x {asked.slice_s:g} s per side in each; {_verified(asked)}"
    )
    found = [Finding(FindingCode.SIDES, "", text, decision.verdicts[0].check)]
    if record.uncommitted:
        lacking = (
            f"the working tree has changes that {' and '.join(texts[role] for role in record.uncommitted)} does not "
            "contain; they were not measured: commit them"
        )
        found.append(
            Finding(FindingCode.UNCOMMITTED, " and ".join(record.uncommitted), lacking, decision.verdicts[0].check)
        )
    return found


def _verified(asked: Asked) -> str:
    own = [role for role, text in zip(ROLES, (asked.base, asked.candidate), strict=True) if not worktree.is_url(text)]
    return f"the metrics of {' and '.join(own) or 'neither'} were verified in pair 1"


def _short(commit: str) -> str:
    return f" ({commit[:12]})" if commit else ""
