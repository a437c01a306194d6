"""What an expression loses or spoils where it puts series together, seen in the series that there are."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import promql_parser as ast

from harness.monitoring.dashboards.forms import nodes
from harness.monitoring.dashboards.records import is_count
from harness.promql import syntax, vectors
from harness.promql.engine import INSTANCE
from harness.promql.vectors import Labels, Vector

Evaluate = Callable[[Any], Vector | float]
"""A node -> what it gives. Raises UnsupportedError."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """An operator whose sides do not match each other whole."""

    operator: str
    labels: Labels
    """Of one series that is left out; none where the sides have no series in common."""
    value: float
    count: int
    """Series that are left out."""
    names: tuple[tuple[str, ...], tuple[str, ...]]
    """The labels by which each side matches."""


def idle(node: Any, evaluate: Evaluate) -> Labels | None:
    """A series without a number that makes a sum or average of others one, too; None without any.

    Raises UnsupportedError.
    """
    for each in nodes(node):
        if not isinstance(each, ast.AggregateExpr) or str(each.op) not in ("avg", "sum"):
            continue
        inner, group = evaluate(each.expr), vectors.grouper(each.modifier)
        if isinstance(inner, float):
            continue
        with_numbers = {group(labels) for labels, value in inner.items() if not math.isnan(value)}
        for labels, value in sorted(inner.items()):
            if math.isnan(value) and group(labels) in with_numbers:
                return labels
    return None


def dropped(node: Any, evaluate: Evaluate) -> Dropped | None:
    """The first operator that leaves out series which hold something; None without any. Raises UnsupportedError."""
    for each in nodes(node):
        operator = str(each.op) if isinstance(each, ast.BinaryExpr) else ""
        one_to_one = operator in ("+", "-", "/") and _is_one_to_one(each.modifier)
        if not one_to_one or _times(each.lhs) != _times(each.rhs):  # what was not there then is no mistake
            continue
        left, right = evaluate(each.lhs), evaluate(each.rhs)
        if isinstance(left, float) or isinstance(right, float) or not left or not right:
            continue
        match = vectors.grouper(each.modifier.matching if each.modifier else None, default_all=True)
        lefts, rights = ({match(labels): value for labels, value in side.items()} for side in (left, right))
        names = (_names(lefts), _names(rights))
        if names[0] != names[1] and not lefts.keys() & rights.keys():
            return Dropped(operator, (), math.nan, len(lefts), names)
        lost = [(key, value) for key, value in lefts.items() if key not in rights and _counts(value)]
        if operator != "/":
            lost += [(key, value) for key, value in rights.items() if key not in lefts and _counts(value)]
        if lost:
            labels, value = max(lost, key=lambda item: (abs(item[1]), item[0]))
            return Dropped(operator, labels, value, len(lost), names)
    return None


def largest_of_parts(node: Any, evaluate: Evaluate) -> tuple[str, ...]:
    """The instances of which a tree takes the one that did most, or least, for all of them; none without.

    Raises UnsupportedError.
    """
    for each in nodes(node):
        if not isinstance(each, ast.AggregateExpr) or str(each.op) not in ("max", "min") or not is_count(each.expr, {}):
            continue
        inner, group = evaluate(each.expr), vectors.grouper(each.modifier)
        if isinstance(inner, float):
            continue
        parts: dict[tuple[Labels, Labels], list[str]] = {}
        for labels in inner:
            rest = tuple(pair for pair in labels if pair[0] != INSTANCE)
            parts.setdefault((group(labels), rest), []).append(dict(labels).get(INSTANCE, ""))
        if found := [names for names in parts.values() if len(names) > 1]:
            return tuple(sorted(found[0]))
    return ()


def _times(node: Any) -> frozenset[tuple[float, float | None]]:
    """The times at which a tree looks, beside that of the query."""
    return frozenset((each.offset_s, each.at_s) for each in syntax.selections(node))


def _is_one_to_one(modifier: Any) -> bool:
    return modifier is None or str(modifier.card).rpartition(".")[2] == "OneToOne"


def _names(side: Vector) -> tuple[str, ...]:
    return tuple(sorted({name for labels in side for name, _ in labels}))


def _counts(value: float) -> bool:
    return math.isfinite(value) and value != 0
