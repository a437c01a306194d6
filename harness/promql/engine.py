"""PromQL on raw samples: what Prometheus answers to an expression at one moment.

The engine covers what is asked of counters, gauges and classic histograms, and raises UnsupportedError for anything
else: never a value that might be wrong. Its public methods are the steps of an evaluation; a subclass may replace them.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, assert_never

import promql_parser as ast

from harness.core.query import Series
from harness.promql import functions, operators, relabelling, syntax, times, vectors
from harness.promql._time import in_ms
from harness.promql.dialect import Dialect
from harness.promql.extrapolation import Point
from harness.promql.functions import Arguments, InstantFunction, Kind, Range, RangeFunction
from harness.promql.times import DEFAULT_STEP_S
from harness.promql.vectors import NAME, Labels, UnsupportedError, Value, Vector

LOOKBACK_S = 300.0
"""How old the last sample of a series may be for an instant selector (--query.lookback-delta)."""
INSTANCE = "instance"
"""The label that says where a series comes from."""


def instance_of(series: Series) -> str:
    """Where a series comes from; empty when its labels do not say."""
    return series.labels.get(INSTANCE, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What an expression is evaluated on, and when."""

    series: Mapping[str, Sequence[Series]]
    """Raw samples by metric name."""
    at_s: float
    """The moment, in Unix seconds."""
    dialect: Dialect
    updates: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Times, rising, at which an instance gave samples; what it gave none for is stale, though no marker says so."""
    source: Callable[[Series], str] = instance_of
    """Names in `updates` where a series comes from."""
    recordings: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """The same of series that rules record, by metric name."""
    asked_s: float | None = None
    """When the whole query is evaluated, inside a subquery of it; None where that is at `at_s`."""
    until_s: float | None = None
    """Up to when the samples are all there are; None for always."""
    step_s: float | None = DEFAULT_STEP_S
    """The step of subqueries that name none: the server's `evaluation_interval`; None where that is not known."""
    evaluations: int = 1
    """Of how many steps of subqueries this is one."""

    @property
    def query_s(self) -> float:
        """When the whole query is evaluated."""
        return self.at_s if self.asked_s is None else self.asked_s

    def updates_of(self, series: Series) -> Sequence[float]:
        """When the series would have got a sample, had it still been there; none when that is not known."""
        recorded = self.recordings.get(series.labels.get(NAME, ""))
        return self.updates.get(self.source(series), ()) if recorded is None else recorded


