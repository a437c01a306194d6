"""PromQL expressions, evaluated on raw samples: as Prometheus does, and corrected for what it cannot know.

An expression is evaluated under a set of `Correction`s. Under none it gives what Prometheus answers, under `RIGHT` what
a panel would show if it were written well, under all what truly happened. The evaluator covers what panels of counters,
gauges and classic histograms use, and says so of anything else.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import promql_parser as ast

from harness import promql
from harness.core.query import Series
from harness.instrumentation.roles import Traffic
from harness.monitoring.dashboards import corrections
from harness.monitoring.dashboards.corrections import RIGHT, Correction, Samples, instance_of
from harness.promql import functions, syntax, vectors
from harness.promql.syntax import Selection
from harness.promql.vectors import NAME, Labels, UnsupportedError, Value, Vector

LOOKBACK_S = 300.0
"""How old the last sample of a series may be for an instant selector (--query.lookback-delta)."""
WITH_RANGE = frozenset({"rate", "increase", "irate"})
ANY_VIEW = "any other view"
"""A name that no view has, to see whether a matcher lets every view through."""
WITH_NUMBER = frozenset({"topk", "bottomk", "quantile"})
"""Aggregations that have a parameter."""


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


def mistakes(node: Any, samples: Samples, *, shows: frozenset[str]) -> frozenset[Correction]:
    """What a tree gets wrong by its form, whether or not it makes a difference to the samples.

    Raises UnsupportedError.
    """
    found: set[Correction] = set()
    _Evaluation(samples, RIGHT, shows, nudge=0.0, made=found).value(node)
    return frozenset(found)


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
    made: set[Correction] = field(default_factory=set)
    """The corrections that were made on the way."""

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
        if name in functions.OVER_TIME or name == "delta":
            return self._over_time(arguments[0], name)
        if name == "histogram_quantile":
            return self._quantile(arguments[0], arguments[1])
        if name == "time":
            return self.samples.at_s
        if name == "vector":
            return {(): self._number(arguments[0])}
        if name == "scalar":
            values = [*self.vector(arguments[0]).values()]
            return values[0] if len(values) == 1 else math.nan
        if name in ("sort", "sort_desc"):
            return self.vector(arguments[0])
        if name == "absent":
            return functions.absent(self.vector(arguments[0]), syntax.equal_labels(arguments[0]))
        if name == "label_replace":
            return functions.relabelled(self.vector(arguments[0]), *(syntax.text(each) for each in arguments[1:]))
        if name in functions.MATH:
            return vectors.each(self.vector(arguments[0]), functions.MATH[name])
        if name in ("round", "clamp", "clamp_min", "clamp_max"):
            return self._limited(name, self.vector(arguments[0]), [self._number(each) for each in arguments[1:]])
        raise UnsupportedError(f"{name}() is not evaluated")

    def _limited(self, name: str, vector: Vector, limits: list[float]) -> Value:
        if name == "round":
            nearest = limits[0] if limits else 1.0
            return vectors.each(vector, lambda value: functions.rounded(value, nearest))
        if name == "clamp" and limits[0] > limits[1]:
            return {}
        low = -math.inf if name == "clamp_max" else limits[0]
        high = math.inf if name == "clamp_min" else limits[-1]
        return vectors.each(vector, lambda value: value if math.isnan(value) else max(low, min(high, value)))

    def _over_time(self, argument: Any, function: str) -> Vector:
        """A function of the samples in a range, such as `max_over_time` or `deriv`."""
        node = syntax.bare(argument)
        if isinstance(node, ast.SubqueryExpr):
            raise UnsupportedError("a subquery is not evaluated")
        range_s, at_s, dialect = syntax.range_s(node), self.samples.at_s, self.samples.dialect
        shown = self.samples.traffic.view in self.shows or self._asks_background(node.vector_selector)
        found: Vector = {}
        for series in self._select(node.vector_selector):
            points = corrections.points(series, self.samples, self.corrections, shows_background=shown)
            value = None if points is None else functions.over_time(function, points, at_s, range_s, dialect)
            if value is not None:
                found[vectors.labels_of(series.labels, named=function in functions.KEEP_NAME)] = value
        return found

    def _number(self, node: Any) -> float:
        value = self.value(node)
        if isinstance(value, float):
            return value
        raise UnsupportedError("a vector stands where a number must")

    def _rate(self, argument: Any, function: str) -> Vector:
        node = syntax.bare(argument)
        range_s = syntax.range_s(node)
        times_s = range_s if function == "increase" else 1.0
        if isinstance(node, ast.SubqueryExpr):
            if Correction.RESETS not in self.corrections or not syntax.has_aggregate(node.expr):
                raise UnsupportedError("a subquery is not evaluated")
            syntax.check_unshifted(node)
            self.made.add(Correction.RESETS)
            inner = replace(self, range_s=range_s).vector(node.expr)
            return {labels: value * times_s for labels, value in inner.items()}
        return self._rates(node.vector_selector, range_s, times_s, newest=function == "irate")

    def _rates(self, node: Any, range_s: float, times_s: float = 1.0, *, newest: bool = False) -> Vector:
        """The rates of a selector's series in the range that ends now."""
        chosen = self._select(node)
        shown = self.samples.traffic.view in self.shows or self._asks_background(node)
        found: Vector = {}
        for series in chosen:
            rate = corrections.rate(
                series, range_s, self.samples, self.corrections, shows_background=shown, newest=newest
            )
            if rate is not None:
                found[vectors.labels_of(series.labels, named=False)] = rate * times_s
        return found

    def _instant(self, node: Any) -> Vector:
        if self.range_s is not None:
            return self._rates(node, self.range_s)
        found: Vector = {}
        for series in self._select(node):
            seen = [point for point in series.points if point[0] <= self.samples.at_s]
            times = [at for at in self._looked(series) if at <= self.samples.at_s]
            stale = bool(times) and bool(seen) and times[-1] > seen[-1][0]
            if seen and not stale and seen[-1][0] > self.samples.at_s - LOOKBACK_S:
                found[vectors.labels_of(series.labels, named=True)] = seen[-1][1]
        return found

    def _looked(self, series: Series) -> Sequence[float]:
        """When the series would have had a value: at the scrapes of its target, or the evaluations of its rule."""
        recorded = self.samples.evaluations.get(series.labels.get(NAME, ""))
        return self.samples.scrapes.get(instance_of(series), ()) if recorded is None else recorded

    def _select(self, node: Any) -> Sequence[Series]:
        syntax.check_unshifted(node)
        selection = syntax.selection(node)
        hides = Correction.UNNAMED in self.corrections and hides_unnamed(selection, self.samples.traffic)
        if hides:
            self.made.add(Correction.UNNAMED)
        series = self.samples.series.get(selection.metric, ())
        traffic = self.samples.traffic
        mends = traffic if hides and traffic.view not in self.shows else None
        key, chosen = (id(series), selection, mends is None), self.samples.memo.chosen
        if key not in chosen:
            chosen[key] = tuple(each for each in series if _chooses(selection, each, mends))
        return chosen[key]

    def _asks_background(self, node: Any) -> bool:
        """True when a selector picks views of scrapes and health checks, and no others."""
        view = self.samples.traffic.view
        return any(
            matcher.label == view and not matcher.accepts(ANY_VIEW) for matcher in syntax.selection(node).matchers
        ) and all(series.labels.get(view) in self.samples.background_views for series in self._select(node))

    def _quantile(self, quantile: Any, node: Any) -> Vector:
        q = self._number(quantile)
        if 0 <= q <= 1:
            q = min(max(q + self.nudge, 0.0), 1.0)
        histograms: dict[Labels, list[tuple[float, float]]] = {}
        parts: set[Labels] = set()
        for labels, value in replace(self, in_quantile=True).vector(node).items():
            bound = _bound(dict(labels).get("le", ""))
            if bound is None:
                continue
            rest = tuple(pair for pair in labels if pair[0] not in ("le", NAME))
            parts.add(rest)
            group = self.merge(rest) if self.merge else rest
            histograms.setdefault(group, []).append((bound, value))
        if len(parts) > len(histograms):
            self.made.add(Correction.AVERAGES)
        return {
            labels: promql.histogram_quantile(q, buckets, self.samples.dialect)
            for labels, buckets in histograms.items()
        }

    def _aggregate(self, node: Any) -> Vector:
        operator, group = str(node.op), vectors.grouper(node.modifier)
        averages = operator in ("avg", "sum") and Correction.AVERAGES in self.corrections
        inside = replace(self, merge=group if averages else None)
        parameter = self._number(node.param) if operator in WITH_NUMBER else math.nan
        return vectors.aggregate(operator, group, inside.vector(node.expr), parameter)

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
                    self.made.add(Correction.FILTERS)
                    return kept
            elif operator in ("and", "unless") and syntax.has_filter(node.rhs) and vectors.matches_by(modifier, "le"):
                self.made.add(Correction.FILTERS)
                return left
        whole = operator in vectors.SETS and operator != "or"  # what stands to its right takes out whole histograms
        right = replace(self, in_quantile=False) if whole else self
        return vectors.combine(operator, modifier, left, right.value(node.rhs))


def hides_unnamed(selection: Selection, traffic: Traffic) -> bool:
    """True for a selector that takes every view but that of unrouted requests, and perhaps some more."""
    asked = [matcher for matcher in selection.matchers if matcher.label == traffic.view]
    return all(matcher.accepts(ANY_VIEW) for matcher in asked) and not all(m.accepts(traffic.unrouted) for m in asked)


def _chooses(selection: Selection, series: Series, mends: Traffic | None) -> bool:
    """Whether a selector matches a series, and where it is mended also that of unrouted requests."""
    if selection.matches(series.labels):
        return True
    if mends is None:
        return False
    others = (matcher for matcher in selection.matchers if matcher.label != mends.view)
    return series.labels.get(mends.view) == mends.unrouted and replace(selection, matchers=(*others,)).matches(
        series.labels
    )


def _bound(text: str) -> float | None:
    """The bound of a bucket; None for what is none, which Prometheus passes over."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound
