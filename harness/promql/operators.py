"""The operators between vectors and numbers: arithmetic, comparisons, sets, and how two vectors are matched.

Source: promql/engine.go (`VectorBinop`, `resultMetric`) at v2.42.0 and v3.5.0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.promql.vectors import (
    ANGLE,
    COMPARISONS,
    NAME,
    SETS,
    Labels,
    UnsupportedError,
    Value,
    Vector,
    grouper,
    is_filter,
    keeps,
    unnamed,
)


def combine(operator: str, modifier: Any, left: Value, right: Value, *, unnamed_angles: bool = True) -> Value:
    """A binary expression; `atan2` drops the metric's name with `unnamed_angles`. Raises UnsupportedError."""
    if operator in SETS and isinstance(left, dict) and isinstance(right, dict):
        return _set(operator, _matching(modifier), left, right)
    filters = is_filter(operator, modifier)
    named = filters or (operator == ANGLE and not unnamed_angles)
    apply = _operation(operator, filters=filters)
    if isinstance(right, float):
        if isinstance(left, dict):
            return _against(left, lambda value: apply(value, right), filters=filters, named=named)
        result = apply(left, right)
        return math.nan if result is None else result
    if isinstance(left, float):
        return _against(right, lambda value: apply(left, value), filters=filters, named=named)
    return _matched(modifier, left, right, apply, named=named)


def _against(vector: Vector, change: Callable[[float], float | None], *, filters: bool, named: bool) -> Vector:
    """A vector and a number. A filter keeps the name, and the vector's value, on whichever side it stands."""
    if filters:
        return {labels: number for labels, number in vector.items() if change(number) is not None}
    return _kept({labels if named else unnamed(labels): change(number) for labels, number in vector.items()})


def _operation(operator: str, *, filters: bool) -> Callable[[float, float], float | None]:
    """The operator; None means that a filter does not let the left side through."""
    if operator in COMPARISONS:
        holds = COMPARISONS[operator]
        return (lambda a, b: a if holds(a, b) else None) if filters else (lambda a, b: float(holds(a, b)))
    if operator in ARITHMETIC:
        return ARITHMETIC[operator]
    raise UnsupportedError(f"the operator {operator} is not evaluated")


def _divided(a: float, b: float) -> float:
    """As IEEE 754 has it."""
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return math.inf
    except ValueError:  # as Go: of a negative number there is no broken power, and 0 to less than 0 is infinite
        return math.inf if a == 0 else math.nan


ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divided,
    "%": lambda a, b: math.fmod(a, b) if b and math.isfinite(a) else math.nan,
    "^": _power,
    ANGLE: math.atan2,
}


def _matching(modifier: Any) -> Callable[[Labels], Labels]:
    """The labels by which two sides are matched: all but the name, `on` some or `ignoring` some."""
    return grouper(modifier.matching if modifier else None, default_all=True)


def _set(operator: str, match: Callable[[Labels], Labels], left: Vector, right: Vector) -> Vector:
    """`and`, `unless` and `or`."""
    if operator == "or":
        mine = {match(labels) for labels in left}
        return left | {labels: value for labels, value in right.items() if match(labels) not in mine}
    others = {match(labels) for labels in right}
    return {labels: value for labels, value in left.items() if (match(labels) in others) == (operator == "and")}


def _matched(
    modifier: Any, left: Vector, right: Vector, apply: Callable[[float, float], float | None], *, named: bool
) -> Vector:
    """Each series of one side with the one of the other that matches. Raises UnsupportedError."""
    match = _matching(modifier)
    cardinality = str(modifier.card).rpartition(".")[2] if modifier else "OneToOne"
    if cardinality == "OneToOne":
        label = _labelling(modifier, named=named)
        return _paired(match, left, right, lambda labels, _: label(labels), apply, alone=True)

    def borrow(labels: Labels, others: Labels) -> Labels:
        return _borrowed(labels, others, modifier.group_labels, named=named)

    if cardinality == "OneToMany":
        return _paired(match, right, left, borrow, lambda many, one: apply(one, many))
    return _paired(match, left, right, borrow, apply)


def _paired(
    match: Callable[[Labels], Labels],
    many: Vector,
    one: Vector,
    label: Callable[[Labels, Labels], Labels],
    apply: Callable[[float, float], float | None],
    *,
    alone: bool = False,
) -> Vector:
    """The results by their labels, made from those of both; `alone` of the many side, too, each must match alone.

    What a filter leaves out is no match that counts (promql/engine.go, `VectorBinop`). Raises UnsupportedError.
    """
    ones = _by_match(match, one) if many else {}
    results: Vector = {}
    used: set[Labels] = set()
    for labels, value in many.items():
        key = match(labels)
        if key not in ones:
            continue
        other_labels, other = ones[key]
        result = apply(value, other)
        if result is None:
            continue
        if alone and key in used:
            raise UnsupportedError("many-to-one matching without group_left or group_right is not evaluated")
        made = label(labels, other_labels)
        if made in results:
            raise UnsupportedError("the matching makes two series of the same labels")
        used.add(key)
        results[made] = result
    return results


def _by_match(match: Callable[[Labels], Labels], vector: Vector) -> dict[Labels, tuple[Labels, float]]:
    """A vector by what its labels are matched by. Raises UnsupportedError where two match the same."""
    found = {match(labels): (labels, value) for labels, value in vector.items()}
    if len(found) != len(vector):
        raise UnsupportedError("many-to-many matching is not evaluated")
    return found


def _borrowed(labels: Labels, others: Labels, names: Sequence[str], *, named: bool) -> Labels:
    """The labels of the many side, with those of the one side that `group_left` or `group_right` names."""
    given = dict(others)
    kept = {name: value for name, value in labels if named or name != NAME}
    kept |= {name: given.get(name, "") for name in names}
    return tuple(sorted((name, value) for name, value in kept.items() if value))


def _labelling(modifier: Any, *, named: bool) -> Callable[[Labels], Labels]:
    """The labels of a result, made from those of the left side (promql/engine.go, `resultMetric`).

    `on` keeps the labels that it names and `ignoring` drops them; all that is not `named` lacks the metric's name too.
    """
    if not named:
        return _matching(modifier)
    matching = modifier.matching if modifier else None
    if matching is None:
        return lambda labels: labels
    names, on = frozenset(matching.labels), keeps(matching)
    return lambda labels: tuple(pair for pair in labels if (pair[0] in names) == on)


def _kept(results: Mapping[Labels, float | None]) -> Vector:
    return {labels: value for labels, value in results.items() if value is not None}
