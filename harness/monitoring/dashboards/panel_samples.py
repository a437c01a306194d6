"""The samples that a panel is made from, and what is known of them beyond the samples: scrapes, background traffic."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise

import numpy as np

from harness.core.points import FloatArray, Point
from harness.core.query import Series
from harness.instrumentation.roles import Traffic
from harness.monitoring.dashboards.records import Records
from harness.promql.engine import Samples
from harness.promql.quantile import BOUND
from harness.promql.selected import Group, Selected
from harness.promql.selection import Selection
from harness.promql.vectors import NAME, Labels, UnsupportedError

INFINITE = "+Inf"
ANY_VIEW = "any other view"
"""A name that no view has, to see whether a matcher lets every view through."""


class Scrapes(Enum):
    """Where in a histogram that counts the scrapes too they are taken to be."""

    FASTEST = "in its lowest buckets"
    SLOWEST = "in its highest buckets"


class InseparableError(UnsupportedError):
    """Scrapes are counted too, and no label distinguishes them."""


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
    scrapes: Scrapes | None = None
    """None where nothing is assumed of scrapes that no label distinguishes."""

    def chosen(self, selection: Selection, *, with_unnamed: bool) -> Selected:
        """The series that a selector matches, and if asked those of the unnamed view that it else matches."""
        if not with_unnamed:
            return self.selected(selection)
        series = self.series.get(selection.metric, ())
        others = tuple(matcher for matcher in selection.matchers if matcher.label != self.traffic.view)
        wider = replace(selection, matchers=others)

        def choose() -> Selected:
            found = (
                each
                for each in series
                if selection.matches(each.labels)
                or (self.view_of(each) == self.traffic.unrouted and wider.matches(each.labels))
            )
            return Selected(found, self.source)

        return self.memo.of(series, ("with unnamed", selection.matchers), choose)

    def users(self, chosen: Selected, *, with_background: bool) -> Selected:
        """Series without the share of background traffic; `with_background` with those that count nothing else.

        Raises UnsupportedError where nothing distinguishes the two.
        """
        return self.memo.of(
            chosen,
            ("users", with_background, self.scrapes),
            lambda: Selected(
                (
                    _with_points(each, self.without_background(each))
                    for each in chosen
                    if with_background or not self.is_background(each)
                ),
                self.source,
            ),
        )

    def born(self, chosen: Selected) -> Selected:
        """Series that begin with a zero where they appeared after their target."""
        return self.memo.of(
            chosen,
            "born",
            lambda: Selected((_with_points(each, self.from_zero(each, each.points)) for each in chosen), self.source),
        )

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
            return self._bounded(series, name)
        if name not in self.traffic.mixed:
            return series.points
        own = self.traffic.mixed[name]
        if self._is_split(series, own):
            raise UnsupportedError(f"{name} counts scrapes too, and it is not known in which of its series")
        others = self._others(series, own)
        return [(at, value - others.get(at, 0.0)) for at, value in series.points]

    def _others(self, series: Series, own: Sequence[str]) -> dict[float, float]:
        """What background traffic had counted by each scrape in the process of a series."""
        others: dict[float, float] = {}
        for other in self.background:
            if self.source(other) == self.source(series) and _has_labels_of(other, series, own):
                for at, value in other.points:
                    others[at] = others.get(at, 0.0) + value
        return others

    def _bounded(self, series: Series, name: str) -> Sequence[Point]:
        """A bucket, or the number of all, without the scrapes where `scrapes` takes them to be.

        Of d observations in a bucket and n in all since the scrape before, of which m are of scrapes, at least d - m
        and at most n - m are of users. Raises InseparableError where nothing is assumed, and for a sum.
        """
        labels = dict(series.labels)
        bound = labels.pop(BOUND, "") if name.endswith("_bucket") else INFINITE
        if self.scrapes is None or not name.endswith(("_bucket", "_count")):
            raise InseparableError(f"{name} counts scrapes too, and none of its labels distinguishes them")
        others = self._others(series, ())
        least = [(at, value - others.get(at, 0.0)) for at, value in series.points]
        if bound == INFINITE:
            return least
        every = next((each for each in self.series[name] if each.labels == {**labels, BOUND: INFINITE}), None)
        if every is None:
            raise InseparableError(f"{name} counts scrapes too, and has no bucket {INFINITE}")
        counted, users, made = dict(every.points), 0.0, []
        for place, (at, value) in enumerate(series.points):
            if place:
                before_s, before = series.points[place - 1]
                own, scraped = _growth(before, value), _growth(others.get(before_s, 0.0), others.get(at, 0.0))
                whole = _growth(counted.get(before_s, 0.0), counted.get(at, 0.0))
                ends = {Scrapes.FASTEST: max(own - scraped, 0.0), Scrapes.SLOWEST: min(own, whole - scraped)}
                users += ends[self.scrapes]
            made.append((at, users))
        return made

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


@np.errstate(invalid="ignore", over="ignore")
def exact_increases(group: Group, end_s: float, range_s: float) -> FloatArray | None:
    """The growth in the range, neither more nor less; the value at its start lies on the line between two samples.

    None where the range holds no sample.
    """
    start_s, seconds = end_s - range_s, group.block.seconds
    first, last = (int(np.searchsorted(seconds, at_s, "right")) for at_s in (start_s, end_s))
    if first >= last:
        return None
    inside = group.block.values[first:last, group.columns]
    base = inside[0]
    if first:
        (since, until), least = seconds[first - 1 : first + 1], group.block.values[first - 1, group.columns]
        base = least + np.maximum(inside[0] - least, 0.0) * (start_s - since) / (until - since)
    grown: FloatArray = np.where(inside[0] < base, inside[0], inside[0] - base)
    for earlier, later in pairwise(inside):
        grown = grown + np.where(later < earlier, later, later - earlier)
    return grown


def _growth(before: float, after: float) -> float:
    """Of a counter, which a restart sets to 0."""
    return after - before if after >= before else after


def _with_points(series: Series, points: Sequence[Point]) -> Series:
    return series if points is series.points else Series(series.labels, points)
