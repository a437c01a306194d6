"""PromQL expressions, evaluated on raw samples: as Prometheus does, and corrected for what it cannot know.

An expression is evaluated under a set of `Correction`s. Under none it gives what Prometheus answers, under `RIGHT` what
a panel would show if it were written well, under all what truly happened. The evaluator covers what panels of counters,
gauges and classic histograms use, and says so of anything else.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

import promql_parser as ast

from harness import expression, promql, vectors
from harness.instrumentation import COUNT_SCRAPES, REQUESTS, REQUESTS_BY_METHOD, RESPONSES, RESPONSES_BY_STATUS
from harness.model import Series
from harness.vectors import NAME, Labels, UnsupportedError, Value, Vector

LOOKBACK_S = 300.0
"""How old the last sample of a series may be for an instant selector (--query.lookback-delta)."""
WITH_RANGE = frozenset({"rate", "increase", "irate"})
ANY_VIEW = "any other view"
"""A name that no view has, to see whether a matcher lets every view through."""
CHOOSING = frozenset({"and", "unless"})
TRAFFIC: Mapping[str, tuple[str, ...]] = {
    REQUESTS: (),
    RESPONSES: (),
    REQUESTS_BY_METHOD: ("method",),
    RESPONSES_BY_STATUS: ("status",),
}
"""Counters without a view label that hold background traffic too, and the labels by which their part of it is known."""


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
    BIRTHS = "births"
    """A series that appears counts from 0, where `rate()` leaves out its first value."""
    EXTRAPOLATION = "extrapolation"
    """The growth in the range is what it was, neither stretched to its edges nor unknown for less than two samples."""


RIGHT = frozenset({Correction.BACKGROUND, Correction.AVERAGES, Correction.FILTERS, Correction.RESETS})
"""What the author of a panel could have done."""
TRUE = frozenset(Correction)


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
    dialect: promql.Dialect


def evaluate(
    node: Any,
    samples: Samples,
    corrections: frozenset[Correction] = frozenset(),
    *,
    shows: frozenset[str],
    nudge: float,
) -> Value:
    """The value of a tree. Raises UnsupportedError.

    `shows` are the labels of the panel's result: background traffic is not taken out of a panel that shows it under its
    view. `nudge` is added to each quantile: where a rank lies on a bucket's edge, float sums may fall to either side.
    """
    return _Evaluation(samples, corrections, shows, nudge).value(node)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    samples: Samples
    corrections: frozenset[Correction]
    shows: frozenset[str]
    nudge: float
    merge: Callable[[Labels], Labels] | None = None
    """Inside of an average of percentiles: what is left of the labels of a bucket."""
    in_quantile: bool = False
    range_s: float | None = None
    """Inside of a rate of a sum: the range of the rate, in which selectors give their growth per second."""

    def value(self, node: Any) -> Value:
        if isinstance(node, ast.NumberLiteral):
            return float(node.val)
        if isinstance(node, ast.ParenExpr):
            return self.value(node.expr)
        if isinstance(node, ast.UnaryExpr):
            return vectors.each(self.value(node.expr), lambda value: -value)
        if isinstance(node, ast.VectorSelector):
            return self._instant(node)
        if isinstance(node, ast.AggregateExpr):
            return self._aggregate(node)
        if isinstance(node, ast.BinaryExpr):
            return self._binary(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        raise UnsupportedError(f"{type(node).__name__} is not evaluated")

    def vector(self, node: Any) -> Vector:
        value = self.value(node)
        if isinstance(value, float):
            raise UnsupportedError("a number stands where a vector must")
        return value

    def _call(self, node: Any) -> Value:
        name, arguments = node.func.name, node.args
        if name in WITH_RANGE:
            return self._rate(arguments[0], name)
        if name == "histogram_quantile":
            return self._quantile(arguments[0], arguments[1])
        if name == "vector":
            return {(): self._number(arguments[0])}
        if name in ("clamp_min", "clamp_max"):
            limit, clamp = self._number(arguments[1]), max if name == "clamp_min" else min
            return vectors.each(self.value(arguments[0]), lambda value: clamp(value, limit))
        raise UnsupportedError(f"{name}() is not evaluated")

    def _number(self, node: Any) -> float:
        value = self.value(node)
        if isinstance(value, float):
            return value
        raise UnsupportedError("a vector stands where a number must")

    def _rate(self, argument: Any, function: str) -> Vector:
        node = expression.bare(argument)
        range_s = expression.range_s(node)
        times_s = range_s if function == "increase" else 1.0
        if isinstance(node, ast.SubqueryExpr):
            if Correction.RESETS not in self.corrections or not expression.has_aggregate(node.expr):
                raise UnsupportedError("a subquery is not evaluated")
            expression.check_unshifted(node)
            inner = replace(self, range_s=range_s).vector(node.expr)
            return {labels: value * times_s for labels, value in inner.items()}
        return self._rates(node.vector_selector, range_s, times_s, newest=function == "irate")

    def _rates(self, node: Any, range_s: float, times_s: float = 1.0, *, newest: bool = False) -> Vector:
        """The rates of a selector's series in the range that ends now."""
        chosen = self._select(node)
        shown = "view" in self.shows or self._asks_background(node)
        found: Vector = {}
        for series in chosen:
            rate = self._per_second(series, range_s, shows_background=shown, newest=newest)
            if rate is not None:
                found[vectors.labels_of(series.labels, named=False)] = rate * times_s
        return found

    def _instant(self, node: Any) -> Vector:
        if self.range_s is not None:
            return self._rates(node, self.range_s)
        found: Vector = {}
        for series in self._select(node):
            seen = [point for point in series.points if point[0] <= self.samples.at_s]
            times = [at for at in self.samples.scrapes.get(_instance(series), ()) if at <= self.samples.at_s]
            stale = bool(times) and bool(seen) and times[-1] > seen[-1][0]
            if seen and not stale and seen[-1][0] > self.samples.at_s - LOOKBACK_S:
                found[vectors.labels_of(series.labels, named=True)] = seen[-1][1]
        return found

    def _select(self, node: Any) -> list[Series]:
        expression.check_unshifted(node)
        selection = expression.selection(node)
        return [each for each in self.samples.series.get(selection.metric, ()) if selection.matches(each.labels)]

    def _asks_background(self, node: Any) -> bool:
        """True when a selector picks views of scrapes and health checks, and no others."""
        return any(
            matcher.label == "view" and not matcher.accepts(ANY_VIEW) for matcher in expression.selection(node).matchers
        ) and all(series.labels.get("view") in self.samples.background_views for series in self._select(node))

    def _per_second(
        self, series: Series, range_s: float, *, shows_background: bool, newest: bool = False
    ) -> float | None:
        """The rate of one series in the range that ends now, or between its `newest` two samples; None without any."""
        points: Sequence[promql.Point] = series.points
        if Correction.BACKGROUND in self.corrections:
            if series.labels.get("view") in self.samples.background_views and not shows_background:
                return None
            points = self._without_background(series)
        if Correction.BIRTHS in self.corrections:
            points = self._from_birth(series, points)
        end_s = self.samples.at_s
        if newest:
            return promql.irate(points, end_s, range_s, self.samples.dialect)
        if Correction.EXTRAPOLATION in self.corrections:
            return _exact_rate(points, end_s, range_s)
        return promql.rate(points, end_s, range_s, self.samples.dialect)

    def _without_background(self, series: Series) -> Sequence[promql.Point]:
        name = series.labels.get(NAME, "")
        if name in COUNT_SCRAPES and self.samples.background:
            raise UnsupportedError(f"{name} counts scrapes too, and nothing in it tells them apart")
        if name not in TRAFFIC:
            return series.points
        others: dict[float, float] = {}
        for other in self.samples.background:
            if _instance(other) == _instance(series) and all(
                other.labels.get(label) == series.labels.get(label) for label in TRAFFIC[name]
            ):
                for at, value in other.points:
                    others[at] = others.get(at, 0.0) + value
        return [(at, value - others.get(at, 0.0)) for at, value in series.points]

    def _from_birth(self, series: Series, points: Sequence[promql.Point]) -> Sequence[promql.Point]:
        """With a zero at the last scrape that did not have the series yet."""
        times = self.samples.scrapes.get(_instance(series), ())
        place = bisect_left(times, points[0][0]) if points else 0
        return [(times[place - 1], 0.0), *points] if place else points

    def _quantile(self, quantile: Any, node: Any) -> Vector:
        q = self._number(quantile)
        if 0 <= q <= 1:
            q = min(max(q + self.nudge, 0.0), 1.0)
        histograms: dict[Labels, list[tuple[float, float]]] = {}
        for labels, value in replace(self, in_quantile=True).vector(node).items():
            bound = _bound(dict(labels).get("le", ""))
            if bound is None:
                continue
            rest = tuple(pair for pair in labels if pair[0] not in ("le", NAME))
            group = self.merge(rest) if self.merge else rest
            histograms.setdefault(group, []).append((bound, value))
        return {
            labels: promql.histogram_quantile(q, buckets, self.samples.dialect)
            for labels, buckets in histograms.items()
        }

    def _aggregate(self, node: Any) -> Vector:
        operator, group = str(node.op), vectors.grouper(node.modifier)
        averages = operator in ("avg", "sum") and Correction.AVERAGES in self.corrections
        inside = replace(self, merge=group if averages else None)
        return vectors.aggregate(operator, group, inside.vector(node.expr))

    def _binary(self, node: Any) -> Value:
        operator, modifier = str(node.op), node.modifier
        if operator in vectors.COMPARISONS and not vectors.is_filter(operator, modifier):
            inside = replace(self, merge=None)  # 0 or 1 for each percentile: their sum counts, and averages nothing
            return vectors.combine(operator, modifier, inside.value(node.lhs), inside.value(node.rhs))
        left = self.value(node.lhs)
        if self.in_quantile and Correction.FILTERS in self.corrections:
            if vectors.is_filter(operator, modifier):
                kept = left if isinstance(left, dict) else self.value(node.rhs)
                if isinstance(kept, dict) and any("le" in dict(labels) for labels in kept):
                    return kept
            elif (
                operator in ("and", "unless") and expression.has_filter(node.rhs) and vectors.matches_by(modifier, "le")
            ):
                return left
        whole = operator in vectors.SETS and operator != "or"  # what stands to its right takes out whole histograms
        right = replace(self, in_quantile=False) if whole else self
        return vectors.combine(operator, modifier, left, right.value(node.rhs))


def _bound(text: str) -> float | None:
    """The bound of a bucket; None for what is none, which Prometheus passes over."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound


def _exact_rate(points: Sequence[promql.Point], end_s: float, range_s: float) -> float | None:
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


def _instance(series: Series) -> str:
    return series.labels.get("instance", "")
