"""The limits that a profile sets: thresholds, and budgets of checks that have no exact truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold of a profile, parsed.

    `metric` is `p50`, `p95`, `p99`, `error_ratio`, `rate`, or a PromQL expression when `promql` is true.
    """

    text: str
    metric: str
    comparison: str
    """One of `<`, `<=`, `>`, `>=`, `==`."""
    value: float
    """Seconds, ratio or requests/s."""
    view: str = ""
    """Empty: over all views."""
    promql: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits a profile sets to the checks that have no exact truth."""

    resolution_ratio: float | None = None
    """Widest allowed bucket at p50/p95/p99, as a share of its upper bound; None: only advised."""
    percentile_ratio: float = 0.25
    """By how much a shown percentile may be off, as a share of the witnessed value, before a report calls the buckets
    too coarse. It fails nothing; `resolution_ratio` does."""
    resolution_floor_s: float = 0.001
    """A bucket narrower than this is always fine enough."""
    blind_spot_s: Mapping[str, float] = field(default_factory=dict)
    """Largest allowed difference between client and server latency by quantile name (`p95`); empty: only reported."""
    max_generator_cpu_ratio: float = 0.9
    max_loop_lag_s: float = 0.05
    max_clock_skew_s: float = 5.0
    """Only for a Prometheus on another machine's clock; the window never depends on it."""
