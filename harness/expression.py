"""PromQL expressions as trees: what they select, and by what they group."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import promql_parser as ast

from harness.vectors import NAME, UnsupportedError, keeps

DEEPEST = 100
"""Levels of a tree: more than anybody writes, and few enough for recursion."""
MAKE_LABELS = frozenset({"label_replace", "label_join"})
Test = Callable[[str], bool]
"""Whether a label's value is one that is asked for."""


@dataclass(frozen=True, slots=True)
class Selection:
    """One selector of an expression."""

    metric: str
    labels: tuple[str, ...]
    """Names of the labels without which no series matches."""
    range_s: float | None
    """None for an instant selector."""


def parse(text: str) -> ast.Expr:
    """The expression as a tree. Raises ValueError with the reason when it is none, or nested too deeply."""
    try:
        tree = ast.parse(text)
    except ValueError as error:
        raise ValueError(str(error).strip().splitlines()[0]) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what the parser raises where it has no answer is no Exception
            raise
        raise ValueError(f"the parser gave up: {error}") from None
    level: list[Any] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return tree
    raise ValueError(f"it is nested more than {DEEPEST} deep")


def selections(node: Any) -> Iterator[Selection]:
    """Every selector of a tree. Raises UnsupportedError when one names no metric."""
    if isinstance(node, ast.MatrixSelector):
        yield replace(_selection(node.vector_selector), range_s=range_s(node))
    elif isinstance(node, ast.VectorSelector):
        yield _selection(node)
    elif isinstance(node, ast.SubqueryExpr):
        for inner in selections(node.expr):
            yield replace(inner, range_s=max(inner.range_s or 0.0, range_s(node)))
    else:
        for child in _children(node):
            yield from selections(child)


def grouping(node: Any) -> frozenset[str]:
    """Every label that a tree keeps with `by` or `on`; none where it makes labels of its own."""
    modifier = getattr(node, "modifier", None)
    if isinstance(node, ast.BinaryExpr) and modifier is not None:
        modifier = modifier.matching
    names = frozenset(modifier.labels) if modifier is not None and keeps(modifier) else frozenset[str]()
    made = any(isinstance(each, ast.Call) and each.func.name in MAKE_LABELS for each in _nodes(node))
    return frozenset() if made else names.union(*(grouping(child) for child in _children(node)))


def matching(node: Any) -> tuple[str, list[tuple[str, Test]]]:
    """A selector's metric, and a test for each label that is asked for. Raises UnsupportedError."""
    if node.matchers.or_matchers:
        raise UnsupportedError("`or` between matchers is not evaluated")
    name, tests = node.name or "", []
    for matcher in node.matchers.matchers:
        if matcher.name == NAME and matcher.op == ast.MatchOp.Equal:
            name = matcher.value
        else:
            tests.append((matcher.name, _test(matcher)))
    if not name:
        raise UnsupportedError("a selector without the name of a metric is not evaluated")
    return name, tests


def check_unshifted(node: Any) -> None:
    """See that a selector is evaluated at the time of the whole. Raises UnsupportedError."""
    if node.offset is not None or node.at is not None:
        raise UnsupportedError("offset and @ are not evaluated")


def range_s(node: Any) -> float:
    """Seconds in the range of a range selector or subquery."""
    return float(node.range.total_seconds())


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in _children(node):
        yield from _nodes(child)


def has_aggregate(node: Any) -> bool:
    """True when several series become one somewhere in a tree."""
    return any(isinstance(each, ast.AggregateExpr) for each in _nodes(node))


def _selection(node: Any) -> Selection:
    metric, tests = matching(node)
    return Selection(metric, tuple(name for name, test in tests if not test("")), None)


def _test(matcher: Any) -> Test:
    wanted = matcher.value
    if matcher.op == ast.MatchOp.Equal:
        return lambda value: value == wanted
    if matcher.op == ast.MatchOp.NotEqual:
        return lambda value: value != wanted
    try:
        pattern = re.compile(wanted, re.DOTALL)
    except re.error as error:
        raise UnsupportedError(f"the pattern {wanted!r} is not evaluated: {error}") from None
    if matcher.op == ast.MatchOp.Re:
        return lambda value: pattern.fullmatch(value) is not None
    return lambda value: pattern.fullmatch(value) is None


def _children(node: Any) -> Iterator[Any]:
    for attribute in ("expr", "lhs", "rhs", "param", "vector_selector"):
        child = getattr(node, attribute, None)
        if child is not None:
            yield child
    yield from getattr(node, "args", ())