@dataclass(frozen=True, slots=True)
class Engine:
    """Evaluates expressions as Prometheus does."""

    samples: Samples
    nudge: float = 0.0
    """Added to each quantile of histograms: where a rank lies on a bucket's edge, float sums fall to either side."""

    def value(self, node: Any) -> Value:
        """The value of a tree. Raises UnsupportedError."""
        match node:
            case ast.NumberLiteral():
                return float(node.val)
            case ast.ParenExpr():
                return self.value(node.expr)
            case ast.UnaryExpr():
                return vectors.negated(self.value(node.expr))
            case ast.VectorSelector():
                return self.instant(node)
            case ast.AggregateExpr():
                return self.aggregation(node)
            case ast.BinaryExpr():
                return self.binary(node)
            case ast.Call():
                return self.call(node)
            case _:
                raise UnsupportedError(f"{type(node).__name__} is not evaluated")

    def vector(self, node: Any) -> Vector:
        """The value of a tree that gives a vector. Raises UnsupportedError."""
        value = self.value(node)
        if isinstance(value, float):
            raise UnsupportedError("a number is given where a vector is required")
        return value

    def number(self, node: Any) -> float:
        """The value of a tree that gives a number. Raises UnsupportedError."""
        value = self.value(node)
        if isinstance(value, float):
            return value
        raise UnsupportedError("a vector is given where a number is required")

    def select(self, node: Any) -> Sequence[Series]:
        """The series that a selector chooses. Raises UnsupportedError."""
        selection = syntax.selection(node)
        return [each for each in self.samples.series.get(selection.metric, ()) if selection.matches(each.labels)]

    def moment_s(self, node: Any) -> float:
        """When a selector or subquery is evaluated. Raises UnsupportedError when its samples are not all known."""
        found, until_s = times.moment_s(node, self.samples.at_s, self.samples.query_s), self.samples.until_s
        if until_s is not None and in_ms(found) > in_ms(until_s):
            raise UnsupportedError(f"it looks {found - until_s:.6g} s past the end of the run")
        return found

    def at(self, at_s: float, evaluations: int = 1) -> Self:
        """The same query at another moment, which is one of so many."""
        samples = self.samples
        count = samples.evaluations * evaluations
        return replace(self, samples=replace(samples, at_s=at_s, asked_s=samples.query_s, evaluations=count))

    def instant(self, node: Any) -> Vector:
        """The newest sample of each series that a selector chooses. Raises UnsupportedError."""
        return by_labels(((each, at and at[1]) for each, at in self._newest(node)), named=True)

    def sample_times(self, node: Any) -> Vector:
        """When the samples of a vector were taken; of what is no selector that is now. Raises UnsupportedError."""
        if not isinstance(syntax.bare(node), ast.VectorSelector):
            return dict.fromkeys(self.vector(node), self.samples.at_s)
        return by_labels(((each, at and at[0]) for each, at in self._newest(syntax.bare(node))), named=True)

    def over_time(self, function: RangeFunction, node: Any) -> Vector:
        """A call of a function of a range. Raises UnsupportedError."""
        given = functions.with_kinds(function, node.args)
        numbers = tuple(self.number(each) for kind, each in given if kind is Kind.NUMBER)
        (ranged,) = (each for kind, each in given if kind is Kind.RANGE)
        return self._over(function, ranged, numbers)

    def over_range(self, function: RangeFunction, node: Any, range_s: float, numbers: tuple[float, ...] = ()) -> Vector:
        """A function of each series that a selector chooses, in the range that ends now. Raises UnsupportedError."""
        asked = self.range_of(node, range_s, numbers)
        results = ((each, function.apply(replace(asked, points=each.points))) for each in self.select(node))
        return by_labels(results, named=function.keeps_name)

    def range_of(self, node: Any, range_s: float, numbers: tuple[float, ...] = ()) -> Range:
        """What is asked of each series of a selector or subquery, without its samples. Raises UnsupportedError."""
        return Range((), self.moment_s(node), range_s, self.samples.dialect, numbers, self.samples.at_s)

    def stepped(self, node: Any) -> Sequence[Series]:
        """The series that a subquery makes, with a sample for each of its steps. Raises UnsupportedError."""
        samples, step_s = self.samples, syntax.step_s(node)
        if step_s is None and samples.step_s is None:
            raise UnsupportedError("the step of the subquery is the server's evaluation_interval, which is not known")
        most = times.MOST_STEPS // samples.evaluations
        every = times.steps(
            self.moment_s(node), syntax.range_s(node), step_s or samples.step_s or 0.0, samples.dialect, most
        )
        found: dict[Labels, list[Point]] = {}
        for at_s in every:
            for labels, value in self.at(at_s, len(every)).vector(node.expr).items():
                found.setdefault(labels, []).append((at_s, value))
        return [Series(dict(labels), tuple(points)) for labels, points in found.items()]

    def buckets(self, node: Any) -> Vector:
        """The buckets of which a histogram's quantile is taken. Raises UnsupportedError."""
        return self.vector(node)

    def aggregation(self, node: Any) -> Vector:
        """An aggregation. Raises UnsupportedError."""
        name, group = str(node.op), vectors.grouper(node.modifier)
        if name == vectors.COUNT_VALUES:
            vector = self.vector(node.expr)
            if not isinstance(syntax.bare(node.expr), ast.VectorSelector) and not all(map(_is_exact, vector.values())):
                raise UnsupportedError(
                    "count_values() of computed fractions is not evaluated: their last digit decides"
                )
            return relabelling.count_values(syntax.text(node.param), node.modifier, vector)
        parameter = self.number(node.param) if name in vectors.WITH_NUMBER else math.nan
        return vectors.aggregate(name, group, self.vector(node.expr), parameter)

    def binary(self, node: Any) -> Value:
        """An operator between two expressions. Raises UnsupportedError."""
        return self.combine(node, self.value(node.lhs), self.value(node.rhs))

    def combine(self, node: Any, left: Value, right: Value) -> Value:
        """The operator of a binary expression between two values. Raises UnsupportedError."""
        unnamed = self.samples.dialect.unnamed_angles
        return operators.combine(str(node.op), node.modifier, left, right, unnamed_angles=unnamed)

    def call(self, node: Any) -> Value:
        """A function's value. Raises UnsupportedError, also for a function that the registry does not hold."""
        function = functions.lookup(node.func.name)
        if isinstance(function, RangeFunction):
            return self.over_time(function, node)
        return function.apply(self._arguments(function, node))

    def _arguments(self, function: InstantFunction, node: Any) -> Arguments:
        vector: Vector = {}
        numbers: list[float] = []
        texts: list[str] = []
        equal: Mapping[str, str] = {}
        for kind, each in functions.with_kinds(function, node.args):
            match kind:
                case Kind.VECTOR:
                    vector, equal = self.vector(each), syntax.equal_labels(each)
                case Kind.RANGE:
                    vector, equal = self._over(functions.PRESENCE, each), syntax.equal_labels(each)
                case Kind.TIMES:
                    vector = self.sample_times(each)
                case Kind.BUCKETS:
                    vector = self.buckets(each)
                case Kind.NUMBER:
                    numbers.append(self.number(each))
                case Kind.QUANTILE:
                    numbers.append(self._quantile(each))
                case Kind.TEXT:
                    texts.append(syntax.text(each))
                case _:
                    assert_never(kind)
        samples, count = self.samples, len(node.args)
        return Arguments(samples.at_s, samples.dialect, vector, tuple(numbers), tuple(texts), equal, count)

    def _over(self, function: RangeFunction, node: Any, numbers: tuple[float, ...] = ()) -> Vector:
        """A function of each series of a range selector or subquery. Raises UnsupportedError."""
        ranged = syntax.bare(node)
        selector = ranged if isinstance(ranged, ast.SubqueryExpr) else ranged.vector_selector
        if function.from_now and self.samples.asked_s is not None and times.is_pinned(selector):
            raise UnsupportedError(f"{function.name}() of a time by @ inside a subquery is not evaluated")
        if not isinstance(ranged, ast.SubqueryExpr):
            return self.over_range(function, ranged.vector_selector, syntax.range_s(ranged), numbers)
        asked = self.range_of(ranged, syntax.range_s(ranged), numbers)
        results = ((each, function.apply(replace(asked, points=each.points))) for each in self.stepped(ranged))
        return by_labels(results, named=function.keeps_name)

    def _quantile(self, node: Any) -> float:
        q = self.number(node)
        return min(max(q + self.nudge, 0.0), 1.0) if 0 <= q <= 1 else q

    def _newest(self, node: Any) -> Iterator[tuple[Series, Point | None]]:
        """Each series that a selector chooses, with its newest sample; None where it is stale, or too old."""
        at_s = self.moment_s(node)
        for series in self.select(node):
            yield series, self._newest_of(series, at_s)

    def _newest_of(self, series: Series, at_s: float) -> Point | None:
        count = bisect_right(series.points, (at_s, math.inf))
        if not count:
            return None
        newest, since = series.points[count - 1], in_ms(at_s) - in_ms(LOOKBACK_S)
        at = in_ms(newest[0])
        if at < since or (at == since and self.samples.dialect.left_open):
            return None
        updates = self.samples.updates_of(series)
        place = bisect_right(updates, at_s)
        return None if place and updates[place - 1] > newest[0] else newest


def _is_exact(value: float) -> bool:
    """True for a number that no order of its computation makes another."""
    return not math.isfinite(value) or (value.is_integer() and abs(value) < 2**53)


def by_labels(results: Iterable[tuple[Series, float | None]], *, named: bool) -> Vector:
    """The series that have a value, by their labels; the metric's name among them if `named`.

    Raises UnsupportedError where two have the same labels, which Prometheus refuses.
    """
    found: Vector = {}
    for series, value in results:
        if value is None:
            continue
        labels = series.sorted_labels(named=named)
        if labels in found:
            raise UnsupportedError("two series of the result have the same labels")
        found[labels] = value
    return found
