"""The counts that a histogram may show at each of its bounds, given each request's own account.

Per request: metric <= inner witness <= outer witness <= client. So with H_b the metric's count at bound b and
w the witness, H_b >= #{w <= b} without any tolerance. Above, for any e > 0,

    H_b <= #{w <= b + e} + #{w > b + e and w - metric > e}

and the last term is at most the number of gaps beyond e among all n requests. (Not only among those with w > b + e: a
large gap is what put some of them there.) The run has a reference for such gaps: those between its own two witnesses
(or, calibrated, the client latencies of a no-op view), of which k among N lie beyond e. `statistics.exceedances_upper`
bounds the count among n more from the same law. Every e of the grid gives an upper bound; the least of them is taken,
at an alpha that is shared between the grid, the bounds and the views.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.checks.base import ALPHA, Facts
from harness.core import statistics
from harness.core.verdict import Strength
from harness.evidence.client.summary import ALL, GAP_GRID_S, Latency, Values, ViewKey


@dataclass(frozen=True, slots=True)
class Bound:
    """What one bucket may hold."""

    le_s: float
    lower: int
    """#{w <= b}; the metric can hold no fewer."""
    upper: int | None
    """None when nothing bounds it from above."""


@dataclass(frozen=True, slots=True)
class Account:
    """The per-request account that stands against one histogram."""

    bounds: tuple[Bound, ...]
    total: int
    """Observations that the histogram should hold in all."""
    strength: Strength


def account(
    facts: Facts,
    key: ViewKey,
    bounds_s: Iterable[float],
    observed_total: float,
    comparisons: int,
    *,
    outer: bool = False,
) -> Account:
    """Bound the histogram of `key` (or, with `outer`, the one that includes middlewares) at its finite bounds.

    `comparisons` is how many bounds the whole check judges; it shares `ALPHA` between them. When the histogram holds
    more observations than the account, the upper bounds widen by the difference.
    """
    latency = facts.client.latency[key]
    values, extra, strength = _population(facts, key, latency, outer=outer)
    total = values.n + (extra.n if extra else 0)
    unmatched = max(round(observed_total) - total, 0)
    limits = _limits(facts, strength, total, ALPHA / comparisons / len(GAP_GRID_S))
    bounds = []
    for bound_s in bounds_s:
        lower = _at(values, extra, bound_s)
        upper = _upper(values, extra, bound_s, total, limits) + unmatched if limits else None
        bounds.append(Bound(bound_s, lower, upper))
    return Account(tuple(bounds), total, Strength.ONE_SIDED if facts.foreign else strength)


def _population(facts: Facts, key: ViewKey, latency: Latency, *, outer: bool) -> tuple[Values, Values | None, Strength]:
    """The values that pair with the observations: witness if every response has one, else the client's."""
    witness = latency.outer if outer else latency.inner
    if witness.n and witness.n == latency.client.n:
        strength = Strength.WITNESS
        return witness, None if outer else latency.raised, strength
    calibrated = bool(_calibration(facts)) and key != ALL
    return latency.client, None, Strength.CALIBRATED if calibrated else Strength.ONE_SIDED


def _calibration(facts: Facts) -> Values | None:
    """Latencies of the no-op view: what the way there and back costs, the app's own time being next to nothing."""
    if not facts.run.calibration:
        return None
    views = facts.client.views_of_name.get(facts.run.calibration, frozenset())
    found = [latency.client for (view, _), latency in facts.client.latency.items() if view in views]
    return found[0] if len(found) == 1 and found[0].n else None


def _reference(facts: Facts, strength: Strength) -> tuple[Mapping[float, int], int] | None:
    """How many of the run's reference gaps lie beyond each offset of the grid, and how many there are."""
    gaps = facts.client.latency[ALL].gaps
    if strength is Strength.WITNESS and gaps.n:
        return gaps.above, gaps.n
    if strength is Strength.CALIBRATED and (noop := _calibration(facts)):
        return {offset: noop.n - noop.at_or_below[offset] for offset in GAP_GRID_S[1:]}, noop.n
    return None


def _limits(facts: Facts, strength: Strength, total: int, alpha: float) -> Mapping[float, int]:
    """How many of `total` gaps may lie beyond each offset of the grid; empty when nothing limits them."""
    reference = _reference(facts, strength)
    if reference is None:
        return {}
    beyond, n = reference
    return {offset: statistics.exceedances_upper(beyond[offset], n, total, alpha) for offset in GAP_GRID_S[1:]}


def _upper(values: Values, extra: Values | None, bound_s: float, total: int, limits: Mapping[float, int]) -> int:
    least = total
    for offset, limit in limits.items():
        near = _at(values, extra, bound_s + offset)
        least = min(least, near + min(limit, total - near))
    return least


def _at(values: Values, extra: Values | None, threshold_s: float) -> int:
    return values.at_or_below[threshold_s] + (extra.at_or_below[threshold_s] if extra else 0)
