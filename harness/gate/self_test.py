"""The gate's test of itself: what it says on this machine of no change, and of a known slowdown.

Two gates are run: one of a program against itself, one of it against itself made slower on purpose. Many gates are then
drawn from their pairs, to estimate how often a gate here fails without cause and how often it detects the slowdown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from harness.config.profile import Profile
from harness.core.errors import ExitCode, UsageError
from harness.core.report import Report
from harness.core.text import inert_json
from harness.core.verdict import Status
from harness.gate.decision import LEAST_PAIRS, Pair, Plan, power
from harness.gate.decision.endpoint import Kind
from harness.gate.decision.plan import POWER
from harness.gate.pairs import paired_gate, worktree
from harness.gate.pairs.gate_record import Asked
from harness.report.render import number_format as fmt
from harness.runs.progress import Reporter
from harness.runs.run_directory import RunDirectory

SCHEMA_VERSION = 1
FILE = "selftest.json"
GATES = 1000
SLOWDOWN = 1.1
MOST = 10.0
PERCENT = "{percent}"


@dataclass(frozen=True, slots=True)
class Tried:
    """One gate that was run, and those that were drawn from its pairs."""

    status: Status
    pairs: int
    fails: tuple[str, ...]
    """Endpoints that failed."""
    drawn: power.Rates | None
    """None where the pairs are too few, or their metrics untrue: such a gate says nothing about the next."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """selftest.json."""

    schema_version: int
    exit_code: int
    side: str
    views: tuple[str, ...]
    slowdown: float
    injected: bool
    """The slowdown was in the running program; else the measured latencies were multiplied."""
    same: Tried
    slowed: Tried
    detectable: Mapping[str, float]
    """By endpoint: the smallest change for the worse that a gate here detects in four cases of five."""
    why: str
    """What the exit code rests on."""


def run(asked: Asked, slowdown: float, profile: Profile, project: Path, out: Path, reporter: Reporter) -> SelfTest:
    """Run both gates and leave them in `out`, with selftest.json. Raises as `paired_gate.run` does."""
    if not 1 < slowdown <= MOST:
        raise UsageError(f"--slowdown: {slowdown:g} must be a factor above 1, up to {MOST:g}; 1.1 is 10 % slower")
    if worktree.is_url(asked.base):
        raise UsageError(f"--self-test: {asked.base} is already running, so its gate is inconclusive; name a git ref")
    plan = asked.plan(profile)
    percent = round((slowdown - 1) * 100)
    if profile.slowdown and abs(percent / 100 + 1 - slowdown) > 1e-9:
        raise UsageError(f"--slowdown: {slowdown:g} is not a whole number of per cent, as the profile's slowdown needs")
    directory = RunDirectory(out)
    directory.create()
    same = paired_gate.run(asked, profile, project, out / "same", reporter)
    pairs = paired_gate.pairs(out / "same")
    alike = _tried(same.report, pairs, plan, exchange=True)
    if alike.drawn is None:
        slow = replace(alike, status=Status.INCONCLUSIVE, pairs=0, fails=())
    elif profile.slowdown:
        added = tuple((name, text.replace(PERCENT, str(percent))) for name, text in profile.slowdown.items())
        changed = replace(asked, candidate_env=(*asked.candidate_env, *added))
        report = paired_gate.run(changed, profile, project, out / "slowed", reporter).report
        slow = _tried(report, paired_gate.pairs(out / "slowed"), plan, exchange=False)
    else:
        report, made = same.report, power.slowed(pairs, asked.views, slowdown)
        slow = replace(_tried(report, made, plan, exchange=False), status=Status.INCONCLUSIVE, fails=())
    code, why = _concluded(alike, slow, out)
    found = SelfTest(
        schema_version=SCHEMA_VERSION,
        exit_code=code,
        side=asked.base,
        views=asked.views,
        slowdown=slowdown,
        injected=bool(profile.slowdown),
        same=alike,
        slowed=slow,
        detectable={v.subject: v.effect.detectable for v in same.report.verdicts if v.effect is not None},
        why=why,
    )
    directory.write_text(FILE, render_json(found))
    return found


def render_json(found: SelfTest) -> str:
    """The self-test as selftest.json."""
    return inert_json(msgspec.json.format(msgspec.json.encode(found), indent=1).decode()) + "\n"


def render(found: SelfTest, location: str) -> str:
    """The self-test for a reader."""
    how = "in the running program" if found.injected else "by multiplying the measured latencies"
    rows = [
        ("", "gates", "FAIL", "PASS", "INCONCLUSIVE"),
        ("no change, as run", *_run_row(found.same)),
        ("no change, drawn", *_drawn_row(found.same)),
    ]
    slow = f"{(found.slowdown - 1) * 100:+.3g} %"
    if found.injected:
        rows.append((f"{slow}, as run", *_run_row(found.slowed)))
    rows.append((f"{slow}, drawn", *_drawn_row(found.slowed)))
    lines = [
        f"Self-test of the gate on this machine: {found.side} against itself, views {', '.join(found.views)}",
        f"The slowdown of {slow} was made {how}.",
        "",
        *(f"  {name:<22}{gates:>7}{fails:>10}{passes:>10}{open_:>15}" for name, gates, fails, passes, open_ in rows),
        "",
        f"  false-positive rate {_fail_rate(found.same)}, power {_fail_rate(found.slowed)} at {slow}",
        *(
            f"  {name}: detectable from {fmt.change(share, 'ratio' if name == Kind.ERRORS else '')}"
            for name, share in found.detectable.items()
        ),
        "",
        found.why,
        f"Gates: {location}",
    ]
    return "\n".join(lines) + "\n"


def _tried(report: Report, pairs: list[Pair], plan: Plan, *, exchange: bool) -> Tried:
    fails = tuple(verdict.subject for verdict in report.verdicts if verdict.status is Status.FAIL)
    verified = all(each.verification is Status.PASS for pair in pairs for each in (pair.base, pair.candidate))
    enough = verified and len(pairs) >= LEAST_PAIRS
    return Tried(
        report.status, len(pairs), fails, power.rates(pairs, plan, GATES, exchange=exchange) if enough else None
    )


def _concluded(same: Tried, slow: Tried, out: Path) -> tuple[int, str]:
    if same.drawn is None or slow.drawn is None:
        name = "same" if same.drawn is None else "slowed"
        why = (
            f"No result: the gate `{name}` has fewer than {LEAST_PAIRS} pairs, or their own metrics did not pass; "
            f"see {out / name / 'report.html'}."
        )
        return ExitCode.INCONCLUSIVE, why
    if same.status is Status.FAIL:
        return ExitCode.FAILED, f"A false positive: {', '.join(same.fails)} failed although nothing had changed."
    if not same.drawn.passes:
        return ExitCode.INCONCLUSIVE, "No gate can pass on this machine; see the report of the gate `same`."
    if slow.drawn.fails < POWER:
        why = (
            f"Too little power: {_percent(slow.drawn.fails)} of the gates detect the slowdown, {_percent(POWER)} "
            "should; use more pairs, longer slices or a quieter machine."
        )
        return ExitCode.INCONCLUSIVE, why
    return ExitCode.PASSED, "No false positive, and the slowdown is detected."


def _run_row(tried: Tried) -> tuple[str, ...]:
    marks = ("yes" if tried.status is status else "" for status in (Status.FAIL, Status.PASS, Status.INCONCLUSIVE))
    return ("1", *marks)


def _drawn_row(tried: Tried) -> tuple[str, ...]:
    if tried.drawn is None:
        return ("0", "", "", "")
    shares = (tried.drawn.fails, tried.drawn.passes, tried.drawn.inconclusive)
    return (f"{tried.drawn.gates:,}", *map(_percent, shares))


def _fail_rate(tried: Tried) -> str:
    return "not known" if tried.drawn is None else _percent(tried.drawn.fails)


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
