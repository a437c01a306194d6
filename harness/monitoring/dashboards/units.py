"""What an expression gives in seconds or as a share, and the unit in which a panel draws it.

A metric of seconds says so in its name (https://prometheus.io/docs/practices/naming/#base-units). Percentiles and means
of it are seconds, and only arithmetic with a number makes another unit of them.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as ast

from harness.monitoring.dashboards.records import is_count
from harness.promql import syntax
from harness.promql.functions import Kind
from harness.promql.vectors import SETS, is_filter

PER_SECOND: Mapping[str, float] = {"s": 1.0, "ms": 1e3, "µs": 1e6, "ns": 1e9}
"""Grafana's units of time, by what makes one second of them."""
PER_ONE: Mapping[str, float] = {"percentunit": 1.0, "percent": 100.0}
"""Grafana's units of shares, by what makes one whole of them."""
_ALIKE = frozenset({"avg", "max", "min", "quantile", "topk", "bottomk"})
"""Aggregations whose result has the unit of what is aggregated."""


def per_second(node: Any) -> float | None:
    """By what a tree multiplies seconds; None where it gives no time, or that is not known.

    Raises UnsupportedError where a selector names no metric.
    """
    node = syntax.bare(node)
    match node:
        case ast.Call():
            buckets = [child for kind, child in syntax.arguments(node) if kind is Kind.BUCKETS]
            return 1.0 if buckets and all(_selects_only(each, "_bucket") for each in buckets) else None
        case ast.AggregateExpr() if str(node.op) in _ALIKE:
            return per_second(node.expr)
        case ast.BinaryExpr():
            return _of_binary(node)
        case _:
            return None


def per_one(node: Any) -> float | None:
    """By what a tree multiplies shares of counts; None where it gives no share, or that is not known.

    Raises UnsupportedError where a selector names no metric.
    """
    node = syntax.bare(node)
    match node:
        case ast.AggregateExpr() if str(node.op) in _ALIKE:
            return per_one(node.expr)
        case ast.Call() if node.func.name in ("clamp", "clamp_min", "clamp_max", "round", "sort", "sort_desc"):
            return per_one(node.args[0])
        case ast.BinaryExpr():
            return _share_of_binary(node)
        case _:
            return None


def part_of_whole(node: Any) -> float | None:
    """As `per_one`, where a tree divides what it selects of one metric by what it selects more of it; else None.

    Such a share cannot be more than a whole. Raises as `per_one`.
    """
    share, division = per_one(node), _division(node)
    if share is None or division is None or not math.isclose(share, math.prod(_factors(node))):
        return None
    parts, wholes = (list(syntax.selections(side)) for side in (division.lhs, division.rhs))
    is_inside = all(set(whole.matchers) <= set(part.matchers) for whole in wholes for part in parts)
    looks = {(each.metric, each.range_s, each.offset_s, each.at_s) for each in (*parts, *wholes)}
    return share if is_inside and len(looks) == len(set(_growths(division))) == 1 else None


def _division(node: Any) -> Any:
    """The one division of two counts in a tree that gives a share, each with the other of its labels; else None."""
    divisions = [
        each
        for each in _nodes(node)
        if isinstance(each, ast.BinaryExpr) and str(each.op) == "/" and not _is_number(each.rhs)
    ]
    adds = any(isinstance(each, ast.BinaryExpr) and str(each.op) == "+" for each in _nodes(node))
    if len(divisions) != 1 or adds or (divisions[0].modifier and divisions[0].modifier.matching):
        return None
    return divisions[0]


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in syntax.children(node):
        yield from _nodes(child)


def _is_number(node: Any) -> bool:
    return isinstance(syntax.bare(node), ast.NumberLiteral)


def _growths(node: Any) -> Iterator[str]:
    """The functions that make counts of counters."""
    return (each.func.name for each in _nodes(node) if isinstance(each, ast.Call))


def _factors(node: Any) -> Iterator[float]:
    """The numbers by which parts of a tree are multiplied, but for those that make nothing of them."""
    for each in _nodes(node):
        if isinstance(each, ast.BinaryExpr) and str(each.op) in ("*", "/"):
            for side, is_divided in ((each.lhs, False), (each.rhs, str(each.op) == "/")):
                number = syntax.bare(side)
                if isinstance(number, ast.NumberLiteral) and number.val:
                    yield 1 / float(number.val) if is_divided else float(number.val)


def _share_of_binary(node: Any) -> float | None:
    operator, left, right = str(node.op), syntax.bare(node.lhs), syntax.bare(node.rhs)
    if operator in SETS or is_filter(operator, node.modifier):
        return per_one(left)
    if operator == "-" and isinstance(left, ast.NumberLiteral):  # of the rest
        share = per_one(right)
        return share if share is not None and math.isclose(share, float(left.val)) else None
    if operator not in ("*", "/"):
        return None
    if isinstance(right, ast.NumberLiteral) and right.val:
        share, number = per_one(left), float(right.val) if operator == "*" else 1 / float(right.val)
        return None if share is None else share * number
    if isinstance(left, ast.NumberLiteral) and operator == "*":
        share = per_one(right)
        return None if share is None else share * float(left.val)
    if operator != "/":
        return None
    if isinstance(left, ast.BinaryExpr) and str(left.op) == "*":  # 100 * a / b
        numbers = [each for each in map(syntax.bare, (left.lhs, left.rhs)) if isinstance(each, ast.NumberLiteral)]
        return float(numbers[0].val) if len(numbers) == 1 and is_count(left, {}) and is_count(right, {}) else None
    return 1.0 if is_count(left, {}) and is_count(right, {}) else None


def _of_binary(node: Any) -> float | None:
    operator, left, right = str(node.op), syntax.bare(node.lhs), syntax.bare(node.rhs)
    if operator in SETS or is_filter(operator, node.modifier):
        return per_second(left)
    if operator not in ("*", "/"):
        return None
    if isinstance(right, ast.NumberLiteral) and right.val:
        factor = per_second(left)
        number = float(right.val) if operator == "*" else 1 / float(right.val)
        return None if factor is None else factor * number
    if isinstance(left, ast.NumberLiteral) and operator == "*":
        factor = per_second(right)
        return None if factor is None else factor * float(left.val)
    is_mean = operator == "/" and _selects_only(left, "_sum") and _selects_only(right, "_count")
    return 1.0 if is_mean and not (_has_number(left) or _has_number(right)) else None


def _selects_only(node: Any, ending: str) -> bool:
    """True when all that a tree selects are parts of histograms of seconds, with this ending."""
    metrics = [selection.metric for selection in syntax.selections(node)]
    return bool(metrics) and all(each.endswith(ending) and "seconds" in each.split("_") for each in metrics)


def _has_number(node: Any) -> bool:
    """True when a number stands in a tree, and may make another unit of it."""
    return isinstance(node, ast.NumberLiteral) or any(map(_has_number, syntax.children(node)))
