"""Labelled values, and what the operators and aggregations of PromQL make of them."""

import math
from collections.abc import Callable, Mapping
from typing import Any

Labels = tuple[tuple[str, str], ...]
"""Sorted pairs of name and value."""
Vector = dict[Labels, float]
Value = float | Vector

NAME = "__name__"
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}
SETS = frozenset({"and", "or", "unless"})


class UnsupportedError(Exception):
    """The evaluator does not cover something; the message says what."""


def labels_of(labels: Mapping[str, str], *, named: bool) -> Labels:
    """A series' labels, without the metric's name unless `named`."""
    return tuple(sorted((name, value) for name, value in labels.items() if value and (named or name != NAME)))


def each(value: Value, change: Callable[[float], float]) -> Value:
    """Every number changed; as with arithmetic, the metric's name is dropped."""
    if isinstance(value, float):
        return change(value)
    return {_unnamed(labels): change(number) for labels, number in value.items()}


def keeps(modifier: Any) -> bool:
    """True for `by` and `on`, False for `without` and `ignoring`."""
    return str(modifier.type).rpartition(".")[2] in ("By", "Include")


def grouper(modifier: Any, *, default_all: bool = False) -> Callable[[Labels], Labels]:
    """What is left of labels by `by`, `without`, `on` or `ignoring`; with none nothing, or with `default_all` all."""
    if modifier is None:
        return _unnamed if default_all else (lambda _: ())
    names = frozenset(modifier.labels)
    if keeps(modifier):
        return lambda labels: tuple(pair for pair in labels if pair[0] in names)
    return lambda labels: tuple(pair for pair in labels if pair[0] not in names and pair[0] != NAME)


def aggregate(operator: str, group: Callable[[Labels], Labels], vector: Vector) -> Vector:
    """`sum`, `avg`, `min`, `max`, `count` or `group` over what `group` puts together. Raises UnsupportedError."""
    aggregates: Mapping[str, Callable[[list[float]], float]] = {
        "sum": sum,
        "avg": lambda values: sum(values) / len(values),
        "min": lambda values: min(_numbers(values), default=math.nan),
        "max": lambda values: max(_numbers(values), default=math.nan),
        "count": lambda values: float(len(values)),
        "group": lambda _: 1.0,
    }
    if operator not in aggregates:
        raise UnsupportedError(f"{operator}() is not evaluated")
    groups: dict[Labels, list[float]] = {}
    for labels, value in vector.items():
        groups.setdefault(group(labels), []).append(value)
    return {labels: aggregates[operator](values) for labels, values in groups.items()}


def is_filter(operator: str, modifier: Any) -> bool:
    """True for a comparison that lets values through rather than answer 0 or 1."""
    return operator in COMPARISONS and not (modifier and modifier.return_bool)


def matches_by(modifier: Any, label: str) -> bool:
    """True when a binary expression matches its sides by this label."""
    matching = modifier.matching if modifier else None
    return matching is None or (label in matching.labels) == keeps(matching)


def combine(operator: str, modifier: Any, left: Value, right: Value) -> Value:
    """A binary expression. Raises UnsupportedError."""
    filters = is_filter(operator, modifier)
    apply = _operation(operator, filters=filters)
    if isinstance(left, float) and isinstance(right, float):
        result = apply(left, right)
        return math.nan if result is None else result
    if isinstance(right, float):
        return _against(left, filters, lambda value: apply(value, right))
    if isinstance(left, float):
        return _against(right, filters, lambda value: apply(left, value))
    return _matched(operator, modifier, left, right, apply)


def _against(value: Value, filters: bool, change: Callable[[float], float | None]) -> Vector:
    """A vector and a number. A filter keeps the name, and the vector's value, on whichever side it stands."""
    vector = value if isinstance(value, dict) else {}
    if filters:
        return {labels: number for labels, number in vector.items() if change(number) is not None}
    return _kept({_unnamed(labels): change(number) for labels, number in vector.items()})


def _operation(operator: str, *, filters: bool) -> Callable[[float, float], float | None]:
    """The operator; None means that a filter does not let the left side through."""
    if operator in COMPARISONS:
        holds = COMPARISONS[operator]
        if filters:
            return lambda a, b: a if holds(a, b) else None
        return lambda a, b: float(holds(a, b))
    arithmetic: Mapping[str, Callable[[float, float], float]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": _divided,
    }
    if operator in arithmetic:
        return arithmetic[operator]
    if operator in SETS:
        return lambda a, _: a
    raise UnsupportedError(f"the operator {operator} is not evaluated")


def _divided(a: float, b: float) -> float:
    """As IEEE 754 has it."""
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _matched(
    operator: str,
    modifier: Any,
    left: Vector,
    right: Vector,
    apply: Callable[[float, float], float | None],
) -> Vector:
    """One-to-one matching, by all labels but the name, `on` some or `ignoring` some; and the set operators."""
    if modifier and "One" in str(modifier.card) and "OneToOne" not in str(modifier.card):
        raise UnsupportedError("group_left and group_right are not evaluated")
    match = grouper(modifier.matching if modifier else None, default_all=True)
    if operator in SETS:
        others = {match(labels) for labels in right}
        if operator == "or":
            mine = {match(labels) for labels in left}
            return left | {labels: value for labels, value in right.items() if match(labels) not in mine}
        return {labels: value for labels, value in left.items() if (match(labels) in others) == (operator == "and")}
    sides = [{match(labels): value for labels, value in side.items()} for side in (left, right)]
    if len(sides[0]) != len(left) or len(sides[1]) != len(right):
        raise UnsupportedError("many-to-many matching is not evaluated")
    label = _labelling(operator, modifier)
    return _kept(
        {
            label(labels): apply(value, sides[1][match(labels)])
            for labels, value in left.items()
            if match(labels) in sides[1]
        }
    )


def _labelling(operator: str, modifier: Any) -> Callable[[Labels], Labels]:
    """The labels of a result, made from those of the left side (promql/engine.go, `resultMetric`).

    `on` keeps the labels that it names and `ignoring` drops them; all but a filter drop the metric's name too.
    """
    if not is_filter(operator, modifier):
        return grouper(modifier.matching if modifier else None, default_all=True)
    if modifier is None or modifier.matching is None:
        return lambda labels: labels
    names, on = frozenset(modifier.matching.labels), keeps(modifier.matching)
    return lambda labels: tuple(pair for pair in labels if (pair[0] in names) == on)


def _numbers(values: list[float]) -> list[float]:
    """As Prometheus has it: a NaN gives way to any number."""
    return [value for value in values if not math.isnan(value)]


def _unnamed(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != NAME)


def _kept(results: Mapping[Labels, float | None]) -> Vector:
    return {labels: value for labels, value in results.items() if value is not None}
