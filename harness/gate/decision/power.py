"""How often a gate would be wrong on this machine: many gates drawn from pairs that were measured on it.

A gate is drawn as the bootstrap does (Efron, Annals of Statistics 7, 1979): pairs with replacement. Where both sides of
a pair are the same program they may be exchanged, so each pair is turned round by the toss of a coin.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.core.verdict import Status
from harness.gate.decision.judgement import decide
from harness.gate.decision.measurement import Measurement, Pair, ViewSample
from harness.gate.decision.plan import Plan


@dataclass(frozen=True, slots=True)
class Rates:
    """The outcomes of many gates, as shares of them."""

    gates: int
    fails: float
    passes: float
    inconclusive: float


def rates(pairs: Sequence[Pair], plan: Plan, gates: int, *, exchange: bool, seed: int = 1) -> Rates:
    """Judge so many gates drawn from the pairs. Raises ValueError without pairs or gates."""
    if not pairs or gates < 1:
        raise ValueError("no gate can be drawn")
    draw = random.Random(seed)
    counts: Counter[Status] = Counter()
    for _ in range(gates):
        chosen = draw.choices(pairs, k=plan.looks[-1])
        turned = [_turned(pair) if exchange and draw.random() < 0.5 else pair for pair in chosen]
        counts[_status([_numbered(pair, number) for number, pair in enumerate(turned, 1)], plan)] += 1
    shares = (counts[status] / gates for status in (Status.FAIL, Status.PASS, Status.INCONCLUSIVE))
    return Rates(gates, *shares)


def slowed(pairs: Sequence[Pair], views: Sequence[str], factor: float) -> list[Pair]:
    """The pairs with the latencies of the candidate's views multiplied, as if each request had taken so much longer."""
    return [Pair(pair.base, _slowed(pair.candidate, views, factor)) for pair in pairs]


def _status(pairs: Sequence[Pair], plan: Plan) -> Status:
    """The status at the first look that decides."""
    for look in plan.looks[:-1]:
        if not (early := decide(pairs[:look], plan)).goes_on:
            return early.status
    return decide(pairs, plan).status


def _turned(pair: Pair) -> Pair:
    return Pair(pair.candidate, pair.base)


def _numbered(pair: Pair, number: int) -> Pair:
    """Under a name of its own: a pair may be drawn twice, and a gate refuses to count a measurement twice."""
    return Pair(replace(pair.base, id=f"draw {number}, base"), replace(pair.candidate, id=f"draw {number}, candidate"))


def _slowed(measured: Measurement, views: Sequence[str], factor: float) -> Measurement:
    changed: Mapping[str, ViewSample] = {
        name: replace(sample, quantiles_s={kind: value * factor for kind, value in sample.quantiles_s.items()})
        for name, sample in measured.views.items()
        if name in views
    }
    return replace(measured, views={**measured.views, **changed})
