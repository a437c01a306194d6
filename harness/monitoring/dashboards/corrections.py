"""What panels get wrong, corrected: the engine of PromQL with some of its steps replaced.

An expression is evaluated under a set of `Correction`s. Under none it gives what Prometheus answers, under `RIGHT` what
a panel would show if it were written well, under `TRUE` what really happened.

Where the samples name rules (`PanelSamples.records`), a selector of a record gives what the rule's own expression
gives, under the same corrections, with the rule's labels; its matchers are applied to the result. What is averaged
inside the record is corrected there, so matchers are applied before it, as the record's result has the same labels.

It is longer than other modules because all corrections are steps of one engine, each of which knows the others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import promql_parser as ast

from harness.core.points import FloatArray, Point
from harness.core.query import Series
from harness.core.rule import Rule
from harness.monitoring.dashboards.panel_samples import ANY_VIEW, PanelSamples, exact_increases, hides_unnamed
from harness.monitoring.dashboards.records import is_count, is_ratio_of_counts, is_sum_of_counts, labels_in, level_of
from harness.promql import operators, syntax, vectors
from harness.promql.engine import Engine
from harness.promql.functions import FUNCTIONS, RATE, Growth, Kind, RangeFunction
from harness.promql.quantile import BOUND, histograms
from harness.promql.ranges import Asked
from harness.promql.selected import Group, Selected
from harness.promql.selection import Matcher, Selection
from harness.promql.vectors import NAME, Labels, UnsupportedError, Value, Vector


class Correction(StrEnum):
    """The correction of one thing that Prometheus cannot know, or that an expression gets wrong."""

    BACKGROUND = "background"
    """Requests of scrapes and health checks are excluded, unless the panel shows them under their own view."""
    AVERAGES = "averages"
    """The average or sum of percentiles becomes the percentile over all."""
    FILTERS = "filters"
    """Buckets are not filtered by value inside `histogram_quantile()`."""
    RESETS = "resets"
    """`rate()` of a sum becomes the sum of rates, so that the reset of one series is not one of the sum."""
    UNNAMED = "unnamed"
    """A sum over views does not exclude the unnamed one, which is what no URL pattern matched."""
    FIRST_VALUES = "first-values"
    """A series that appears counts from 0, where `rate()` omits its first value."""
    EXTRAPOLATION = "extrapolation"
    """The growth in the range is what it was, neither stretched to its edges nor unknown for less than two samples."""
    RATIOS = "ratios"
    """The average of ratios of counts becomes the ratio of the sums."""
    PARTS = "parts"
    """Of a recorded sum whose name says that it is one for a level, the parts of each are added up before one of them
    is chosen, or all are averaged."""
    RATES = "rates"
    """`rate()` of a record that is a rate becomes the record."""


RIGHT = frozenset(
    {Correction.BACKGROUND, Correction.AVERAGES, Correction.FILTERS, Correction.RESETS, Correction.UNNAMED}
)
"""What the author of a panel could have done."""
TRUE = RIGHT | {Correction.FIRST_VALUES, Correction.EXTRAPOLATION}
RIGHT_THROUGH_RECORDS = RIGHT | {Correction.RATIOS, Correction.PARTS, Correction.RATES}
"""What the authors of a panel, and of the rules that it reads, could have done."""
IMPLIED = "job"
"""The label that a record may have without its level naming it."""
CHOOSING = frozenset({"max", "min", "avg"})
"""Aggregations that give less than the sum where their operands are parts of it."""
OF_SERIES = frozenset({Correction.BACKGROUND, Correction.FIRST_VALUES, Correction.EXTRAPOLATION})
"""Those that change what a single series gives."""


def evaluate(
    node: Any,
    samples: PanelSamples,
    corrections: frozenset[Correction] = frozenset(),
    *,
    shows: frozenset[str],
    nudge: float,
) -> Value:
    """The value of a tree. Raises UnsupportedError.

    `shows` are the labels of the panel's result: background traffic is not taken out of a panel that shows it under its
    view. `nudge` is added to each quantile, as by the engine.
    """
    return _Corrected(samples, nudge, corrections, shows).value(node)


def mistakes(node: Any, samples: PanelSamples, *, shows: frozenset[str]) -> frozenset[Correction]:
    """What a tree gets wrong by its form, whether or not it makes a difference to the samples.

    Raises UnsupportedError.
    """
    applied = RIGHT_THROUGH_RECORDS if samples.records else RIGHT
    return _Corrected(samples, 0.0, applied, shows).mistakes(node)


@dataclass(frozen=True, slots=True)
class _Corrected(Engine):
    """The engine under corrections, at one place of a tree: what lies above it is in the fields from `merge` on.

    A step that is not corrected here is the engine's; it is named in full since `super()` fails in classes with slots.
    """

    samples: PanelSamples
    nudge: float
    corrections: frozenset[Correction]
    shows: frozenset[str]
    merge: Callable[[Labels], Labels] | None = None
    """Inside an average of percentiles: what is left of the labels of a bucket."""
    in_quantile: bool = False
    range_s: float | None = None
    """Inside a rate of a sum: the range of the rate, in which selectors give their growth per second."""
    ratio: Callable[[Labels], Labels] | None = None
    """Inside an average: what is left of the labels of a ratio."""
    asked: tuple[Matcher, ...] = ()
    """What selectors of records ask of the labels of what is averaged inside these."""
    unreset: bool = False
    """Inside a record of whose sums a rate is taken: counters go on from where they were reset."""

    def select(self, node: Any) -> Selected:
        selection = syntax.selection(node)
        corrected = self._hides_unnamed(selection) and self.samples.traffic.view not in self.shows
        return self.samples.chosen(selection, with_unnamed=corrected)

    def instant(self, node: Any) -> Vector:
        if self._rules(node):
            return self._recorded(node)
        if self.unreset:
            at_s, chosen = self.moment_s(node), self.select(node)
            return chosen.vector(((each, _unreset(each, at_s)) for each in chosen.groups), named=True)
        if self.range_s is not None:
            return self.over_range(RATE, node, self.range_s)
        return Engine.instant(self, node)

    def sample_times(self, node: Any) -> Vector:
        inner = syntax.bare(node)
        if isinstance(inner, ast.VectorSelector) and (self._rules(inner) or self.range_s is not None):
            raise UnsupportedError("timestamp() of a record, or inside a rate of a sum, is not evaluated")
        return Engine.sample_times(self, node)

    def stepped(self, node: Any) -> Sequence[Series]:
        if self.range_s is not None:
            raise UnsupportedError("a subquery inside a rate of a sum is not evaluated")
        return Engine.stepped(self, node)

    def over_range(self, function: RangeFunction, node: Any, range_s: float, numbers: tuple[float, ...] = ()) -> Vector:
        if self._rules(node):
            return self._over_recorded(function, node, range_s, numbers)
        chosen = self.select(node)
        shown = self.samples.traffic.view in self.shows or self._asks_background(node)
        asked = self.asked_of(node, range_s, numbers)
        key = (function.name, asked, self.corrections & OF_SERIES, shown, self.samples.scrapes)
        if key not in chosen.known:
            chosen.known[key] = self._corrected(function, chosen, asked, shown=shown)
        return chosen.known[key]

    def over_time(self, function: RangeFunction, node: Any) -> Vector:
        found = self._rate_of_sum(node)
        if found is None:
            return Engine.over_time(self, function, node)
        growth, subquery = found
        range_s = syntax.range_s(subquery)
        rates = self._inside_rate(subquery).vector(subquery.expr)
        return {labels: rate * (1.0 if growth.per_second else range_s) for labels, rate in rates.items()}

    def buckets(self, node: Any) -> Vector:
        found = replace(self, in_quantile=True).vector(node)
        if not self.merge:
            return found
        return _merged(self._only_asked(found), self.merge)

    def aggregation(self, node: Any) -> Vector:
        inside = self._in_aggregation(node)
        parts = self._parts(node)
        if parts is None:
            return Engine.aggregation(inside, node)
        return vectors.aggregate(str(node.op), vectors.grouper(node.modifier), parts)

    def binary(self, node: Any) -> Value:
        if self.ratio is not None and is_ratio_of_counts(node, self.samples.records):
            return self._ratio_of_sums(node, self.ratio)
        left, right = self._sides(node)
        value = left.value(node.lhs)
        if (kept := self._unfiltered(node, value)) is not None:
            return kept[1]
        return self.combine(node, value, right.value(node.rhs))

    def mistakes(self, node: Any) -> frozenset[Correction]:
        """The corrections that change the form of a tree, here or below. Raises UnsupportedError."""
        below = (place.mistakes(child) for place, child in self._places(node))
        return frozenset(self._mistakes_here(node)).union(*below)

    def _mistakes_here(self, node: Any) -> Iterator[Correction]:
        match node:
            case ast.VectorSelector() if self._hides_unnamed(syntax.selection(node)):
                yield Correction.UNNAMED
            case ast.BinaryExpr() if self._averages_ratios(node):
                yield Correction.RATIOS
            case ast.BinaryExpr() if self._unfiltered(node, self._sides(node)[0].value(node.lhs)) is not None:
                yield Correction.FILTERS
            case ast.Call() if self._rate_of_sum(node):
                yield Correction.RESETS
            case ast.Call() if (mistake := self._recorded_growth(node)) is not None:
                yield mistake
            case ast.Call() if self._averages(node):
                yield Correction.AVERAGES
            case ast.AggregateExpr() if self._parts(node) is not None:
                yield Correction.PARTS

    def _places(self, node: Any) -> Iterator[tuple["_Corrected", Any]]:
        """What an evaluation looks at below a node, and the engine that does."""
        match node:
            case ast.VectorSelector():
                selection, samples = syntax.selection(node), self._then(self.moment_s(node))
                yield from (
                    (replace(place, samples=samples), syntax.parse(rule.expression))
                    for rule in self._rules(node)
                    if (place := self._inside(rule, selection)) is not None
                )
            case ast.SubqueryExpr():
                yield self.at(self.moment_s(node)), node.expr
            case ast.AggregateExpr():
                inside = self._in_aggregation(node)
                yield from ((inside, child) for child in syntax.children(node))
            case ast.BinaryExpr():
                left, right = self._sides(node)
                if (kept := self._unfiltered(node, left.value(node.lhs))) is not None:
                    yield self, kept[0]
                else:
                    yield from ((left, node.lhs), (right, node.rhs))
            case ast.Call() if (found := self._rate_of_sum(node)) is not None:
                yield self._inside_rate(found[1]), found[1].expr
            case ast.Call():
                in_quantile = replace(self, in_quantile=True)
                for kind, child in syntax.arguments(node):
                    yield in_quantile if kind is Kind.BUCKETS else self, child
            case _:
                yield from ((self, child) for child in syntax.children(node))

    def _hides_unnamed(self, selection: Selection) -> bool:
        """True for a selector that leaves the unnamed view out, where that is corrected."""
        return Correction.UNNAMED in self.corrections and hides_unnamed(selection, self.samples.traffic)

    def _asks_background(self, node: Any) -> bool:
        """True when a selector picks views of scrapes and health checks, and no others."""
        traffic = self.samples.traffic
        matchers = (matcher for matcher in syntax.selection(node).matchers if matcher.label == traffic.view)
        return any(not matcher.accepts(ANY_VIEW) for matcher in matchers) and all(
            map(self.samples.is_background, self.select(node))
        )

    def _corrected(self, function: RangeFunction, chosen: Selected, asked: Asked, *, shown: bool) -> Vector:
        """A function of each series, without those of background traffic that is not `shown`.

        Raises UnsupportedError where nothing distinguishes background traffic.
        """
        growth = function.growth
        if Correction.BACKGROUND in self.corrections:
            chosen = self.samples.users(chosen, with_background=shown)
        if growth and Correction.FIRST_VALUES in self.corrections:
            chosen = self.samples.born(chosen)
        if not growth or not growth.extrapolated or Correction.EXTRAPOLATION not in self.corrections:
            return self.applied(function, chosen, asked)
        per_s = asked.range_s if growth.per_second else 1.0
        grown = ((each, exact_increases(each, asked.end_s, asked.range_s)) for each in chosen.groups)
        return chosen.vector(((each, own if own is None else own / per_s) for each, own in grown), named=False)

    def _rate_of_sum(self, node: Any) -> tuple[Growth, Any] | None:
        """How a call computes the growth of a sum, and the subquery of it; None where it does not, or may."""
        function = FUNCTIONS.get(node.func.name)
        if Correction.RESETS not in self.corrections or not isinstance(function, RangeFunction) or not function.growth:
            return None
        subquery = syntax.bare(node.args[0])
        if not isinstance(subquery, ast.SubqueryExpr) or not syntax.has_aggregate(subquery.expr):
            return None
        return function.growth, subquery

    def _inside_rate(self, subquery: Any) -> "_Corrected":
        """The engine inside a subquery of whose sum a rate is taken: there selectors give their own rates."""
        return replace(self.at(self.moment_s(subquery)), range_s=syntax.range_s(subquery))

    def _averages(self, node: Any) -> bool:
        """True for a call that gives percentiles of which an average makes one of more than it should."""
        asked = [child for kind, child in syntax.arguments(node) if kind is Kind.BUCKETS]
        return bool(self.merge) and any(
            len(histograms(self.buckets(child)))
            < len(histograms(self._only_asked(replace(self, merge=None).buckets(child))))
            for child in asked
        )

    def _in_aggregation(self, node: Any) -> "_Corrected":
        operator, group = str(node.op), vectors.grouper(node.modifier)
        averages = operator in ("avg", "sum") and Correction.AVERAGES in self.corrections
        merge = group if averages else None
        if operator != "avg" or Correction.RATIOS not in self.corrections:
            return replace(self, merge=merge, ratio=None, asked=())
        if self.ratio is not None:  # an average of averages
            return replace(self, merge=merge)
        return replace(self, merge=merge, ratio=group, asked=())

    def _rules(self, node: Any) -> Sequence[Rule]:
        """The rules that record what a selector names; none where it is taken as stored."""
        records = self.samples.records
        return records.get(syntax.selection(node).metric, ()) if records else ()

    def _inside(self, rule: Rule, selection: Selection) -> "_Corrected | None":
        """The engine inside of a rule that a selector reads; None where a label that the rule sets does not match."""
        matchers = dict.fromkeys((*self.asked, *selection.matchers))
        if not all(each.accepts(rule.labels[each.label]) for each in matchers if each.label in rule.labels):
            return None
        return replace(self, asked=tuple(each for each in matchers if each.label not in rule.labels))

    def _recorded(self, node: Any) -> Vector:
        """What the rules of a record give when a selector of it looks, as far as it matches.

        Raises UnsupportedError.
        """
        return self.recorded_at(node, self.moment_s(node))

    def recorded_at(self, node: Any, at_s: float) -> Vector:
        """What the rules of a record give at a moment, as far as a selector of it matches. Raises UnsupportedError."""
        samples, selection = self._then(at_s), syntax.selection(node)
        found: Vector = {}
        for rule in self._rules(node):
            place = self._inside(rule, selection)
            if place is None:
                continue
            inside = replace(place, samples=samples)
            tree = syntax.parse(rule.expression)
            value = inside.numbers(tree)
            merges = inside.merge is not None or inside.ratio is not None
            plain = replace(inside, merge=None, ratio=None).numbers(tree) if merges else value
            named = {_recorded_as(rule, labels): number for labels, number in value.items()}
            if len(named) != len(value) or named.keys() & found.keys():
                raise UnsupportedError(f"{rule.name} is recorded twice with the same labels")
            # What is merged has been matched before, and has lost the labels to match by.
            found |= named if value.keys() != plain.keys() else self._matched(selection, named)
        return found

    def _then(self, at_s: float) -> PanelSamples:
        """What a rule was evaluated on at a moment, which is that of its own query."""
        return replace(self.samples, at_s=at_s, asked_s=None)

    def _over_recorded(self, function: RangeFunction, node: Any, range_s: float, numbers: tuple[float, ...]) -> Vector:
        """A function of a record in a range, which holds what its rules gave whenever they were evaluated in it.

        Raises UnsupportedError.
        """
        name, asked = syntax.selection(node).metric, self.asked_of(node, range_s, numbers)
        if function.growth and Correction.RATES in self.corrections and is_count(node, self.samples.records):
            factor = 1.0 if function.growth.per_second else range_s
            return vectors.each(self.instant(node), lambda rate: rate * factor)
        times = [at for at in self.samples.recordings.get(name, ()) if asked.end_s - range_s <= at <= asked.end_s]
        if not times:
            raise UnsupportedError(f"it is not known when {name} was recorded")
        inside = replace(self, unreset=bool(function.growth) and Correction.RESETS in self.corrections)
        points: dict[Labels, list[Point]] = {}
        for at in times:
            for labels, value in inside.recorded_at(node, at).items():
                points.setdefault(labels, []).append((at, value))
        series = (Series(dict(labels), found) for labels, found in points.items())
        return self.applied(function, Selected(series, lambda _: ""), asked)

    def _recorded_growth(self, node: Any) -> Correction | None:
        """What a call that takes the growth of a record gets wrong by its form; None of anything else."""
        function, read = FUNCTIONS.get(node.func.name), syntax.bare(node.args[0]) if node.args else None
        if not isinstance(function, RangeFunction) or not function.growth or not isinstance(read, ast.MatrixSelector):
            return None
        rules = self._rules(read.vector_selector)
        if rules and is_count(read.vector_selector, self.samples.records):
            return Correction.RATES
        sums = any(syntax.has_aggregate(syntax.parse(rule.expression)) for rule in rules)
        return Correction.RESETS if sums else None

    def numbers(self, node: Any) -> Vector:
        """The value of a tree, a number as the vector that a rule records of it. Raises UnsupportedError."""
        value = self.value(node)
        return value if isinstance(value, dict) else {(): value}

    def _matched(self, selection: Selection, vector: Vector) -> Vector:
        """What a selector of a record lets through."""
        corrected = self._hides_unnamed(selection) and self.samples.traffic.view not in self.shows
        view, unrouted = self.samples.traffic.view, self.samples.traffic.unrouted
        wider = replace(selection, matchers=tuple(each for each in selection.matchers if each.label != view))
        return {
            labels: value
            for labels, value in vector.items()
            if selection.matches(own := dict(labels))
            or (corrected and own.get(view) == unrouted and wider.matches(own))
        }

    def _only_asked(self, vector: Vector) -> Vector:
        """What is averaged, as far as the selectors of records above it ask for it."""

        def is_asked(labels: Mapping[str, str]) -> bool:
            return all(each.accepts(labels.get(each.label, "")) for each in self.asked)

        return {labels: value for labels, value in vector.items() if is_asked(dict(labels))}

    def _ratio_of_sums(self, node: Any, group: Callable[[Labels], Labels]) -> Value:
        """The sums of both sides of a division, divided. Raises UnsupportedError."""
        match = vectors.grouper(node.modifier.matching if node.modifier else None, default_all=True)
        inside = replace(self, merge=None, ratio=None)

        def total(side: Any) -> Vector:
            sums = vectors.aggregate("sum", match, inside.vector(side))
            return vectors.aggregate("sum", group, self._only_asked(sums))

        return operators.combine("/", None, total(node.lhs), total(node.rhs))

    def _averages_ratios(self, node: Any) -> bool:
        """True for a division of which an average makes one of more ratios than it should."""
        if self.ratio is None or not is_ratio_of_counts(node, self.samples.records):
            return False
        merged, plain = self.numbers(node), replace(self, ratio=None).numbers(node)
        return len(merged) < len(self._only_asked(plain))

    def _parts(self, node: Any) -> Vector | None:
        """The sums, by its own level, of a record that an aggregation reads, if it records parts of these.

        None of anything else. Raises UnsupportedError.
        """
        read = syntax.bare(node.expr)
        if Correction.PARTS not in self.corrections or str(node.op) not in CHOOSING:
            return None
        if not isinstance(read, ast.VectorSelector) or not (rules := self._rules(read)):
            return None
        level = level_of(rules[0].name)
        if level is None or not all(is_sum_of_counts(rule, self.samples.records) for rule in rules):
            return None
        whole = replace(self, merge=None, ratio=None, asked=()).vector(read)
        keep = labels_in(level, {name for labels in whole for name, _ in labels})[0] | {IMPLIED}
        keep = keep.union(*(rule.labels for rule in rules))
        sums = vectors.aggregate("sum", lambda labels: tuple(pair for pair in labels if pair[0] in keep), whole)
        return sums if len(sums) < len(whole) else None

    def _sides(self, node: Any) -> tuple["_Corrected", "_Corrected"]:
        operator = str(node.op)
        if operator in vectors.COMPARISONS and not vectors.is_filter(operator, node.modifier):
            inside = replace(self, merge=None)  # 0 or 1 for each percentile: their sum counts, and averages nothing
            return inside, inside
        whole = operator in vectors.SETS and operator != "or"  # what stands to its right takes out whole histograms
        return self, replace(self, in_quantile=False) if whole else self

    def _unfiltered(self, node: Any, left: Value) -> tuple[Any, Value] | None:
        """The side of a filter of buckets that stays, and its value; None where there is no such filter."""
        operator, modifier = str(node.op), node.modifier
        if not self.in_quantile or Correction.FILTERS not in self.corrections:
            return None
        if vectors.is_filter(operator, modifier):
            kept, value = (node.lhs, left) if isinstance(left, dict) else (node.rhs, self.value(node.rhs))
            of_buckets = isinstance(value, dict) and any(BOUND in dict(labels) for labels in value)
            return (kept, value) if of_buckets else None
        drops = operator in ("and", "unless") and vectors.matches_by(modifier, BOUND) and syntax.has_filter(node.rhs)
        return (node.lhs, left) if drops else None


@np.errstate(invalid="ignore", over="ignore")
def _unreset(group: Group, at_s: float) -> FloatArray | None:
    """The values of counters, had they never been reset and their processes never gone; None before the first."""
    rows = int(np.searchsorted(group.block.seconds, at_s, "right"))
    if not rows:
        return None
    values = group.block.values[:rows, group.columns]
    steps = np.where(values[1:] < values[:-1], values[1:], values[1:] - values[:-1])
    grown: FloatArray = sum(steps, np.zeros(values.shape[1]))
    since: FloatArray = values[0] + grown
    return since


def _recorded_as(rule: Rule, labels: Labels) -> Labels:
    """The labels of a series that a rule records."""
    return vectors.labels_of({**dict(labels), **rule.labels, NAME: rule.name}, named=True)


def _merged(buckets: Vector, group: Callable[[Labels], Labels]) -> Vector:
    """The buckets of several histograms added up to those of each group."""
    found: Vector = {}
    for labels, count in buckets.items():
        bound = (pair for pair in labels if pair[0] == BOUND)
        key = tuple(sorted({*group(labels), *bound}))
        found[key] = found.get(key, 0.0) + count
    return found
