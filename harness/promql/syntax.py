"""PromQL expressions as trees: what they select, and by what they group."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import promql_parser as ast

from harness.promql import times
from harness.promql.functions import FUNCTIONS, InstantFunction, Kind, RangeFunction, with_kinds
from harness.promql.relabelling import FLAGS
from harness.promql.selection import Matcher, Selection
from harness.promql.vectors import NAME, UnsupportedError, is_filter, keeps

DEEPEST = 100
"""Levels of a tree: more than anybody writes, and few enough for recursion."""
LONGEST = 20_000
"""Characters of an expression."""
MOST_LEVELS = 800
"""Operators and brackets in it."""
_ASIDE = r"""(?:"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|`[^`]*+`?|\#[^\n]*)"""
"""Texts and comments, in which nothing else is read. An end may be missing: else each start is tried."""
_LEVELS = re.compile(
    _ASIDE + r"|(?P<level>[-+*/%^(\[{<>@]|[=!]=|\b(?:and|or|unless|atan2|offset|bool|by|without|on|ignoring)\b)",
    re.DOTALL | re.IGNORECASE,
)
_NO_OFFSET = re.compile(
    _ASIDE + r"|(?P<word>\boffset\s+-?\s*)(?P<zero>(?:0+(?:ms|[smhdwy]))+)\b",
    re.DOTALL | re.IGNORECASE,
)
"""An offset of nothing with a unit, which Prometheus takes and the parser does not."""
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


@lru_cache(maxsize=1024)
def parse(text: str) -> ast.Expr:
    """The expression as a tree, which nobody changes.

    Raises ValueError with the reason when it is not PromQL, or nested too deeply.
    """
    _check_size(text)
    try:
        tree = ast.parse(_NO_OFFSET.sub(_without_unit, text))
    except ValueError as error:
        raise ValueError(str(error).strip().splitlines()[0]) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what the parser raises where it has no answer is no Exception
            raise
        raise ValueError(f"the parser failed: {error}") from None
    level: list[Any] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in children(node)]
        if not level:
            return tree
    raise ValueError(f"it is nested more than {DEEPEST} deep")


def _without_unit(found: re.Match[str]) -> str:
    """Of the same length, so that places in the tree stay those of the text."""
    return found[0] if found["zero"] is None else found["word"] + "0".ljust(len(found["zero"]))


