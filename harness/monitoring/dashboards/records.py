"""What recording rules record, so that an expression that reads records can be followed to what was scraped.

A record's name is `level:metric:operations`, and the level names the labels of its result, joined by `_`
(https://prometheus.io/docs/practices/rules/#naming).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import promql_parser as ast

from harness.core.rule import Rule
from harness.core.same import Same
from harness.promql import syntax
from harness.promql.functions import FUNCTIONS, RangeFunction
from harness.promql.selection import Selection
from harness.promql.vectors import is_filter

SEPARATOR = ":"
"""In the names of records, and of nothing that a target exports."""

Records = Mapping[str, Sequence[Rule]]
"""The rules that record a series, by its name."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What an expression is made from in the end."""

    rules: tuple[Rule, ...]
    """The rules of all records that it reads, through others too, each once, the nearest first."""
    leaves: tuple[Selection, ...]
    """What these select that no rule records; each looks as far back as the whole chain does."""
    cycle: tuple[str, ...] = ()
    """Names of records of which each is made from the next and the last from the first; empty without any."""


def of_rules(rules: Iterable[Rule]) -> Records:
    """The rules that record something, by what they record."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        if not rule.alert:
            found.setdefault(rule.name, []).append(rule)
    return found


def lineage(records: Records, tree: Any) -> Lineage:
    """Follow a tree to what it is made from. Raises UnsupportedError where a selector names no metric."""
    rules: dict[Same, Rule] = {}
    leaves: dict[Selection, None] = {}
    level: list[tuple[Selection, tuple[str, ...]]] = [(selection, ()) for selection in syntax.selections(tree)]
    while level:
        below: list[tuple[Selection, tuple[str, ...]]] = []
        for selection, path in level:
            name, found = selection.metric, records.get(selection.metric)
            if found is None:
                leaves[selection] = None
                continue
            if name in path:
                return Lineage(tuple(rules.values()), tuple(leaves), path[path.index(name) :])
            for rule in found:
                rules.setdefault(Same(rule), rule)
                inner = syntax.selections_of(rule.expression)
                below += [(each.inside(selection), (*path, name)) for each in inner]
        level = below
    return Lineage(tuple(rules.values()), tuple(leaves))


def is_count(node: Any, records: Records, path: tuple[str, ...] = ()) -> bool:
    """True for what counters grew by, and for sums of that: what may be added up over any of its labels.

    `path` are the records through which it was reached. Raises UnsupportedError where a selector names no metric.
    """
    node = syntax.bare(node)
    match node:
        case ast.VectorSelector():
            name = syntax.selection(node).metric
            trees = [syntax.parse(rule.expression) for rule in records.get(name, ())]
            return bool(trees) and name not in path and all(is_count(each, records, (*path, name)) for each in trees)
        case ast.Call():
            function = FUNCTIONS.get(node.func.name)
            return isinstance(function, RangeFunction) and function.growth is not None
        case ast.AggregateExpr():
            return str(node.op) == "sum" and is_count(node.expr, records, path)
        case ast.BinaryExpr():
            operator = str(node.op)
            left, right = (is_count(side, records, path) for side in (node.lhs, node.rhs))
            by_number = is_filter(operator, node.modifier) or operator in ("*", "/")
            if by_number and isinstance(syntax.bare(node.rhs), ast.NumberLiteral):
                return left
            if operator == "*" and isinstance(syntax.bare(node.lhs), ast.NumberLiteral):
                return right
            return left if operator in ("and", "unless") else left and right and operator in ("+", "or")
        case _:
            return False


def is_ratio_of_counts(node: Any, records: Records) -> bool:
    """True for a division, one to one, of two counts. Raises UnsupportedError as `is_count`."""
    if not isinstance(node, ast.BinaryExpr) or str(node.op) != "/":
        return False
    one_to_one = node.modifier is None or str(node.modifier.card).rpartition(".")[2] == "OneToOne"
    return one_to_one and is_count(node.lhs, records) and is_count(node.rhs, records)


def is_sum_of_counts(rule: Rule, records: Records) -> bool:
    """True for a rule that records sums of counts. Raises UnsupportedError as `is_count`."""
    tree = syntax.bare(syntax.parse(rule.expression))
    return isinstance(tree, ast.AggregateExpr) and is_count(tree, records, (rule.name,))


def level_of(name: str) -> str | None:
    """The level of a record's name; None where the name has none."""
    level, separator, _ = name.partition(SEPARATOR)
    return level if separator and level else None


def labels_in(level: str, known: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Which of the known labels a level names, the longest first, and its words that are none of them."""
    rest, found = f"_{level}_", set[str]()
    for label in sorted(known, key=lambda label: (-len(label), label)):
        if f"_{label}_" in rest:
            found.add(label)
            rest = rest.replace(f"_{label}_", "_/_")
    return frozenset(found), tuple(word for word in rest.split("_") if word not in ("", "/"))
