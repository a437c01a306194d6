"""What an expression means by its form alone: whether it can say anything, whatever the series hold."""

from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as ast

from harness.monitoring.dashboards.records import is_ratio_of_counts
from harness.promql import syntax, vectors
from harness.promql.functions import FUNCTIONS, Kind, RangeFunction
from harness.promql.quantile import BOUND
from harness.promql.vectors import SETS, is_filter

IsCounter = Callable[[str], bool]
CHOOSING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
"""Aggregations that keep whole series."""
COUNTING = frozenset({"count", "count_values", "group"})
"""Aggregations of series, whatever their values are."""
_VALUES_OVER_TIME = frozenset(
    {
        *("avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "last_over_time"),
        *("quantile_over_time", "stddev_over_time", "stdvar_over_time"),
    }
)
_OF_PRESENCE = frozenset({"absent", "timestamp"})


def nodes(node: Any) -> Iterator[Any]:
    """A tree's nodes, from the top."""
    yield node
    for child in syntax.children(node):
        yield from nodes(child)


def bare_counter(node: Any, is_counter: IsCounter) -> str:
    """The first counter whose value since the start of its process a tree shows; empty without any.

    The difference of two counters is how many are in between, and a counter times 0 is a 0 that exists: neither is one.
    Raises UnsupportedError where a selector names no metric.
    """
    node = syntax.bare(node)
    match node:
        case ast.VectorSelector():
            name = syntax.selection(node).metric
            return name if is_counter(name) else ""
        case ast.UnaryExpr():
            return bare_counter(node.expr, is_counter)
        case ast.AggregateExpr() if str(node.op) not in COUNTING:
            return bare_counter(node.expr, is_counter)
        case ast.BinaryExpr():
            return _bare_in_binary(node, is_counter)
        case ast.Call():
            return _bare_in_call(node, is_counter)
        case _:
            return ""


def _bare_in_binary(node: Any, is_counter: IsCounter) -> str:
    operator = str(node.op)
    left, right = (bare_counter(side, is_counter) for side in (node.lhs, node.rhs))
    if operator in ("and", "unless") or is_filter(operator, node.modifier):
        return left
    numbers = [syntax.bare(side) for side in (node.lhs, node.rhs)]
    is_zero = any(isinstance(each, ast.NumberLiteral) and each.val == 0 for each in numbers)
    is_answer = operator in vectors.COMPARISONS
    if is_answer or (operator == "*" and is_zero) or (operator == "-" and left and right):
        return ""
    return left or right


def _bare_in_call(node: Any, is_counter: IsCounter) -> str:
    name = node.func.name
    for kind, child in syntax.arguments(node):
        inner = syntax.bare(child)
        if kind is Kind.RANGE and name in _VALUES_OVER_TIME:
            found = bare_counter(
                inner.vector_selector if isinstance(inner, ast.MatrixSelector) else inner.expr, is_counter
            )
        elif kind in (Kind.VECTOR, Kind.BUCKETS) and name not in _OF_PRESENCE:
            found = bare_counter(inner, is_counter)
        else:
            continue
        if found:
            return found
    return ""


def loses_bounds(node: Any) -> bool:
    """True when a tree takes the quantile of a histogram from sums that have no bounds: that is empty always."""
    asked = (child for each in nodes(node) for kind, child in syntax.arguments(each) if kind is Kind.BUCKETS)
    return any(not keeps(child, BOUND) for child in asked)


def keeps(node: Any, label: str) -> bool:
    """True when the series that a tree gives may have a label."""
    node = syntax.bare(node)
    match node:
        case ast.AggregateExpr() if str(node.op) in CHOOSING:
            return keeps(node.expr, label)
        case ast.AggregateExpr():
            if node.modifier is None:
                return False
            return (label in node.modifier.labels) == vectors.keeps(node.modifier) and keeps(node.expr, label)
        case ast.BinaryExpr():
            return _binary_keeps(node, label)
        case ast.Call():
            if node.func.name in ("label_replace", "label_join"):
                return syntax.bare(node.args[1]).val == label or keeps(node.args[0], label)
            if any(kind is Kind.BUCKETS for kind, _ in syntax.arguments(node)):
                return label != BOUND and any(keeps(child, label) for child in node.args)
            return not node.args or any(keeps(child, label) for child in node.args)
        case ast.NumberLiteral() | ast.StringLiteral():
            return False
        case ast.UnaryExpr() | ast.SubqueryExpr():
            return keeps(node.expr, label)
        case _:
            return True


def _binary_keeps(node: Any, label: str) -> bool:
    operator, modifier = str(node.op), node.modifier
    left, right = keeps(node.lhs, label), keeps(node.rhs, label)
    if operator in SETS:
        return left or (operator == "or" and right)
    sides = [side for side in (node.lhs, node.rhs) if not isinstance(syntax.bare(side), ast.NumberLiteral)]
    if len(sides) < 2:
        return left or right
    many = _cardinality(modifier)
    if many == "OneToOne":
        return left and vectors.matches_by(modifier, label)
    return right if many == "OneToMany" else left


def constant_ratio(node: Any) -> str:
    """What makes a division in a tree a constant; empty where nothing does.

    Both sides are the same but for matchers of labels that both keep and by which they match: each series is then
    divided by itself. Raises UnsupportedError where a selector names no metric.
    """
    for each in nodes(node):
        if not isinstance(each, ast.BinaryExpr) or str(each.op) != "/" or _cardinality(each.modifier) != "OneToOne":
            continue
        left, right = _unscaled(each.lhs), _unscaled(each.rhs)
        if _shape(left) is None or _shape(left) != _shape(right):
            continue
        matchers = [{m for each in syntax.selections(side) for m in each.matchers} for side in (left, right)]
        only = [{matcher.label for matcher in matchers[0] - matchers[1]}, {m.label for m in matchers[1] - matchers[0]}]
        if only[0] & only[1]:  # of other values: they match nothing
            continue
        labels = sorted(only[0] | only[1])
        if all(keeps(left, name) and keeps(right, name) and vectors.matches_by(each.modifier, name) for name in labels):
            return f"both sides keep {', '.join(labels)} and match by it" if labels else "both sides are the same"
    return ""


def _unscaled(node: Any) -> Any:
    """A side of a division without the numbers by which it is multiplied or divided."""
    node = syntax.bare(node)
    while isinstance(node, ast.BinaryExpr) and str(node.op) in ("*", "/"):
        left, right = syntax.bare(node.lhs), syntax.bare(node.rhs)
        if isinstance(right, ast.NumberLiteral):
            node = left
        elif isinstance(left, ast.NumberLiteral) and str(node.op) == "*":
            node = right
        else:
            break
    return node


def _shape(node: Any) -> tuple[Any, ...] | None:
    """A tree of one chain of calls and aggregations over one selector, its matchers left out; None for another."""
    node = syntax.bare(node)
    match node:
        case ast.VectorSelector():
            return ("series", syntax.selection(node).metric, str(node.offset), str(node.at))
        case ast.MatrixSelector():
            return ("range", _shape(node.vector_selector), syntax.range_s(node))
        case ast.Call():
            return (node.func.name, *map(_shape, node.args))
        case ast.AggregateExpr() if node.param is None:
            modifier = node.modifier
            by = None if modifier is None else (vectors.keeps(modifier), tuple(sorted(modifier.labels)))
            return (str(node.op), by, _shape(node.expr))
        case ast.NumberLiteral():
            return ("number", node.val)
        case _:
            return None


def hides_absence(node: Any) -> bool:
    """True when a tree answers a number also where no series is: by an `or vector(0)` that nothing else guards."""
    node = syntax.bare(node)
    match node:
        case ast.AggregateExpr() | ast.UnaryExpr():
            return hides_absence(node.expr)
        case ast.BinaryExpr():
            return _answers_always(node)
        case ast.Call() if any(kind is Kind.VECTOR for kind, _ in syntax.arguments(node)):
            return hides_absence(node.args[0])
        case _:
            return False


def _answers_always(node: Any) -> bool:
    operator, sides = str(node.op), (syntax.bare(node.lhs), syntax.bare(node.rhs))
    if operator == "or":
        return any(hides_absence(side) or _is_constant(side) for side in sides)
    if operator in SETS or is_filter(operator, node.modifier):
        return False
    answers = [hides_absence(side) for side in sides]
    return any(answers) and all(each or _is_constant(side) for each, side in zip(answers, sides, strict=True))


def _is_constant(node: Any) -> bool:
    return isinstance(node, ast.NumberLiteral) or (isinstance(node, ast.Call) and node.func.name == "vector")


def looks_at_two(node: Any) -> bool:
    """True when a tree takes the growth between two scrapes for that of a range: `irate()`."""
    functions = (FUNCTIONS.get(each.func.name) for each in nodes(node) if isinstance(each, ast.Call))
    return any(isinstance(each, RangeFunction) and each.growth and not each.growth.extrapolated for each in functions)


def averages_ratios(node: Any) -> bool:
    """True when ratios are averaged or added up, which one idle series makes NaN.

    Raises UnsupportedError where a selector names no metric.
    """
    return any(
        isinstance(each, ast.AggregateExpr)
        and str(each.op) in ("avg", "sum")
        and is_ratio_of_counts(syntax.bare(each.expr), {})
        for each in nodes(node)
    )


def _cardinality(modifier: Any) -> str:
    return str(modifier.card).rpartition(".")[2] if modifier else "OneToOne"
