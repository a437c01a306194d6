"""Labelled values, and what the operators and aggregations of PromQL make of them."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from harness.core.query import METRIC_NAME

Labels = tuple[tuple[str, str], ...]
"""Sorted pairs of name and value."""
Vector = dict[Labels, float]
Value = float | Vector

NAME = METRIC_NAME
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}
SETS = frozenset({"and", "or", "unless"})
ANGLE = "atan2"
COUNT_VALUES = "count_values"


def total(values: Sequence[float]) -> float:
    """The sum, exact but for the last rounding; as IEEE 754 has it where values are infinite or NaN, or it is."""
    if not all(map(math.isfinite, values)):
        return sum(values)
    try:
        return math.fsum(values)
    except OverflowError:
        return sum(values)


def _variance(values: list[float]) -> float:
    if len(values) == 1 and not math.isfinite(values[0]):
        raise UnsupportedError(f"the deviation of {values[0]} alone is not evaluated: versions differ")
    mean = total(values) / len(values)
    return total([(value - mean) * (value - mean) for value in values]) / len(values)


_NAME_ALONE = frozenset({NAME})
CHOICES = frozenset({"topk", "bottomk"})
WITH_NUMBER = CHOICES | {"quantile"}
"""Aggregations that have a parameter, which is a number."""
AGGREGATES: Mapping[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": lambda values: min(_numbers(values), default=math.nan),
    "max": lambda values: max(_numbers(values), default=math.nan),
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "stddev": lambda values: math.sqrt(_variance(values)),
    "stdvar": _variance,
}


class UnsupportedError(Exception):
    """The evaluator does not cover something; the message says what."""


def labels_of(labels: Mapping[str, str], *, named: bool) -> Labels:
    """A series' labels, without the metric's name unless `named`."""
    return tuple(sorted((name, value) for name, value in labels.items() if value and (named or name != NAME)))


def each(vector: Vector, change: Callable[[float], float]) -> Vector:
    """Every number changed; as with arithmetic, the metric's name is dropped."""
    return {unnamed(labels): change(number) for labels, number in vector.items()}


def negated(value: Value) -> Value:
    """`-value`."""
    return -value if isinstance(value, float) else each(value, lambda number: -number)


def keeps(modifier: Any) -> bool:
    """True for `by` and `on`, False for `without` and `ignoring`."""
    return str(modifier.type).rpartition(".")[2] in ("By", "Include")


class _Left(dict[Labels, Labels]):
    """What is left of labels, computed once for each."""

    def __init__(self, names: frozenset[str], *, keeps: bool) -> None:
        super().__init__()
        self._names = names
        self._keeps = keeps

    def __missing__(self, labels: Labels) -> Labels:
        found = self[labels] = tuple(pair for pair in labels if (pair[0] in self._names) == self._keeps)
        return found


@lru_cache(maxsize=64)
def _left(names: frozenset[str], *, keeps: bool) -> Callable[[Labels], Labels]:
    return _Left(names, keeps=keeps).__getitem__


def grouper(modifier: Any, *, default_all: bool = False) -> Callable[[Labels], Labels]:
    """What is left of labels by `by`, `without`, `on` or `ignoring`; with none nothing, or with `default_all` all."""
    if modifier is None:
        return unnamed if default_all else (lambda _: ())
    names = frozenset(modifier.labels)
    return _left(names, keeps=True) if keeps(modifier) else _left(names | {NAME}, keeps=False)


def aggregate(operator: str, group: Callable[[Labels], Labels], vector: Vector, parameter: float = math.nan) -> Vector:
    """An aggregation over what `group` puts together; `parameter` is that of those which have one.

    Raises UnsupportedError.
    """
    if operator in CHOICES:
        members: dict[Labels, dict[Labels, float]] = {}
        for labels, value in vector.items():
            members.setdefault(group(labels), {})[labels] = value
        return {labels: value for own in members.values() for labels, value in _chosen(operator, own, parameter)}
    if operator not in AGGREGATES and operator != "quantile":
        raise UnsupportedError(f"{operator}() is not evaluated")
    groups: dict[Labels, list[float]] = defaultdict(list)
    for labels, value in vector.items():
        groups[group(labels)].append(value)
    if operator == "quantile":
        return {labels: quantile(values, parameter) for labels, values in groups.items()}
    return {labels: AGGREGATES[operator](values) for labels, values in groups.items()}


def _chosen(operator: str, members: Mapping[Labels, float], parameter: float) -> list[tuple[Labels, float]]:
    """The largest or smallest values; NaN comes last. Raises UnsupportedError where a tie decides."""
    count = int(parameter) if math.isfinite(parameter) else 0
    sign = -1 if operator == "topk" else 1

    def place(value: float) -> tuple[bool, float]:
        return (math.isnan(value), 0.0 if math.isnan(value) else sign * value)

    ordered = sorted(members.items(), key=lambda member: place(member[1]))
    if 0 < count < len(ordered) and place(ordered[count - 1][1]) == place(ordered[count][1]):
        raise UnsupportedError(f"which of equal values {operator}() takes is not known")
    return ordered[: max(count, 0)]


def quantile(values: list[float], q: float) -> float:
    """`quantile(q, …)`: between the two values next to the rank (promql/quantile.go, `quantile`)."""
    if not values or math.isnan(q):
        return math.nan
    if not 0 <= q <= 1:
        return math.copysign(math.inf, q - 0.5)
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = q * (len(ordered) - 1)
    low = math.floor(rank)
    high, weight = min(len(ordered) - 1, low + 1), rank - low
    return ordered[low] * (1 - weight) + ordered[high] * weight


def is_filter(operator: str, modifier: Any) -> bool:
    """True for a comparison that lets values through rather than answer 0 or 1."""
    return operator in COMPARISONS and not (modifier and modifier.return_bool)


def matches_by(modifier: Any, label: str) -> bool:
    """True when a binary expression matches its sides by this label."""
    matching = modifier.matching if modifier else None
    return matching is None or (label in matching.labels) == keeps(matching)


def _numbers(values: list[float]) -> list[float]:
    """As Prometheus has it: a NaN gives way to any number."""
    return [value for value in values if not math.isnan(value)]


def unnamed(labels: Labels) -> Labels:
    """Without the metric's name."""
    return _left(_NAME_ALONE, keeps=False)(labels)
