"""How often the gate is right on this machine: whole gates on the real stack, with one view slowed on purpose.

Each gate is `harness gate --base HEAD --candidate HEAD` with five pairs of fresh processes and sides of 4 s, which is
enough requests of the gated view for its p95 and not for its p99: so the verdict counted is that of the p95, and no
gate as a whole can pass. The candidate's view takes 0, 10 or 20 % longer (TARGET_SLOWDOWN_PERCENT). The fixed threshold
fails when the p95 of one candidate is more than 10 % above that of the base of another pair: the same data, read as two
CI jobs.
Two gates run side by side, out of step: each disturbs the other as a neighbour on a shared runner would.
Gates that were finished are kept in reports/bench-gate and not run again, so a study that was cut off goes on.
"""

import shutil
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench import measure
from harness.core.verdict import Status
from harness.gate.pairs import paired_gate
from harness.report.render.json_report import parse

KEPT = measure.PROJECT / "reports" / "bench-gate"
GATES: Mapping[int, int] = {0: 40, 10: 20, 20: 20}
"""Gates by the slowdown in per cent."""
VIEW = "work:slow"
ENDPOINT = f"{VIEW} p95"
FLAGS = ("--pairs", "5", "--slices", "1", "--slice", "4s", "--quiet")
FIXED = 1.1
JOBS = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """One gate."""

    status: Status
    """Of the p95."""
    failed: bool
    """The gate as a whole failed, on whatever endpoint."""
    change: float | None
    detectable: float | None
    fixed: bool


def measure_all() -> str:
    """The table."""
    heads = ("slowdown of the view", "gates", "FAIL", "PASS", "INCONCLUSIVE", "gates that fail on any endpoint")
    lines = [
        f"| {' | '.join(heads)} | median change | median detectable from | fixed +10 % fails |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    in_turns = [  # so that a change of the machine touches every row
        (percent, number) for number in range(max(GATES.values())) for percent, gates in GATES.items() if number < gates
    ]
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(_made, *zip(*in_turns, strict=True)))
    return "\n".join((*lines, *(_row(percent) for percent in GATES))) + "\n"


def _made(percent: int, number: int) -> Path:
    """Run one gate unless it was."""
    out = KEPT / f"{percent}-{number}"
    if (out / "report.json").exists():
        return out
    measure.progress(f"gate {number + 1} of {GATES[percent]} at +{percent} % ({sum(GATES.values())} in all)")
    shutil.rmtree(out, ignore_errors=True)
    slowed = (
        "--candidate-env",
        f"TARGET_SLOWDOWN_VIEW={VIEW}",
        "--candidate-env",
        f"TARGET_SLOWDOWN_PERCENT={percent}",
    )
    asked = ("gate", "--base", "HEAD", "--candidate", "HEAD", "--view", VIEW, *(slowed if percent else ()), *FLAGS)
    cost = measure.run(measure.harness(*asked, "--out", str(out)))
    if not (out / "report.json").exists():
        raise SystemExit(f"{out}: the gate ended in {cost.exit_code} and left no report")
    return out


def _row(percent: int) -> str:
    seen = [_seen(_made(percent, number)) for number in range(GATES[percent])]
    counts = Counter(each.status for each in seen)
    numbers = [counts[status] for status in (Status.FAIL, Status.PASS, Status.INCONCLUSIVE)]
    shares = " | ".join(map(str, (*numbers, sum(each.failed for each in seen))))
    change = _median([each.change for each in seen])
    detectable = _median([each.detectable for each in seen])
    name = f"+{percent} %" if percent else "none (A/A)"
    return f"| {name} | {len(seen)} | {shares} | {change} | {detectable} | {sum(each.fixed for each in seen)} |"


def _seen(out: Path) -> Seen:
    report = parse((out / "report.json").read_text(encoding="utf-8"))
    verdict = next((each for each in report.verdicts if each.subject == ENDPOINT), None)
    base, candidate = (
        getattr(pair, role).views[VIEW].quantiles_s["p95"]
        for pair, role in zip(paired_gate.pairs(out)[:2], paired_gate.ROLES, strict=True)
    )
    effect = verdict.effect if verdict else None
    return Seen(
        status=verdict.status if verdict else Status.INCONCLUSIVE,
        failed=report.status is Status.FAIL,
        change=effect.change if effect else None,
        detectable=effect.detectable if effect else None,
        fixed=candidate > FIXED * base,
    )


def _median(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known) * 100:+.1f} %" if known else "none"
