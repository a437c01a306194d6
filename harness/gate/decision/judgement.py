"""Measurements -> decision: a regression gate's judgement of a candidate, as the verdicts that checks give.

docs/gate.md has the method. PASS is given in one place (`verdicts._status`), and only to finite numbers of comparable
measurements: whatever is missing, mismatched or not a number ends as INCONCLUSIVE.
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
    """On whether they can be compared at all, on the runs' own verification, then one for each endpoint."""
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
        obstacles.append(f"{k} pairs, at least {LEAST_PAIRS} are needed; run more pairs")
    elif k not in plan.looks:
        planned = " and ".join(map(str, plan.looks))
        obstacles.append(f"{k} pairs, but the gate decides after {planned}: other looks add false positives")
    look = Look(f"{k} pairs", plan.alpha / len(plan.looks), final=k >= plan.looks[-1])
    contrasts = {endpoint: _paired(base, candidate, endpoint) for endpoint in plan.endpoints}
    return _decide(base, candidate, contrasts, obstacles, look)


def decide_stored(base: Sequence[Measurement], candidate: Sequence[Measurement], plan: Plan) -> Decision:
    """Judge candidate runs against stored ones, the CI job being the unit on both sides."""
    obstacles = _obstacles(base, candidate)
    jobs, ours = _by_job(base), _by_job(candidate)
    if len(jobs) < LEAST_JOBS:
        obstacles.append(f"{len(jobs)} jobs in the baseline, at least {LEAST_JOBS} are needed; add runs of more jobs")
    if not ours:
        obstacles.append("the candidate has no run")
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
    """Why no endpoint can be judged."""
    measurements = [*base, *candidate]
    found = [f"{measured.id}: {problem}" for measured in measurements for problem in measured.problems]
    found += [
        f"{measured.id}: {_own(measured)}" for measured in measurements if measured.verification is not Status.PASS
    ]
    found += [f"{difference}: compare only runs that agree in it" for difference in differences(measurements)]
    found += views_apart(base, candidate)
    seen: set[str] = set()
    for measured in measurements:
        if measured.id in seen:
            found.append(f"{measured.id} is there twice: each run counts once")
        seen.add(measured.id)
    return found


def _own(measured: Measurement) -> str:
    outcome = "failed" if measured.verification is Status.FAIL else "was inconclusive"
    return f"its own verification {outcome}; judge the run with `harness verify`"


def _comparable(
    base: Sequence[Measurement], candidate: Sequence[Measurement], obstacles: Sequence[str], look: Look
) -> tuple[Verdict, ...]:
    if obstacles:
        status, code = Status.INCONCLUSIVE, Code.NOT_COMPARABLE
        return tuple(Verdict(COMPARABLE, "", status, obstacle, code=code) for obstacle in obstacles)
    equal = len({name for measured in (*base, *candidate) for name in measured.fingerprint})
    why = f"{look.units}: runs are comparable" + (f", {equal} settings are equal" if equal else "")
    return (Verdict(COMPARABLE, "", Status.PASS, why, code=Code.AGREES),)


def _verified(base: Sequence[Measurement], candidate: Sequence[Measurement]) -> tuple[Verdict, ...]:
    """A regression verdict on untrue numbers is worthless: a candidate whose metrics are untrue fails the gate."""
    found = [
        Verdict(
            RUNS,
            measured.id,
            measured.verification if mine else Status.INCONCLUSIVE,
            f"{measured.id}: {_own(measured)}",
            code=Code.UNVERIFIED,
            labels={"run": measured.id},
        )
        for mine, measurements in ((True, candidate), (False, base))
        for measured in measurements
        if measured.verification is not Status.PASS
    ]
    runs = len(base) + len(candidate)
    if not runs:
        why = "there is no run to compare"
        return (Verdict(RUNS, "", Status.INCONCLUSIVE, why, code=Code.NO_MEASUREMENT),)
    why = f"all {runs} runs passed their own verification"
    return tuple(found) or (Verdict(RUNS, "", Status.PASS, why, code=Code.AGREES),)


def _paired(base: Sequence[Measurement], candidate: Sequence[Measurement], endpoint: Endpoint) -> Contrast | Unusable:
    values = [[value(measured, endpoint) for measured in measurements] for measurements in (base, candidate)]
    numbers = [[each for each in side if isinstance(each, float)] for side in values]
    for each in (*values[0], *values[1]):
        if isinstance(each, Unusable):
            return each
    if len(base) < 2:
        return Unusable(f"{len(base)} pairs have no spread")
    floor = contrast.LEAST_SD**2
    if endpoint.kind is Kind.ERRORS:
        floor = sum(
            contrast.least_error_variance([measured.requests for measured in measurements])
            for measurements in (base, candidate)
        )
    return _counted(contrast.paired(numbers[0], numbers[1], floor), endpoint, base, candidate)


def _by_job(measurements: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    jobs: dict[str, list[Measurement]] = {}
    for measured in measurements:
        jobs.setdefault(measured.job.strip(), []).append(measured)
    return jobs


def _stored(
    base: Mapping[str, Sequence[Measurement]], candidate: Mapping[str, Sequence[Measurement]], endpoint: Endpoint
) -> Contrast | Unusable:
    sides: list[list[float]] = []
    for jobs in (base, candidate):
        units = [_job_value(measurements, endpoint) for measurements in jobs.values()]
        for unit in units:
            if isinstance(unit, Unusable):
                return unit
        sides.append([unit for unit in units if isinstance(unit, float)])
    if not sides[0] or not sides[1] or len(sides[0]) + len(sides[1]) < 3:
        return Unusable(f"{len(sides[0])} and {len(sides[1])} jobs have no spread")
    floor = contrast.LEAST_SD**2
    if endpoint.kind is Kind.ERRORS:
        requests = [
            sum(measured.requests for measured in measurements)
            for jobs in (base, candidate)
            for measurements in jobs.values()
        ]
        floor = contrast.least_error_variance(requests)
    every = [[measured for measurements in jobs.values() for measured in measurements] for jobs in (base, candidate)]
    return _counted(contrast.stored(sides[0], sides[1], floor), endpoint, every[0], every[1])


def _counted(
    found: Contrast, endpoint: Endpoint, base: Sequence[Measurement], candidate: Sequence[Measurement]
) -> Contrast:
    """With the error ratios as counted: the compared value is a transform of the ratio, averaged over units."""
    if endpoint.kind is not Kind.ERRORS:
        return found
    before, after = (
        sum(measured.errors for measured in measurements) / sum(measured.requests for measured in measurements)
        for measurements in (base, candidate)
    )
    return replace(found, ratios=(before, after))


def _job_value(measurements: Sequence[Measurement], endpoint: Endpoint) -> float | Unusable:
    """One value of a job: the mean over its runs, and the ratio of all its requests for errors."""
    values = [value(measured, endpoint) for measured in measurements]
    for each in values:
        if isinstance(each, Unusable):
            return each
    if endpoint.kind is Kind.ERRORS:
        return error_value(
            sum(measured.errors for measured in measurements), sum(measured.requests for measured in measurements)
        )
    return sum(each for each in values if isinstance(each, float)) / len(values)
