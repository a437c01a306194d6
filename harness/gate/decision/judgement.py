"""Arms -> decision: a regression gate's judgement of a candidate against its base, as the verdicts that checks give.

docs/gate.md has the method. PASS is given in one place (`conclusion._status`), and only to finite numbers of arms that
nothing speaks against: whatever is missing, mismatched or no number ends as INCONCLUSIVE.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.core.codes import Code
from harness.core.outcome import overall
from harness.core.verdict import Status, Verdict
from harness.gate.decision import contrast
from harness.gate.decision.contrast import Contrast
from harness.gate.decision.endpoint import Endpoint, Kind
from harness.gate.decision.measurement import Measurement, Pair, Unusable, differences, error_value, value, views_apart
from harness.gate.decision.plan import LEAST_JOBS, LEAST_PAIRS, Plan
from harness.gate.decision.verdicts import Look, conclude

COMPARABLE, RUNS = "gate-comparable", "gate-runs"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a gate came to after one look."""

    verdicts: tuple[Verdict, ...]
    """On what speaks against comparing at all, on the arms' own verification, then one for each endpoint."""
    status: Status
    """FAIL when any verdict fails, PASS when all pass."""
    goes_on: bool
    """Another look is planned and can still settle it."""


def decide(pairs: Sequence[Pair], plan: Plan) -> Decision:
    """Judge the pairs run so far. To be asked at the planned looks, and no more after a FAIL.

    PASS is given at the last look only: each earlier one would be another chance to pass a regression.
    """
    base, candidate = [pair.base for pair in pairs], [pair.candidate for pair in pairs]
    k, obstacles = len(pairs), _obstacles(base, candidate)
    if k < LEAST_PAIRS:
        obstacles.append(f"{k} pairs, and {LEAST_PAIRS} are needed; run more pairs")
    elif k not in plan.looks:
        planned = " and ".join(map(str, plan.looks))
        obstacles.append(f"{k} pairs, and the gate decides after {planned}: looking at other times makes false alarms")
    look = Look(f"{k} pairs", plan.alpha / len(plan.looks), final=k >= plan.looks[-1])
    contrasts = {endpoint: _paired(base, candidate, endpoint) for endpoint in plan.endpoints}
    return _decide(base, candidate, contrasts, obstacles, look)


def decide_stored(base: Sequence[Measurement], candidate: Sequence[Measurement], plan: Plan) -> Decision:
    """Judge candidate runs against stored ones, the CI job being the unit on both sides."""
    obstacles = _obstacles(base, candidate)
    jobs, ours = _by_job(base), _by_job(candidate)
    if len(jobs) < LEAST_JOBS:
        obstacles.append(f"{len(jobs)} jobs in the baseline, and {LEAST_JOBS} are needed; add runs of more jobs")
    if not ours:
        obstacles.append("no run of the candidate")
    obstacles += [
        f"job {job} is on both sides: a run cannot be compared with its own job" for job in jobs if job in ours
    ]
    look = Look(f"{len(jobs)} jobs and {len(ours)} of the candidate", plan.alpha, final=True)
    contrasts = {endpoint: _stored(jobs, ours, endpoint) for endpoint in plan.endpoints}
    return _decide(base, candidate, contrasts, obstacles, look)


def _decide(
    base: Sequence[Measurement],
    candidate: Sequence[Measurement],
    contrasts: Mapping[Endpoint, Contrast | Unusable],
    obstacles: Sequence[str],
    look: Look,
) -> Decision:
    verdicts = (
        *_comparable(base, candidate, obstacles, look),
        *_verified(base, candidate),
        *conclude(contrasts, obstacles, look),
    )
    status = overall(verdicts)
    goes_on = not look.final and not obstacles and status is Status.INCONCLUSIVE
    return Decision(verdicts, status, goes_on)


def _obstacles(base: Sequence[Measurement], candidate: Sequence[Measurement]) -> list[str]:
    """What speaks against judging any endpoint."""
    arms = [*base, *candidate]
    found = [f"{arm.id}: {problem}" for arm in arms for problem in arm.problems]
    found += [f"{arm.id}: {_own(arm)}" for arm in arms if arm.verification is not Status.PASS]
    found += [f"{difference}: compare only what is equal in it" for difference in differences(arms)]
    found += views_apart(base, candidate)
    seen: set[str] = set()
    for arm in arms:
        if arm.id in seen:
            found.append(f"{arm.id} stands twice: no run counts as two")
        seen.add(arm.id)
    return found


def _own(arm: Measurement) -> str:
    said = "failed" if arm.verification is Status.FAIL else "was inconclusive"
    return f"its own verification {said}; judge the run with `harness verify`"


