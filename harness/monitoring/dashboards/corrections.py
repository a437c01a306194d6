"""Raw samples, and what Prometheus cannot know of them, or an expression gets wrong, put right."""

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from harness import promql
from harness.core.query import Series
from harness.instrumentation.roles import Traffic
from harness.promql import Dialect, Point
from harness.promql.vectors import NAME, UnsupportedError


class Correction(StrEnum):
    """One thing that Prometheus cannot know, or that an expression gets wrong, put right."""

    BACKGROUND = "background"
    """Requests of scrapes and health checks are left out, where the panel does not show them as what they are."""
    AVERAGES = "averages"
    """The average or sum of percentiles becomes the percentile over all."""
    FILTERS = "filters"
    """Buckets are not filtered by value inside of `histogram_quantile()`."""
    RESETS = "resets"
    """`rate()` of a sum becomes the sum of rates, so that the reset of one series is not one of the sum."""
    UNNAMED = "unnamed"
    """What adds up views does not leave out `<unnamed view>`, which is what no URL pattern matched."""
    BIRTHS = "births"
    """A series that appears counts from 0, where `rate()` leaves out its first value."""
    EXTRAPOLATION = "extrapolation"
    """The growth in the range is what it was, neither stretched to its edges nor unknown for less than two samples."""


RIGHT = frozenset(
    {Correction.BACKGROUND, Correction.AVERAGES, Correction.FILTERS, Correction.RESETS, Correction.UNNAMED}
)
"""What the author of a panel could have done."""
TRUE = frozenset(Correction)
OF_SERIES = frozenset({Correction.BACKGROUND, Correction.BIRTHS, Correction.EXTRAPOLATION})
"""Those that change what a single series gives."""


@dataclass(frozen=True, slots=True)
class Memo:
    """What has been found out about the series of a run, once for all expressions that ask for the same."""

    rates: dict[Hashable, float | None] = field(default_factory=dict)
    chosen: dict[Hashable, tuple[Series, ...]] = field(default_factory=dict)
    """The series that a selector matches."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What was scraped, to be evaluated at one moment."""

    series: Mapping[str, Sequence[Series]]
    """Raw samples by metric name."""
    scrapes: Mapping[str, Sequence[float]]
    """Times of the successful scrapes by instance, rising."""
    background: Sequence[Series]
    """Responses by view of the requests that are no user's: scrapes and health checks."""
    background_views: frozenset[str]
    at_s: float
    dialect: Dialect
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)
    """Shared by those who evaluate the same series."""
    evaluations: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Times at which a recording rule was evaluated, rising, by what it records."""
    traffic: Traffic = field(default_factory=Traffic)
    """How background traffic is told from the load's."""


def points(
    series: Series, samples: Samples, applied: frozenset[Correction], *, shows_background: bool
) -> Sequence[Point] | None:
    """A series' samples; corrected without those of background traffic, or None when it holds nothing else.

    Raises UnsupportedError where nothing tells the two apart.
    """
    if Correction.BACKGROUND not in applied:
        return series.points
    if series.labels.get(samples.traffic.view) in samples.background_views and not shows_background:
        return None
    return _without_background(series, samples)


def rate(
    series: Series,
    range_s: float,
    samples: Samples,
    applied: frozenset[Correction],
    *,
    shows_background: bool,
    newest: bool = False,
) -> float | None:
    """The rate of one series in the range that ends now, or between its `newest` two samples; None without any.

    In 1/s. Raises UnsupportedError as `points` does.
    """
    key = (id(series), samples.at_s, range_s, applied & OF_SERIES, shows_background, newest)
    rates = samples.memo.rates
    if key not in rates:
        rates[key] = _rate(series, range_s, samples, applied, shows_background, newest)
    return rates[key]


def instance_of(series: Series) -> str:
    """The process that a series was scraped from; empty when its labels do not tell."""
    return series.labels.get("instance", "")


def _rate(
    series: Series,
    range_s: float,
    samples: Samples,
    applied: frozenset[Correction],
    shows_background: bool,
    newest: bool,
) -> float | None:
    own = points(series, samples, applied, shows_background=shows_background)
    if own is None:
        return None
    if Correction.BIRTHS in applied:
        own = _from_birth(series, own, samples)
    if newest:
        return promql.irate(own, samples.at_s, range_s, samples.dialect)
    if Correction.EXTRAPOLATION in applied:
        return _exact_rate(own, samples.at_s, range_s)
    return promql.rate(own, samples.at_s, range_s, samples.dialect)


def _without_background(series: Series, samples: Samples) -> Sequence[Point]:
    name, traffic = series.labels.get(NAME, ""), samples.traffic
    if name in traffic.inseparable and samples.background:
        raise UnsupportedError(f"{name} counts scrapes too, and nothing in it tells them apart")
    if name not in traffic.mixed:
        return series.points
    if _is_split(series, samples, traffic.mixed[name]):
        raise UnsupportedError(f"{name} counts scrapes too, and nothing tells in which of its series they are")
    others: dict[float, float] = {}
    for other in samples.background:
        if _has_labels_of(other, series, traffic.mixed[name]):
            for at, value in other.points:
                others[at] = others.get(at, 0.0) + value
    return [(at, value - others.get(at, 0.0)) for at, value in series.points]


def _has_labels_of(other: Series, series: Series, own: Sequence[str]) -> bool:
    """Whether background traffic is in a counter's series: same process, same values of its `own` and added labels."""
    added = [label for label in series.labels if label in other.labels and label != NAME]
    return instance_of(other) == instance_of(series) and all(
        other.labels.get(label) == series.labels.get(label) for label in (*own, *added)
    )


def _is_split(series: Series, samples: Samples, own: Sequence[str]) -> bool:
    """Whether a label that the app added splits a counter, and background traffic does not have that label."""
    added = [label for label in series.labels if label not in (NAME, *own)]
    if all(label in other.labels for other in samples.background for label in added):
        return False
    alike = [each for each in samples.series[series.labels[NAME]] if instance_of(each) == instance_of(series)]
    return sum(all(each.labels.get(label) == series.labels.get(label) for label in own) for each in alike) > 1


def _from_birth(series: Series, points: Sequence[Point], samples: Samples) -> Sequence[Point]:
    """With a zero at the last scrape that did not have the series yet."""
    times = samples.scrapes.get(instance_of(series), ())
    place = bisect_left(times, points[0][0]) if points else 0
    return [(times[place - 1], 0.0), *points] if place else points


def _exact_rate(points: Sequence[Point], end_s: float, range_s: float) -> float | None:
    """Growth in the range divided by its length; the value at its start lies on the line between two samples."""
    start_s = end_s - range_s
    before = [point for point in points if point[0] <= start_s]
    inside = [point for point in points if start_s < point[0] <= end_s]
    if not inside:
        return None
    base = inside[0][1]
    if before:
        (since, least), (until, most) = before[-1], inside[0]
        base = least + max(most - least, 0.0) * (start_s - since) / (until - since)
    grown = inside[0][1] if inside[0][1] < base else inside[0][1] - base
    for (_, earlier), (_, later) in pairwise(inside):
        grown += later if later < earlier else later - earlier
    return grown / range_s
