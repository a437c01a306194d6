"""A tree of PromQL as text again, with some of its nodes written otherwise.

What is written anew is parsed again: a text that is no PromQL, or a tree that this module cannot write as it was, gives
nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as ast

from harness.promql import syntax, vectors
from harness.promql._time import in_ms
from harness.promql.query_text import label_value

OPERATORS: Mapping[str, str] = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
UNITS_MS = (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
Change = Callable[[Any], str | None]
"""What a node is written as instead; None where it stays."""


class _UnwritableError(Exception):
    """A node that cannot be written as it is."""


@dataclass(frozen=True, slots=True)
class Selector:
    """What a selector is written with."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    """Label, operator, value."""
    range: str = ""
    """A duration; empty for an instant selector."""
    after: str = ""
    """`offset` and `@`."""

    @property
    def text(self) -> str:
        """As an expression."""
        asked = ", ".join(f"{label}{operator}{label_value(value)}" for label, operator, value in self.matchers)
        where = f"{{{asked}}}" if asked or not self.name else ""
        return f"{self.name}{where}{f'[{self.range}]' if self.range else ''}{self.after}"


def rewritten(tree: Any, change: Change) -> str:
    """The text of a tree after a change; empty where that is not certain, or nothing has changed."""
    try:
        plain, changed = _text(tree, lambda _: None), _text(tree, change)
        if plain == changed or str(syntax.parse(plain)) != str(tree):
            return ""
        syntax.parse(changed)
    except (_UnwritableError, ValueError):
        return ""
    return changed


def selector(node: Any) -> Selector | None:
    """What a selector of a vector or a range is written with; None where its matchers are joined by `or`."""
    inner = node.vector_selector if isinstance(node, ast.MatrixSelector) else node
    if inner.matchers.or_matchers:
        return None
    matchers = tuple(
        (each.name, OPERATORS[str(each.op).rpartition(".")[2]], each.value) for each in inner.matchers.matchers
    )
    range_text = _duration(node.range) if isinstance(node, ast.MatrixSelector) else ""
    return Selector(inner.name or "", matchers, range_text, _after(inner))


def operand(tree: Any) -> str:
    """A tree as an operand of a multiplication; empty where it cannot be written."""
    try:
        text = _text(tree, lambda _: None)
        return text if str(syntax.parse(text)) == str(tree) and not _binds_less(tree) else f"({text})"
    except (_UnwritableError, ValueError):
        return ""


def _text(node: Any, change: Change) -> str:
    if (instead := change(node)) is not None:
        return instead
    match node:
        case ast.NumberLiteral() | ast.StringLiteral():
            return str(node.prettify())
        case ast.VectorSelector() | ast.MatrixSelector():
            if (found := selector(node)) is None:
                raise _UnwritableError
            return found.text
        case ast.ParenExpr():
            return f"({_text(node.expr, change)})"
        case ast.UnaryExpr():
            return f"-{_text(node.expr, change)}"
        case ast.SubqueryExpr():
            step = _duration(node.step) if node.step is not None else ""
            return f"{_text(node.expr, change)}[{_duration(node.range)}:{step}]{_after(node)}"
        case ast.Call():
            return f"{node.func.name}({', '.join(_text(each, change) for each in node.args)})"
        case ast.AggregateExpr():
            return aggregate(node, _labels(node.modifier), change)
        case ast.BinaryExpr():
            return f"{_text(node.lhs, change)} {node.op}{_matching(node.modifier)} {_text(node.rhs, change)}"
        case _:
            raise _UnwritableError


def aggregate(node: Any, labels: str, change: Change) -> str:
    """An aggregation with other labels, such as `by (le)`."""
    inside = ", ".join(_text(each, change) for each in (node.param, node.expr) if each is not None)
    return f"{node.op}{f' {labels} ' if labels else ''}({inside})"


def _labels(modifier: Any) -> str:
    if modifier is None:
        return ""
    return f"{'by' if vectors.keeps(modifier) else 'without'} ({', '.join(modifier.labels)})"


def _matching(modifier: Any) -> str:
    if modifier is None:
        return ""
    found = " bool" if modifier.return_bool else ""
    if modifier.matching is not None:
        found += f" {'on' if vectors.keeps(modifier.matching) else 'ignoring'} ({', '.join(modifier.matching.labels)})"
    group = {"ManyToOne": "group_left", "OneToMany": "group_right"}.get(str(modifier.card).rpartition(".")[2])
    return f"{found} {group} ({', '.join(modifier.group_labels or ())})" if group else found


def _after(node: Any) -> str:
    found = ""
    if node.at is not None:
        kind = str(node.at.type).rpartition(".")[2]
        found += f" @ {node.at.at.timestamp():.3f}" if kind == "At" else f" @ {kind.lower()}()"
    if node.offset is not None:
        seconds = node.offset.total_seconds()
        found += f" offset {'-' if seconds < 0 else ''}{_milliseconds(abs(in_ms(seconds)))}"
    return found


def _duration(given: Any) -> str:
    return _milliseconds(in_ms(given.total_seconds()))


def _milliseconds(left: int) -> str:
    """As people write it: 5m, 1h30m."""
    found = ""
    for unit, size in UNITS_MS:
        number, left = divmod(left, size)
        found += f"{number}{unit}" if number else ""
    return found or "0s"


def _binds_less(node: Any) -> bool:
    return isinstance(node, ast.BinaryExpr | ast.UnaryExpr)
