"""PromQL on raw samples: what Prometheus answers to an expression at one moment.

The engine covers what is asked of counters, gauges and classic histograms, and raises UnsupportedError for anything
else: never a value that might be wrong. Its public methods are the steps of an evaluation; a subclass may replace them.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

import promql_parser as ast

from harness.core.query import Series
from harness.promql import functions, syntax, vectors
from harness.promql.dialect import Dialect
from harness.promql.functions import Arguments, InstantFunction, Kind, Range, RangeFunction
from harness.promql.vectors import NAME, UnsupportedError, Value, Vector

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
        syntax.check_unshifted(node)
        selection = syntax.selection(node)
        return [each for each in self.samples.series.get(selection.metric, ()) if selection.matches(each.labels)]

    def instant(self, node: Any) -> Vector:
        """The newest sample of each series that a selector chooses. Raises UnsupportedError."""
        return by_labels(((each, self._newest(each)) for each in self.select(node)), named=True)

    def over_time(self, function: RangeFunction, node: Any) -> Vector:
        """A call of a function of a range. Raises UnsupportedError, also for a subquery: its steps are Prometheus's."""
        given = functions.with_kinds(function, node.args)
        numbers = tuple(self.number(each) for kind, each in given if kind is Kind.NUMBER)
        (selector,) = (syntax.bare(each) for kind, each in given if kind is Kind.RANGE)
        if isinstance(selector, ast.SubqueryExpr):
            raise UnsupportedError("a subquery is not evaluated")
        return self.over_range(function, selector.vector_selector, syntax.range_s(selector), numbers)

    def over_range(self, function: RangeFunction, node: Any, range_s: float, numbers: tuple[float, ...] = ()) -> Vector:
        """A function of each series that a selector chooses, in the range that ends now. Raises UnsupportedError."""
        at_s, dialect = self.samples.at_s, self.samples.dialect
        results = (
            (each, function.apply(Range(each.points, at_s, range_s, dialect, numbers))) for each in self.select(node)
        )
        return by_labels(results, named=function.keeps_name)

    def buckets(self, node: Any) -> Vector:
        """The buckets of which a histogram's quantile is taken. Raises UnsupportedError."""
        return self.vector(node)

    def aggregation(self, node: Any) -> Vector:
        """An aggregation. Raises UnsupportedError."""
        name, group = str(node.op), vectors.grouper(node.modifier)
        parameter = self.number(node.param) if name in vectors.WITH_NUMBER else math.nan
        return vectors.aggregate(name, group, self.vector(node.expr), parameter)

    def binary(self, node: Any) -> Value:
        """An operator between two expressions. Raises UnsupportedError."""
        return vectors.combine(str(node.op), node.modifier, self.value(node.lhs), self.value(node.rhs))

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
                case Kind.VECTOR | Kind.RANGE:
                    vector, equal = self.vector(each), syntax.equal_labels(each)
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
        return Arguments(self.samples.at_s, self.samples.dialect, vector, tuple(numbers), tuple(texts), equal)

    def _quantile(self, node: Any) -> float:
        q = self.number(node)
        return min(max(q + self.nudge, 0.0), 1.0) if 0 <= q <= 1 else q

    def _newest(self, series: Series) -> float | None:
        at_s = self.samples.at_s
        seen = [point for point in series.points if point[0] <= at_s]
        if not seen or seen[-1][0] <= at_s - LOOKBACK_S:
            return None
        updates = [at for at in self.samples.updates_of(series) if at <= at_s]
        stale = bool(updates) and updates[-1] > seen[-1][0]
        return None if stale else seen[-1][1]


def by_labels(results: Iterable[tuple[Series, float | None]], *, named: bool) -> Vector:
    """The series that have a value, by their labels; the metric's name among them if `named`."""
    return {vectors.labels_of(series.labels, named=named): value for series, value in results if value is not None}