def _check_size(text: str) -> None:
    """Refuse what the parser's own stack may not hold: it fails on it by ending the process.

    Each operator, call and bracket may be a level of the tree; 4,000 of any kind are parsed with a stack of 8 MiB.
    Raises ValueError.
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} characters")
    if sum(match["level"] is not None for match in _LEVELS.finditer(text)) > MOST_LEVELS:
        raise ValueError(f"it has more than {MOST_LEVELS} operators, calls and brackets")


def selections(node: Any) -> Iterator[Selection]:
    """Every selector of a tree. Raises UnsupportedError when one names no metric."""
    if isinstance(node, ast.MatrixSelector):
        yield _placed(selection(node.vector_selector), node.vector_selector, range_s(node))
    elif isinstance(node, ast.VectorSelector):
        yield _placed(selection(node), node)
    elif isinstance(node, ast.SubqueryExpr):
        around = _placed(Selection("", (), None), node, range_s(node))
        for inner in selections(node.expr):
            yield inner.inside(around)
    else:
        own_s = _rate_s(node)
        for child in children(node):
            for inner in selections(child):
                yield replace(inner, rate_s=own_s) if own_s and inner.rate_s is None else inner


def _placed(selection: Selection, node: Any, range_s: float | None = None) -> Selection:
    """A selection with when its node is evaluated, and how far back that looks."""
    return replace(
        selection,
        range_s=range_s,
        offset_s=times.offset_s(node),
        at_s=times.fixed_s(node),
        pinned=times.is_pinned(node),
    )


@lru_cache(maxsize=1024)
def selections_of(text: str) -> tuple[Selection, ...]:
    """Every selector of an expression. Raises as `parse` and `selections`."""
    return tuple(selections(parse(text)))


def selection(node: Any) -> Selection:
    """An instant selector, without its time. Raises UnsupportedError when it names no metric."""
    if node.matchers.or_matchers:
        raise UnsupportedError("`or` between matchers is not evaluated")
    name, matchers = node.name or "", []
    for matcher in node.matchers.matchers:
        if matcher.name == NAME and matcher.op == ast.MatchOp.Equal:
            name = matcher.value
        else:
            matchers.append(_matcher(matcher))
    if not name:
        raise UnsupportedError("a selector without the name of a metric is not evaluated")
    return Selection(name, tuple(matchers), None)


def bare(node: Any) -> Any:
    """The tree without the parentheses around it."""
    while isinstance(node, ast.ParenExpr):
        node = node.expr
    return node


def text(node: Any) -> str:
    """A text that is written in an expression. Raises UnsupportedError where there is none."""
    literal = bare(node)
    if not isinstance(literal, ast.StringLiteral):
        raise UnsupportedError("a text that is computed is not evaluated")
    return str(literal.val)


def equal_labels(node: Any) -> dict[str, str]:
    """The labels that a selector asks to equal one value; none of what is no selector."""
    node = bare(node)
    node = node.vector_selector if isinstance(node, ast.MatrixSelector) else node
    if not isinstance(node, ast.VectorSelector):
        return {}
    matchers = selection(node).matchers
    names = [matcher.label for matcher in matchers]
    return {each.label: each.value for each in matchers if each.operator == "=" and names.count(each.label) == 1}


def quantiles(node: Any) -> list[float]:
    """The quantiles that a tree asks of histograms, as far as they are numbers."""
    asked = (bare(item) for each in _nodes(node) for kind, item in arguments(each) if kind is Kind.QUANTILE)
    return [float(each.val) for each in asked if isinstance(each, ast.NumberLiteral)]


def every_quantile(node: Any) -> frozenset[float]:
    """The quantiles of histograms, of series and over time that a tree computes, as far as they are numbers."""
    asked = list(quantiles(node))
    for each in _nodes(node):
        given = None
        if isinstance(each, ast.AggregateExpr) and str(each.op) == "quantile":
            given = each.param
        elif isinstance(each, ast.Call) and each.func.name == "quantile_over_time":
            given = each.args[0]
        if given is not None and isinstance(number := bare(given), ast.NumberLiteral):
            asked.append(float(number.val))
    return frozenset(asked)


def leaves_out(node: Any) -> bool:
    """A tree subtracts, changes a sign or leaves series out: what it shows may be the rest of what it selects."""
    return any(
        (isinstance(each, ast.BinaryExpr) and str(each.op) in ("-", "unless"))
        or isinstance(each, ast.UnaryExpr)
        or (isinstance(each, ast.NumberLiteral) and each.val < 0)
        for each in _nodes(node)
    )


def arguments(node: Any) -> list[tuple[Kind, Any]]:
    """What a call gives to a function, each with its kind; none where a node calls nothing that is evaluated."""
    function = FUNCTIONS.get(node.func.name) if isinstance(node, ast.Call) else None
    return with_kinds(function, node.args) if function else []


def grouping(node: Any) -> frozenset[str]:
    """Every label that a tree keeps with `by` or `on`; none where it makes labels of its own."""
    modifier = getattr(node, "modifier", None)
    if isinstance(node, ast.BinaryExpr) and modifier is not None:
        modifier = modifier.matching
    names = frozenset(modifier.labels) if modifier is not None and keeps(modifier) else frozenset[str]()
    return frozenset() if _makes_labels(node) else names.union(*(grouping(child) for child in children(node)))


def range_s(node: Any) -> float:
    """Seconds in the range of a range selector or subquery."""
    return float(node.range.total_seconds())


def step_s(node: Any) -> float | None:
    """Seconds from one step of a subquery to the next; None where it names none."""
    return float(node.step.total_seconds()) if node.step is not None else None


def durations(node: Any) -> Iterator[float]:
    """Seconds of every range, step and offset of a tree."""
    for each in _nodes(node):
        found = (getattr(each, attribute, None) for attribute in ("range", "step", "offset"))
        yield from (abs(float(item.total_seconds())) for item in found if item is not None)


def children(node: Any) -> Iterator[Any]:
    """What stands directly below a node."""
    for attribute in ("expr", "lhs", "rhs", "param", "vector_selector"):
        child = getattr(node, attribute, None)
        if child is not None:
            yield child
    yield from getattr(node, "args", ())


def has_aggregate(node: Any) -> bool:
    """True when several series become one somewhere in a tree."""
    return any(isinstance(each, ast.AggregateExpr) for each in _nodes(node))


def has_quantile_or_subquery(node: Any) -> bool:
    """True when a tree asks a histogram for a quantile, or evaluates an expression at several moments."""
    return any(
        isinstance(each, ast.SubqueryExpr) or any(kind is Kind.BUCKETS for kind, _ in arguments(each))
        for each in _nodes(node)
    )


def has_filter(node: Any) -> bool:
    """True when values are compared somewhere in a tree, and those that do not hold left out."""
    return any(isinstance(each, ast.BinaryExpr) and is_filter(str(each.op), each.modifier) for each in _nodes(node))


def comparisons(node: Any) -> Iterator[tuple[Any, str, float]]:
    """As `comparison`, of each filter by a number that must hold for the tree to have a value: chained, or by `and`."""
    node = bare(node)
    if found := comparison(node):
        yield found
        yield from comparisons(found[0])
    elif isinstance(node, ast.BinaryExpr) and str(node.op) in ("and", "unless"):
        yield from comparisons(node.lhs)
        if str(node.op) == "and":
            yield from comparisons(node.rhs)


def comparison(node: Any) -> tuple[Any, str, float] | None:
    """What is compared with a number, the operator and the number, when a tree is a filter by one; else None."""
    node = bare(node)
    if not isinstance(node, ast.BinaryExpr) or not is_filter(str(node.op), node.modifier):
        return None
    number = bare(node.rhs)
    return (node.lhs, str(node.op), float(number.val)) if isinstance(number, ast.NumberLiteral) else None


def _matcher(node: Any) -> Matcher:
    operator, value = _OPERATORS[str(node.op).rpartition(".")[2]], node.value
    if operator in ("=~", "!~"):
        if "[:" in value:
            raise UnsupportedError(f"the pattern {value!r} is not evaluated: it has a POSIX class")
        try:
            re.compile(value, FLAGS)
        except (re.error, OverflowError, RecursionError, MemoryError) as error:
            raise UnsupportedError(f"the pattern {value!r} is not evaluated: {error}") from None
    return Matcher(node.name, operator, value)


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in children(node):
        yield from _nodes(child)


def _rate_s(node: Any) -> float | None:
    """The range of a call that needs two samples in it; None of anything else."""
    function = FUNCTIONS.get(node.func.name) if isinstance(node, ast.Call) else None
    if not isinstance(function, RangeFunction) or function.least < 2:
        return None
    return next(range_s(bare(each)) for kind, each in arguments(node) if kind is Kind.RANGE)


def _makes_labels(node: Any) -> bool:
    calls = (FUNCTIONS.get(each.func.name) for each in _nodes(node) if isinstance(each, ast.Call))
    return any(isinstance(function, InstantFunction) and function.makes_labels for function in calls)
