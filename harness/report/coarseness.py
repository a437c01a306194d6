"""Are the buckets fine enough for what a dashboard shows? Shown percentiles beside the witnessed ones. Pure.

A percentile can be true to its histogram and useless to a reader: `histogram_quantile()` interpolates in the bucket
that holds the rank, so what it shows may lie anywhere in it. This says how far off it is, and which bounds would do.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.codes import FindingCode
from harness.core.report import Distribution, Report, ViewReport

QUANTILES: Mapping[str, float] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
LEAST_BEYOND = 5
"""A percentile of fewer requests than leave so many beyond it says nothing: p99 needs 500."""
AROUND = 1.5
"""New bounds reach this factor below and above a witnessed percentile: the next run's lies elsewhere."""
SPARE = 0.8
"""Steps are chosen for this share of the budget."""
STEPS_PER_DECADE = (3, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)
NEAR = 0.1
"""A new bound that lies so near to a present one adds nothing."""
MOST_BOUNDS = 60
"""More buckets than this for each view are no advice."""


@dataclass(frozen=True, slots=True)
class CoarsePercentile:
    """One percentile of one view that is shown further from the witnessed one than the budget allows."""

    view: ViewReport
    quantile: str
    witness_s: float
    shown_s: float
    low_s: float
    """Lower bound of the bucket that holds it."""
    high_s: float
    """Its upper bound; infinite above the highest."""

    @property
    def shown_by(self) -> str:
        """Who shows it: a panel by view, or over all views the histogram itself."""
        return "the histogram" if getattr(self.view.panel, f"{self.quantile}_s") is None else "the panel"

    @property
    def is_beyond(self) -> bool:
        """The witnessed one lies above the bucket: the time between timer and witness, which no bounds would show."""
        return self.witness_s > self.high_s

    @property
    def off(self) -> float:
        """How far the shown value lies from the witnessed one, as a share of that, with its sign."""
        return self.shown_s / self.witness_s - 1


def coarse(report: Report) -> tuple[CoarsePercentile, ...]:
    """Those beyond the report's budget, the furthest first; nothing without a witness."""
    found = (each for view in _timed_once(report) for each in judged(view) if not each.is_beyond)
    off = (each for each in found if abs(each.off) > report.percentile_ratio)
    return tuple(sorted(off, key=lambda each: -abs(each.off)))


def judged(view: ViewReport) -> Iterator[CoarsePercentile]:
    """Each percentile of a view that has enough requests, a witness and a shown value."""
    n, histogram = view.witness.requests or 0, view.metric_distribution
    for name, q in QUANTILES.items():
        witness_s = getattr(view.witness, f"{name}_s")
        panel_s, metric_s = getattr(view.panel, f"{name}_s"), getattr(view.metric, f"{name}_s")
        shown_s = metric_s if panel_s is None else panel_s
        if histogram is not None and witness_s and shown_s is not None and n * (1 - q) >= LEAST_BEYOND - 1e-9:
            yield CoarsePercentile(view, name, witness_s, shown_s, *_bucket(histogram, q))


def count_judged(report: Report) -> int:
    """How many percentiles could be compared with a witness."""
    return sum(1 for view in _timed_once(report) for _ in judged(view))


def _timed_once(report: Report) -> list[ViewReport]:
    """Views whose histogram holds each request once: with others, no bounds would help."""
    twice = {
        each.labels.get("view", each.subject) for each in report.findings if each.code is FindingCode.DOUBLE_OBSERVATION
    }
    return [view for view in report.views if view.view not in twice]


def _bucket(histogram: Distribution, q: float) -> tuple[float, float]:
    low = 0.0
    for bound, share in zip(histogram.latency_s, histogram.shares, strict=True):
        if share >= q:
            return low, bound
        low = bound
    return low, math.inf


def wanted_bounds(report: Report) -> tuple[float, ...]:
    """Bounds in seconds with which every percentile of this run would be within the budget; empty when none is beyond.

    The present ones stay. Around each percentile that is shown too far off, a ladder of round numbers is added, the
    coarsest of `STEPS_PER_DECADE` with which the witnessed distributions of this run come out within the budget. Empty,
    too, when it would take more than `MOST_BOUNDS`.
    """
    off = coarse(report)
    present = {
        bound for view in report.views if view.metric_distribution for bound in view.metric_distribution.latency_s
    }
    for steps in STEPS_PER_DECADE:
        if 10 ** (1 / steps) - 1 > max(report.percentile_ratio, 0.01) * 4:
            continue
        rungs = {bound for each in off for bound in _ladder(each.witness_s / AROUND, each.witness_s * AROUND, steps)}
        added = {bound for bound in rungs if all(abs(bound / known - 1) > NEAR for known in present if known > 0)}
        bounds = tuple(sorted(present | added))
        if len(bounds) > MOST_BOUNDS:
            return ()
        if off and all(_is_within(each, bounds, report.percentile_ratio) for each in off):
            return bounds
    return ()


def _ladder(low_s: float, high_s: float, steps: int) -> Iterator[float]:
    """Numbers of two digits that rise by equal factors, from the last at or below `low_s` to the first above."""
    place = math.floor(math.log10(low_s) * steps)
    while True:
        bound = float(f"{10 ** (place / steps):.1e}")
        yield bound
        if bound >= high_s:
            return
        place += 1


def _is_within(each: CoarsePercentile, bounds: Sequence[float], ratio: float) -> bool:
    """Whether `histogram_quantile()` over these bounds would be within the budget for what the witness measured."""
    distribution, q = each.view.witness_distribution, QUANTILES[each.quantile]
    if distribution is None:
        return False
    low, share_below = 0.0, 0.0
    for bound, share in zip(bounds, _shares(distribution, bounds), strict=True):
        if share >= q:
            inside = (q - share_below) / (share - share_below) if share > share_below else 1.0
            return abs((low + (bound - low) * inside) / each.witness_s - 1) <= ratio * SPARE
        low, share_below = bound, share
    return False


def _shares(distribution: Distribution, bounds: Iterable[float]) -> list[float]:
    """The share of the distribution at or below each bound."""
    points, place, share, found = list(zip(distribution.latency_s, distribution.shares, strict=True)), 0, 0.0, []
    for bound in bounds:
        while place < len(points) and points[place][0] <= bound:
            share, place = points[place][1], place + 1
        found.append(share)
    return found
