"""What the latency laws share: histograms of the window, each request's own accounts, and what counts may be."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from tests.oracle.facts import Facts, with_column
from tests.oracle.frames import Column, Frame
from tests.oracle.laws import names

Key = tuple[str, str]
ALL: Key = ("", "")
QUANTILES = (0.5, 0.95, 0.99)
OFFSETS_S = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5)
ALPHA = 1e-3
FLOOR_S = 30e-6
PAUSE_S = 0.01
SHARED_S = 0.05  # a longer stall of the load generator is its own
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Histogram:
    """Cumulative counts by bound, as they grew in the window."""

    le: Floats
    count: Floats
    sum_s: float

    @property
    def total(self) -> float:
        return float(self.count[-1])

    @property
    def finite(self) -> tuple[Floats, Floats]:
        """Bounds below +Inf, and their counts."""
        below = np.isfinite(self.le)
        return self.le[below], self.count[below]


@dataclass(frozen=True)
class Limits:
    """What each finite bucket may hold."""

    lower: npt.NDArray[np.int64]
    upper: npt.NDArray[np.int64] | None
    calibrated: bool
    by_witness: bool
    values: Floats
    """Each request's own account, rising."""


def name_of(key: Key) -> str:
    """How a view and method are called."""
    return " ".join(key) if any(key) else "all views"


@lru_cache(2)
def histograms(facts: Facts) -> dict[Key, Histogram]:
    """Those with observations, without background views; `ALL` includes the middlewares. Raises Unknown."""
    sums = facts.by(f"{names.LATENCY}_sum", "view", "method").to_dict()
    sum_of_all = facts.total(f"{names.LATENCY_IN_ALL}_sum")
    parts = {
        key: (rows, sums.get(key, 0.0))
        for key, rows in _labelled(facts, names.LATENCY).groupby(["view", "method"])
        if key[0] not in facts.background
    }
    parts[ALL] = _labelled(facts, names.LATENCY_IN_ALL), sum_of_all
    found = {}
    for key, (rows, sum_s) in parts.items():
        counts = rows[rows["le"] != ""].assign(le=lambda each: each["le"].astype(float)).groupby("le")["grown"].sum()
        if len(counts) and counts.iloc[-1]:
            found[key] = Histogram(counts.index.to_numpy(float), counts.to_numpy(float), float(sum_s))
    return found


def _labelled(facts: Facts, histogram: str) -> Frame:
    rows = facts.grown(f"{histogram}_bucket")
    for label in ("view", "method", "le"):
        rows = with_column(rows, label)
    return rows


@lru_cache(2)
def rows_of(facts: Facts) -> dict[Key, Frame]:
    """The answered samples of each view and method as sent, in rising order; `ALL` holds every one."""
    by_view = {(str(view), str(method)): rows for (view, method), rows in facts.answered.groupby(["view", "method"])}
    return dict(sorted({**by_view, ALL: facts.answered}.items()))


def judged(facts: Facts) -> dict[Key, Frame]:
    """The same without the views whose label nobody knows."""
    return {key: rows for key, rows in rows_of(facts).items() if key == ALL or key[0] in facts.known_views}


def gaps(rows: Frame) -> Column:
    """Outer minus inner witness."""
    return (rows["witness_app_s"] - rows["witness_view_s"]).dropna()


@lru_cache(2)
def _noop(facts: Facts) -> Column | None:
    """Latencies of the calibration view, if it is one view with one method."""
    name = facts.run.get("calibration")
    if not name:
        return None
    views = set(facts.answered.loc[facts.answered["name"] == name, "view"])
    found = [rows for key, rows in rows_of(facts).items() if key[0] in views]
    return found[0]["latency_s"] if len(found) == 1 else None


def limits(facts: Facts, key: Key, rows: Frame, histogram: Histogram, populations: int) -> Limits:
    """docs/checks/latency-buckets.md, `Why it holds`: lower bounds exactly, upper ones with the run's own gaps.

    `populations` is how many histograms share the check's alpha.
    """
    account = rows["witness_app_s" if key == ALL else "witness_view_s"]
    by_witness = bool(account.notna().all())
    noop = _noop(facts)
    reference: Column | None = None
    values = account
    if by_witness:
        if key != ALL:
            values = pd.concat([values, rows["witness_raised_s"].dropna()])
        reference = gaps(facts.answered)
    else:
        values = rows["latency_s"]
        reference = noop if key != ALL else None
    calibrated = not by_witness and bool(facts.run.get("calibration")) and key != ALL
    ordered, n = np.sort(values.to_numpy(float)), len(values)
    bounds, _ = histogram.finite
    lower = np.searchsorted(ordered, bounds, side="right")
    if reference is None or reference.empty:
        return Limits(lower, None, calibrated, by_witness, ordered)
    upper = np.full(len(bounds), n)
    if by_witness:
        starts = np.array([_bin_begin(value) for value in ordered])
        upper = np.minimum(upper, np.searchsorted(starts, bounds + longest_s(facts), side="right") + 1)
    for offset in OFFSETS_S:
        near = np.searchsorted(ordered, bounds + offset, side="right")
        beyond = int((reference > offset).sum())
        most = _exceedances(beyond, len(reference), n, ALPHA / populations / len(OFFSETS_S))
        upper = np.minimum(upper, near + np.minimum(most, n - near))
    return Limits(lower, upper + max(round(histogram.total) - n, 0), calibrated, by_witness, ordered)