def _comparable(
    base: Sequence[Measurement], candidate: Sequence[Measurement], obstacles: Sequence[str], look: Look
) -> tuple[Verdict, ...]:
    if obstacles:
        status, code = Status.INCONCLUSIVE, Code.NOT_COMPARABLE
        return tuple(Verdict(COMPARABLE, "", status, obstacle, code=code) for obstacle in obstacles)
    equal = len({name for arm in (*base, *candidate) for name in arm.fingerprint})
    why = f"{look.units}: nothing speaks against comparing them" + (f", {equal} settings are equal" if equal else "")
    return (Verdict(COMPARABLE, "", Status.PASS, why, code=Code.AGREES),)


def _verified(base: Sequence[Measurement], candidate: Sequence[Measurement]) -> tuple[Verdict, ...]:
    """A regression verdict on untrue numbers is worthless: a candidate whose metrics are untrue fails the gate."""
    found = [
        Verdict(
            RUNS,
            arm.id,
            arm.verification if mine else Status.INCONCLUSIVE,
            f"{arm.id}: {_own(arm)}",
            code=Code.UNVERIFIED,
            labels={"run": arm.id},
        )
        for mine, arms in ((True, candidate), (False, base))
        for arm in arms
        if arm.verification is not Status.PASS
    ]
    arms = len(base) + len(candidate)
    if not arms:
        why = "there is no run to compare"
        return (Verdict(RUNS, "", Status.INCONCLUSIVE, why, code=Code.NO_MEASUREMENT),)
    why = f"all {arms} passed their own verification"
    return tuple(found) or (Verdict(RUNS, "", Status.PASS, why, code=Code.AGREES),)


def _paired(base: Sequence[Measurement], candidate: Sequence[Measurement], endpoint: Endpoint) -> Contrast | Unusable:
    values = [[value(arm, endpoint) for arm in arms] for arms in (base, candidate)]
    numbers = [[each for each in side if isinstance(each, float)] for side in values]
    for each in (*values[0], *values[1]):
        if isinstance(each, Unusable):
            return each
    if len(base) < 2:
        return Unusable(f"no spread among {len(base)} pairs")
    floor = contrast.LEAST_SD**2
    if endpoint.kind is Kind.ERRORS:
        floor = sum(contrast.least_error_variance([arm.requests for arm in arms]) for arms in (base, candidate))
    return _counted(contrast.paired(numbers[0], numbers[1], floor), endpoint, base, candidate)


def _by_job(arms: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    jobs: dict[str, list[Measurement]] = {}
    for arm in arms:
        jobs.setdefault(arm.job.strip(), []).append(arm)
    return jobs


def _stored(
    base: Mapping[str, Sequence[Measurement]], candidate: Mapping[str, Sequence[Measurement]], endpoint: Endpoint
) -> Contrast | Unusable:
    sides: list[list[float]] = []
    for jobs in (base, candidate):
        units = [_job_value(arms, endpoint) for arms in jobs.values()]
        for unit in units:
            if isinstance(unit, Unusable):
                return unit
        sides.append([unit for unit in units if isinstance(unit, float)])
    if not sides[0] or not sides[1] or len(sides[0]) + len(sides[1]) < 3:
        return Unusable(f"no spread among {len(sides[0])} and {len(sides[1])} jobs")
    floor = contrast.LEAST_SD**2
    if endpoint.kind is Kind.ERRORS:
        requests = [sum(arm.requests for arm in arms) for jobs in (base, candidate) for arms in jobs.values()]
        floor = contrast.least_error_variance(requests)
    every = [[arm for arms in jobs.values() for arm in arms] for jobs in (base, candidate)]
    return _counted(contrast.stored(sides[0], sides[1], floor), endpoint, every[0], every[1])


def _counted(
    found: Contrast, endpoint: Endpoint, base: Sequence[Measurement], candidate: Sequence[Measurement]
) -> Contrast:
    """With the error ratios as counted: what is compared is no ratio, and its mean over units is none of theirs."""
    if endpoint.kind is not Kind.ERRORS:
        return found
    before, after = (sum(arm.errors for arm in arms) / sum(arm.requests for arm in arms) for arms in (base, candidate))
    return replace(found, ratios=(before, after))


def _job_value(arms: Sequence[Measurement], endpoint: Endpoint) -> float | Unusable:
    """One value of a job: the mean over its runs, and the ratio of all its requests for errors."""
    values = [value(arm, endpoint) for arm in arms]
    for each in values:
        if isinstance(each, Unusable):
            return each
    if endpoint.kind is Kind.ERRORS:
        return error_value(sum(arm.errors for arm in arms), sum(arm.requests for arm in arms))
    return sum(each for each in values if isinstance(each, float)) / len(values)
