"""Contrasts -> verdicts: Holm over the endpoints, the three-way decision, and the effect in text and numbers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.codes import Code
from harness.core.verdict import MOST_SHOWN, Effect, Status, Tolerance, Verdict
from harness.gate.decision.contrast import Contrast, holm
from harness.gate.decision.endpoint import Endpoint, Kind
from harness.gate.decision.measurement import Unusable, error_ratio
from harness.gate.decision.plan import Margin, margin

MOST_EXPONENT = 700.0
"""Beyond it exp() has no float."""


@dataclass(frozen=True, slots=True)
class Look:
    """One time that the gate decides."""

    units: str
    """What it looks at, e.g. `10 pairs`."""
    alpha: float
    """Its share of the gate's error rate."""
    final: bool
    """No further look is planned, so it may pass."""


def conclude(
    contrasts: Mapping[Endpoint, Contrast | Unusable], obstacles: Sequence[str], look: Look
) -> tuple[Verdict, ...]:
    """One verdict for each endpoint, in the given order. With an obstacle all are inconclusive.

    An endpoint without contrast keeps its share of the error rate, so nothing is gained by leaving one out.
    """
    p_values = [math.nan if isinstance(each, Unusable) else each.p_value for each in contrasts.values()]
    rejected = dict(zip(contrasts, holm(p_values, look.alpha), strict=True))
    return tuple(
        _inconclusive(endpoint, Code.NO_MEASUREMENT, found.reason)
        if isinstance(found, Unusable)
        else _verdict(endpoint, found, rejected[endpoint], obstacles, look, len(contrasts))
        for endpoint, found in contrasts.items()
    )


def change(endpoint: Endpoint, found: Contrast, effect: float) -> float:
    """An effect on the scale of comparison as the reader's: relative, of the error ratio absolute.

    Positive is more latency, more errors, and more throughput: of the last the sign turns.
    """
    match endpoint.kind:
        case Kind.ERRORS:
            return error_ratio(found.base + effect) - error_ratio(found.base)
        case Kind.THROUGHPUT:
            return math.expm1(max(min(-effect, MOST_EXPONENT), -MOST_EXPONENT))
        case _:
            return math.expm1(max(min(effect, MOST_EXPONENT), -MOST_EXPONENT))


def _verdict(
    endpoint: Endpoint, found: Contrast, rejected: bool, obstacles: Sequence[str], look: Look, endpoints: int
) -> Verdict:
    effect = _effect(endpoint, found, found.detectable(look.alpha, endpoints))
    numbers = (effect.change, effect.low, effect.high, effect.detectable, found.p_value, found.se)
    if not all(math.isfinite(number) for number in numbers):
        why = f"the effect is not a number ({found.effect} +- {found.se})"
        return _inconclusive(endpoint, Code.NOT_A_NUMBER, why)
    status, code, reason = _status(endpoint, found, rejected, obstacles, look)
    base, candidate = _natural(endpoint, found)
    return Verdict(
        check=endpoint.check,
        subject=endpoint.name,
        status=status,
        why=f"{_change_text(endpoint, effect)}; {reason}",
        expected=base,
        observed=candidate,
        tolerance=_tolerance(endpoint, base, candidate),
        unit=endpoint.unit,
        effect=effect,
        code=code,
        labels=_labels(endpoint),
    )


def _inconclusive(endpoint: Endpoint, code: Code, why: str) -> Verdict:
    status, labels = Status.INCONCLUSIVE, _labels(endpoint)
    return Verdict(endpoint.check, endpoint.name, status, why, unit=endpoint.unit, code=code, labels=labels)


def _labels(endpoint: Endpoint) -> Mapping[str, str]:
    found = {"view": endpoint.view, "number": str(endpoint.kind)}
    return {name: value for name, value in found.items() if value}