def implied_s(values: Floats, histogram: Histogram) -> float:
    """docs/checks/latency-buckets.md, `All buckets together`: by how much rising values exceed their buckets at least.

    The bucket of the i-th observation is the first that holds more than i.
    """
    bounds, held = histogram.finite
    place = np.searchsorted(np.maximum.accumulate(held), np.arange(len(values)), side="right")
    return math.fsum(np.maximum(values - np.append(bounds, math.inf)[place], 0.0))


def fits_sums(may: Limits, histogram: Histogram) -> bool:
    """The gaps that all buckets together imply are no more than the sums leave."""
    left = math.fsum(may.values) - histogram.sum_s + 1e-9 * math.fsum(may.values)
    if not may.by_witness or len(may.values) != round(histogram.total) or left < 0:
        return True
    return implied_s(np.array([_bin_begin(value) for value in may.values]), histogram) <= left


@cache
def _exceedances(k: int, reference_n: int, n: int, alpha: float) -> int:
    """The smallest c with P(Bin(k + c + 1, n / (n + N)) > c) <= alpha; n at the most."""
    c = np.arange(n + 1)
    rare = np.asarray(stats.binom.sf(c, k + c + 1, n / (n + reference_n))) <= alpha if n else np.array([True])
    return int(np.argmax(rare)) if rare.any() else n


def interpolated(q: float, le: Floats, count: Floats) -> float:
    """`histogram_quantile` of cumulative counts by rising bounds; NaN without observations or without +Inf."""
    if len(le) < 2 or not math.isinf(le[-1]):
        return math.nan
    count = np.maximum.accumulate(count)
    if not count[-1]:
        return math.nan
    rank = q * count[-1]
    reached = count[:-1] >= rank
    if not reached.any():
        return float(le[-2])
    place = int(np.argmax(reached))
    if place == 0:
        return float(le[0] * rank / count[0]) if le[0] > 0 else float(le[0])
    below = count[place - 1]
    return float(le[place - 1] + (le[place] - le[place - 1]) * (rank - below) / (count[place] - below))


def near(q: float, le: Floats, count: Floats, *, whole: bool = False) -> tuple[float, float]:
    """The least and the most that quantiles of ranks within 1e-9 of q are.

    Of `whole` counts only q itself, where no float rounds its product with their number.
    """
    exact = whole and Fraction(q) * Fraction(float(count[-1])) == Fraction(q * float(count[-1]))
    values = [interpolated(each, le, count) for each in ((q,) if exact else (q - 1e-9, q, q + 1e-9))]
    return min(values), max(values)


def layer_s(reference: Column) -> float:
    """What one layer of middleware may cost, by the gaps of the run: docs/checks/timer-span.md."""
    return 1.5 * float(reference.mean()) + FLOOR_S


def bernstein_s(n: int, variance: float, longest: float, alpha: float) -> float:
    """docs/checks/timer-span.md, t."""
    log = -math.log(alpha)
    return (longest * log / 3 + math.hypot(longest * log / 3, math.sqrt(2 * n * variance * log))) / n


@lru_cache(2)
def longest_s(facts: Facts, *, shared: bool = True) -> float:
    """docs/checks/timer-span.md, M: the largest gap, the slowest of the faster views, the load's longest stall."""
    inner = [rows["witness_view_s"].dropna().sort_values() for key, rows in rows_of(facts).items() if key != ALL]
    spans = sorted(
        (_bin_begin(float(each.iloc[_usual(len(each)) - 1])), _bin_end(float(each.iloc[-1])))
        for each in inner
        if len(each)
    )
    faster = [slowest for usual, slowest in spans[: (len(spans) + 1) // 2] if usual <= PAUSE_S] or [PAUSE_S]
    stalled = facts.run["generator"].get("stalled_s") if shared and facts.run.get("embedded", True) else None
    stalled = min(stalled or 0.0, SHARED_S)
    return max([stalled, float(gaps(facts.answered).max()), *faster])


def _usual(n: int) -> int:
    """The rank of the 90th percentile, and of few values the last but one, which a single stall does not move."""
    return min(math.ceil(0.9 * n - 1e-9), max(n - 1, 1))


def _bin_end(value: float) -> float:
    """The harness keeps the first 9 bits of a duration and rounds up."""
    mantissa, exponent = math.frexp(value)
    return math.ldexp(math.floor(mantissa * 512) + 1, exponent - 9)


def _bin_begin(value: float) -> float:
    """The same, rounded down; to 0 next to 1e-7 s and below."""
    mantissa, exponent = math.frexp(value)
    return math.ldexp(math.floor(mantissa * 512), exponent - 9) if value >= _bin_end(1e-7) else 0.0


def variance(values: Column) -> float:
    """Of a sample; 0 for fewer than two values."""
    return float(values.var()) if len(values) > 1 else 0.0
