"""The samples that a panel is made from, and what is known of them beyond the samples: scrapes, background traffic."""

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from harness.core.query import Series
from harness.instrumentation.roles import Traffic
from harness.monitoring.dashboards.records import Records
from harness.promql.engine import Samples
from harness.promql.extrapolation import Point
from harness.promql.selection import Selection
from harness.promql.vectors import NAME, Labels, UnsupportedError

ANY_VIEW = "any other view"
"""A name that no view has, to see whether a matcher lets every view through."""


@dataclass(frozen=True, slots=True)
class Memo:
    """What is known about the series of a run, computed once for all expressions that ask for the same."""

    values: dict[Hashable, dict[int, float | None]] = field(default_factory=dict)
    """What a function gives of each series, by the series' identity."""
    chosen: dict[Hashable, tuple[Series, ...]] = field(default_factory=dict)
    """The series that a selector matches."""
    joined: dict[Hashable, tuple[Series, ...]] = field(default_factory=dict)
    """Series of several answers put together, by what these answer: what is known of them is by their identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSamples(Samples):
    """What a panel is evaluated on: `updates` are the times of all scrapes, by instance.

    One that failed, too, ends the series of its target (scrape/scrape.go, `scrapeAndReport`).
    """

    scraped: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Times of the scrapes that did not fail, by instance."""
    traffic: Traffic
    """How the instrumentation distinguishes background traffic from that of users."""
    background: Sequence[Series] = ()
    """Responses by view of the requests that are no user's: scrapes and health checks."""
    background_views: frozenset[str] = frozenset()
    records: Records = field(default_factory=dict)
    """Rules whose records are evaluated anew wherever they are read; of others what is stored counts."""
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)
    """Shared by those who evaluate the same series."""

    def chosen(self, selection: Selection, *, with_unnamed: bool) -> tuple[Series, ...]:
        """The series that a selector matches, and if asked those of the unnamed view that it else matches."""
        series = self.series.get(selection.metric, ())
        key = (id(series), selection, with_unnamed)
        if key not in self.memo.chosen:
            others = tuple(matcher for matcher in selection.matchers if matcher.label != self.traffic.view)
            wider = replace(selection, matchers=others)
            self.memo.chosen[key] = tuple(
                each
                for each in series
                if selection.matches(each.labels)
                or (with_unnamed and self.view_of(each) == self.traffic.unrouted and wider.matches(each.labels))
            )
        return self.memo.chosen[key]

    def view_of(self, series: Series) -> str | None:
        """The view of a series; None where it has none."""
        return series.labels.get(self.traffic.view)

    def is_background(self, series: Series) -> bool:
        """Whether a series counts nothing but scrapes and health checks."""
        return self.view_of(series) in self.background_views

    def without_background(self, series: Series) -> Sequence[Point]:
        """A counter's samples without the share of background traffic.

        Raises UnsupportedError where nothing distinguishes the two.
        """
        name = series.labels.get(NAME, "")
        if name in self.traffic.inseparable and self.background:
            raise UnsupportedError(f"{name} counts scrapes too, and none of its labels distinguishes them")
        if name not in self.traffic.mixed:
            return series.points
        own = self.traffic.mixed[name]
        if self._is_split(series, own):
            raise UnsupportedError(f"{name} counts scrapes too, and it is not known in which of its series")
        others: dict[float, float] = {}
        for other in self.background:
            if self.source(other) == self.source(series) and _has_labels_of(other, series, own):
                for at, value in other.points:
                    others[at] = others.get(at, 0.0) + value
        return [(at, value - others.get(at, 0.0)) for at, value in series.points]

    def _is_split(self, series: Series, own: Sequence[str]) -> bool:
        """Whether a label that the app added splits a counter, and background traffic does not have that label."""
        added = [label for label in series.labels if label not in (NAME, *own)]
        if all(label in other.labels for other in self.background for label in added):
            return False
        alike = [each for each in self.series[series.labels[NAME]] if self.source(each) == self.source(series)]
        return sum(all(each.labels.get(label) == series.labels.get(label) for label in own) for each in alike) > 1

    def from_zero(self, series: Series, points: Sequence[Point]) -> Sequence[Point]:
        """Samples with a zero at the last scrape that did not have the series yet."""
        times = self.scraped.get(self.source(series), ())
        place = bisect_left(times, points[0][0]) if points else 0
        return [(times[place - 1], 0.0), *points] if place else points


def joined(answers: Sequence[Sequence[Series]]) -> tuple[Series, ...]:
    """The series of several answers, each once with all its samples in the order of their times."""
    found: dict[Labels, dict[float, float]] = {}
    for answer in answers:
        for each in answer:
            found.setdefault(each.sorted_labels(named=True), {}).update(each.points)
    return tuple(Series(dict(labels), tuple(sorted(points.items()))) for labels, points in found.items())


def _has_labels_of(other: Series, series: Series, own: Sequence[str]) -> bool:
    """Whether background traffic is in a counter's series: same process, same values of its `own` and added labels."""
    added = [label for label in series.labels if label in other.labels and label != NAME]
    return all(other.labels.get(label) == series.labels.get(label) for label in (*own, *added))


def hides_unnamed(selection: Selection, traffic: Traffic) -> bool:
    """True for a selector that takes every view but that of unrouted requests, and perhaps some more."""
    asked = [matcher for matcher in selection.matchers if matcher.label == traffic.view]
    return all(matcher.accepts(ANY_VIEW) for matcher in asked) and not all(
        matcher.accepts(traffic.unrouted) for matcher in asked
    )


def exact_increase(points: Sequence[Point], end_s: float, range_s: float) -> float | None:
    """The growth in the range, neither more nor less; the value at its start lies on the line between two samples.

    None where the range holds no sample.
    """
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
    return grown