def _status(
    endpoint: Endpoint, found: Contrast, rejected: bool, obstacles: Sequence[str], look: Look
) -> tuple[Status, Code, str]:
    """FAIL, PASS or INCONCLUSIVE, and why. What is not a number passes no comparison."""
    limits = margin(endpoint)
    worst, allowed = _shown(endpoint, limits.passes), _shown(endpoint, limits.fails)
    if obstacles:
        return Status.INCONCLUSIVE, Code.NOT_COMPARABLE, f"not judged: {obstacles[0]}"
    if rejected and _measured(endpoint, found, found.effect) >= limits.fails:
        why = f"a regression (p = {found.p_value:.2g} over {look.units}, limit {allowed})"
        return Status.FAIL, Code.REGRESSION, why
    if not _measured(endpoint, found, found.high) < limits.passes:
        seen = f"a change for the worse is certain but below {allowed}" if rejected else "no regression is proved"
        return Status.INCONCLUSIVE, Code.NOT_PROVED, f"{seen}, and {worst} is not ruled out by {look.units}"
    if not look.final:
        why = f"no regression seen in {look.units}; only the last look can pass"
        return Status.INCONCLUSIVE, Code.NOT_FINAL, why
    return Status.PASS, Code.AGREES, f"{worst} is ruled out by {look.units}"


def _measured(endpoint: Endpoint, found: Contrast, effect: float) -> float:
    """An effect in the unit of the margins: a logarithm, or a difference of error ratios."""
    return change(endpoint, found, effect) if endpoint.kind is Kind.ERRORS else effect


def _effect(endpoint: Endpoint, found: Contrast, detectable: float) -> Effect:
    ends = sorted((change(endpoint, found, found.low), change(endpoint, found, found.high)))
    return Effect(
        change=change(endpoint, found, found.effect),
        low=ends[0],
        high=ends[1],
        detectable=change(endpoint, found, detectable),
    )


def _natural(endpoint: Endpoint, found: Contrast) -> tuple[float, float]:
    """Base and candidate in the endpoint's own unit: geometric means, or the error ratios."""
    base, candidate = found.base, found.base + found.effect
    match endpoint.kind:
        case Kind.ERRORS:
            return found.ratios or (error_ratio(base), error_ratio(candidate))
        case Kind.THROUGHPUT:
            return math.exp(-base), math.exp(-candidate)
        case _:
            return math.exp(base), math.exp(candidate)


def _tolerance(endpoint: Endpoint, base: float, candidate: float) -> Tolerance:
    """What a pass can have measured at the most; better is never limited."""
    limits: Margin = margin(endpoint)
    basis = f"a pass rules out {_shown(endpoint, limits.passes)}"
    match endpoint.kind:
        case Kind.ERRORS:
            return Tolerance(base, limits.passes, basis)
        case Kind.THROUGHPUT:
            return Tolerance(base * -math.expm1(-limits.passes), max(candidate, base), basis)
        case _:
            return Tolerance(base, base * math.expm1(limits.passes), basis)


def _change_text(endpoint: Endpoint, effect: Effect) -> str:
    shown = [_percent(endpoint, each) for each in (effect.change, effect.low, effect.high, effect.detectable)]
    return f"{shown[0]} (90 % interval {shown[1]} to {shown[2]}, detectable from {shown[3]})"


def _shown(endpoint: Endpoint, limit: float) -> str:
    """A margin as text; of throughput it is the loss."""
    if endpoint.kind is Kind.ERRORS:
        return _percent(endpoint, limit)
    return _percent(endpoint, math.expm1(-limit if endpoint.kind is Kind.THROUGHPUT else limit))


def _percent(endpoint: Endpoint, share: float) -> str:
    unit = "points" if endpoint.kind is Kind.ERRORS else "%"
    digits = 2 if endpoint.kind is Kind.ERRORS else 1
    if share > MOST_SHOWN:
        return f"more than {MOST_SHOWN * 100:+.0f} {unit}"
    return f"{share * 100:+.{digits}f} {unit}"
