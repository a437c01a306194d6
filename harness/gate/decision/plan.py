"""What a gate decides before it looks: its endpoints, its error rate, its looks and its margins."""

import math
from dataclasses import dataclass

from harness.config.readers import MOST_GATED
from harness.gate.decision.endpoint import QUANTILES, Endpoint, Kind

LEAST_PAIRS = 5
LEAST_JOBS = 10
LEAST_BEYOND = 20
"""Requests of a unit that must lie beyond a quantile, on average: n * (1 - q)."""
MOST_OFF_PLAN = 0.05
"""Share by which the delivered load may differ from the planned one."""
ALPHA = 0.01
"""Chance that a gate without any regression fails, over all endpoints and looks."""
CONFIDENCE = 0.95
"""Of each end of an interval; PASS compares its upper end with the margin."""
POWER = 0.8
"""With which the minimum detectable effect is detected."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How much worse is worth a failure, and how much worse must be ruled out by a pass.

    Natural logarithms of a factor; for errors a difference of ratios, 0.001 being 0.1 points.
    """

    fails: float
    """delta: an effect below it never fails, however certain it is."""
    passes: float
    """Delta: a pass says that the effect lies below it."""


LOG_MARGIN = Margin(math.log(1.05), math.log(1.10))
ERROR_MARGIN = Margin(0.001, 0.005)


@dataclass(frozen=True, slots=True)
class Plan:
    """The same for every look of one gate; raises ValueError for one that cannot be kept."""

    views: tuple[str, ...]
    """Gated views: p50, p95 and p99 of each."""
    throughput: bool = False
    """Judged where the load does not wait for the target: in an open model only."""
    looks: tuple[int, ...] = (5, 10)
    """Numbers of pairs after which the paired gate decides; each takes an equal share of `alpha`."""
    alpha: float = ALPHA

    def __post_init__(self) -> None:
        if not 1 <= len(self.views) <= MOST_GATED or len(set(self.views)) < len(self.views) or not all(self.views):
            raise ValueError(f"a gate takes 1 to {MOST_GATED} views, each once, not {self.views!r}")
        if not self.looks or self.looks[0] < LEAST_PAIRS or list(self.looks) != sorted(set(self.looks)):
            raise ValueError(f"looks must be rising numbers of pairs from {LEAST_PAIRS} up, not {self.looks!r}")
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"alpha must lie between 0 and 0.5, not {self.alpha!r}")

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them, whether they can be judged or not, so that none gains from another's being left out."""
        latencies = tuple(Endpoint(kind, view) for view in self.views for kind in QUANTILES)
        rest = (Endpoint(Kind.THROUGHPUT),) if self.throughput else ()
        return (*latencies, *rest, Endpoint(Kind.ERRORS))


def margin(endpoint: Endpoint) -> Margin:
    """The margin of an endpoint."""
    return ERROR_MARGIN if endpoint.kind is Kind.ERRORS else LOG_MARGIN


def off_plan(what: str, planned: float, delivered: float) -> str:
    """Why the delivered load is not the planned one; empty when it is within `MOST_OFF_PLAN`."""
    if not (math.isfinite(planned) and math.isfinite(delivered) and planned > 0):
        return f"{what}: {delivered:g} of {planned:g}, so the delivered load is not known"
    share = delivered / planned - 1
    if abs(share) <= MOST_OFF_PLAN * (1 + 1e-9):
        return ""
    return f"{what}: {delivered:.4g} of {planned:.4g} planned, {share:+.1%} (limit {MOST_OFF_PLAN:.0%})"
