"""PromQL on raw samples: what Prometheus answers to an expression at one moment.

The engine covers what is asked of counters, gauges and classic histograms, and raises UnsupportedError for anything
else: never a value that might be wrong. Its public methods are the steps of an evaluation; a subclass may replace them.
It is longer than other modules because each of these steps calls the others.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, assert_never

import numpy as np
import promql_parser as ast

from harness.core.points import FloatArray, Point
from harness.core.query import Series
from harness.promql import functions, operators, relabelling, syntax, times, vectors
from harness.promql._time import in_ms
from harness.promql.dialect import Dialect
from harness.promql.functions import Arguments, InstantFunction, Kind, RangeFunction
from harness.promql.ranges import Asked, Range
from harness.promql.selected import Group, Memo, Selected
from harness.promql.selection import Selection
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
    seen_s: Mapping[str, float] = field(default_factory=dict)
    """Up to when the samples of an instance had been stored; those of any other are all there."""
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)
    """Shared by those who evaluate the same series."""
    step_s: float | None = DEFAULT_STEP_S
    """The step of subqueries that name none: the server's `evaluation_interval`; None where that is not known."""
    evaluations: int = 1
    """Of how many steps of subqueries this is one."""

    @property
    def query_s(self) -> float:
        """When the whole query is evaluated."""
        return self.at_s if self.asked_s is None else self.asked_s

    def selected(self, selection: Selection) -> Selected:
        """The series that a selector chooses."""
        series = self.series.get(selection.metric, ())

        def choose() -> Selected:
            return Selected((each for each in series if selection.matches(each.labels)), self.source)

        return self.memo.of(series, selection.matchers, choose)

    def updates_of(self, group: Group) -> Sequence[float]:
        """When the series would have got a sample, had it still been there; none when that is not known."""
        recorded = self.recordings.get(group.one.labels.get(NAME, ""))
        return self.updates.get(group.source, ()) if recorded is None else recorded

    def seen_of(self, group: Group) -> float:
        """Up to when its samples had been stored."""
        recorded = self.recordings.get(group.one.labels.get(NAME, ""))
        if recorded is not None:
            return recorded[-1] if recorded else -math.inf
        return self.seen_s.get(group.source, math.inf)


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

    def select(self, node: Any) -> Selected:
        """The series that a selector chooses. Raises UnsupportedError."""
        return self.samples.selected(syntax.selection(node))

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
        chosen = self.select(node)
        return chosen.vector(((group, values) for group, _, values in self._newest(node, chosen)), named=True)

    def sample_times(self, node: Any) -> Vector:
        """When the samples of a vector were taken; of what is no selector that is now. Raises UnsupportedError."""
        if not isinstance(syntax.bare(node), ast.VectorSelector):
            return dict.fromkeys(self.vector(node), self.samples.at_s)
        chosen = self.select(syntax.bare(node))
        found = self._newest(syntax.bare(node), chosen)
        return chosen.vector(((group, np.full(len(values), at_s)) for group, at_s, values in found), named=True)

    def over_time(self, function: RangeFunction, node: Any) -> Vector:
        """A call of a function of a range. Raises UnsupportedError."""
        given = functions.with_kinds(function, node.args)
        numbers = tuple(self.number(each) for kind, each in given if kind is Kind.NUMBER)
        (ranged,) = (each for kind, each in given if kind is Kind.RANGE)
        return self._over(function, ranged, numbers)

    def over_range(self, function: RangeFunction, node: Any, range_s: float, numbers: tuple[float, ...] = ()) -> Vector:
        """A function of each series that a selector chooses, in the range that ends now. Raises UnsupportedError."""
        return self.applied(function, self.select(node), self.asked_of(node, range_s, numbers))

    def applied(self, function: RangeFunction, chosen: Selected, asked: Asked) -> Vector:
        """A function of each series. Raises UnsupportedError."""
        ranges = ((group, _range_of(group, asked, self.samples.seen_of(group))) for group in chosen.groups)
        return chosen.vector(((group, function.apply(each)) for group, each in ranges), named=function.keeps_name)

    def asked_of(self, node: Any, range_s: float, numbers: tuple[float, ...] = ()) -> Asked:
        """What is asked of each series of a selector or subquery. Raises UnsupportedError."""
        return Asked(self.moment_s(node), range_s, self.samples.dialect, numbers, self.samples.at_s)

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
        asked = self.asked_of(ranged, syntax.range_s(ranged), numbers)
        return self.applied(function, Selected(self.stepped(ranged), _nowhere), asked)

    def _quantile(self, node: Any) -> float:
        q = self.number(node)
        return min(max(q + self.nudge, 0.0), 1.0) if 0 <= q <= 1 else q

    def _newest(self, node: Any, chosen: Selected) -> Iterator[tuple[Group, float, FloatArray]]:
        """The groups of what a selector chose with their newest samples and the time of these, unless stale or old."""
        at_s = self.moment_s(node)
        for group in chosen.groups:
            row = self._newest_row(group, at_s)
            if row is not None:
                yield group, group.block.seconds[row].item(), group.block.values[row, group.columns]

    def _newest_row(self, group: Group, at_s: float) -> int | None:
        seconds = group.block.seconds
        row = int(np.searchsorted(seconds, min(at_s, self.samples.seen_of(group)), "right")) - 1
        if row < 0:
            return None
        since, at = in_ms(at_s) - in_ms(LOOKBACK_S), group.block.ms[row]
        if at < since or (at == since and self.samples.dialect.left_open):
            return None
        updates = self.samples.updates_of(group)
        place = bisect_right(updates, at_s)
        return None if place and updates[place - 1] > seconds[row] else row


def _range_of(group: Group, asked: Asked, seen_s: float) -> Range:
    rows = asked.rows(group.block, seen_s)
    return Range(asked, group.block.ms[rows], group.block.values[rows][:, group.columns])


def _nowhere(_: Series) -> str:
    """The source of series that a subquery makes: no scrape ends them."""
    return ""


def _is_exact(value: float) -> bool:
    """True for a number that no order of its computation makes another."""
    return not math.isfinite(value) or (value.is_integer() and abs(value) < 2**53)
