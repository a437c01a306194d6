"""The corrected expression of a panel, where what is wrong with it leaves no choice; else empty."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import promql_parser as ast

from harness.checks.monitoring._panel_evidence import ParsedPanel
from harness.instrumentation.base import Instrumentation
from harness.monitoring.dashboards import forms
from harness.promql import syntax, unparse, vectors
from harness.promql.functions import Kind
from harness.promql.quantile import BOUND

PANEL_RANGE = "$__rate_interval"
"""What Grafana puts in: at least four scrapes."""
STAND_IN = "7m13s"
"""In its place where an expression is parsed."""
RULE_RANGE = "5m"


def with_bounds(tree: Any) -> str:
    """With `le` kept by each sum under a quantile."""

    def change(node: Any) -> str | None:
        if not isinstance(node, ast.AggregateExpr) or str(node.op) in forms.CHOOSING or str(node) not in losing:
            return None
        labels = list(node.modifier.labels) if node.modifier is not None else []
        if node.modifier is None or vectors.keeps(node.modifier):
            return unparse.aggregate(node, f"by ({', '.join([BOUND, *labels])})", change)
        kept = ", ".join(label for label in labels if label != BOUND)
        return unparse.aggregate(node, f"without ({kept})", change)

    losing = {str(node) for node in _under_quantiles(tree) if isinstance(node, ast.AggregateExpr) and _loses(node)}
    return _if_right(unparse.rewritten(tree, change), lambda made: not forms.loses_bounds(made))


def rated(asked: ParsedPanel, is_counter: forms.IsCounter) -> str:
    """With rate() around each counter that is read as it is."""
    range_text = RULE_RANGE if asked.panel.rule else STAND_IN

    def change(node: Any) -> str | None:
        if isinstance(node, ast.MatrixSelector | ast.SubqueryExpr):
            return None
        found = unparse.selector(node) if isinstance(node, ast.VectorSelector) else None
        if found is None or not is_counter(found.name):
            return None
        return f"rate({replace(found, range=range_text).text})"

    made = unparse.rewritten(asked.tree, change)
    made = _if_right(made, lambda tree: not forms.bare_counter(tree, is_counter))
    return made.replace(f"[{STAND_IN}]", f"[{PANEL_RANGE}]") if STAND_IN not in asked.panel.expression else ""


def times(asked: ParsedPanel, factor: float) -> str:
    """Multiplied, so that its unit is the panel's."""
    operand = unparse.operand(asked.tree)
    return f"{operand} * {factor:.12g}" if operand and math.isfinite(factor) else ""


def with_bound(asked: ParsedPanel, metric: str, absent: str, near: str) -> str:
    """With a bound that there is in the place of one that no bucket has."""

    def change(node: Any) -> str | None:
        found = unparse.selector(node) if isinstance(node, ast.VectorSelector | ast.MatrixSelector) else None
        if found is None or found.name != metric or (BOUND, "=", absent) not in found.matchers:
            return None
        matchers = ((BOUND, "=", near) if each == (BOUND, "=", absent) else each for each in found.matchers)
        return replace(found, matchers=tuple(matchers)).text

    return unparse.rewritten(asked.tree, change)


def renamed(asked: ParsedPanel, metric: str, meant: str, names: Instrumentation) -> str:
    """With the metric that is meant, where the labels that are asked for are its own as well."""
    own = names.labels
    known = {own.view, own.method, own.status, BOUND, "job", "instance", "app"}
    asked_for = {name for each in asked.selections if each.metric == metric for name in each.labels}
    if not meant or not {*asked_for, *syntax.grouping(asked.tree)} <= known:
        return ""

    def change(node: Any) -> str | None:
        found = unparse.selector(node) if isinstance(node, ast.VectorSelector | ast.MatrixSelector) else None
        return replace(found, name=meant).text if found is not None and found.name == metric else None

    return unparse.rewritten(asked.tree, change)


def _under_quantiles(tree: Any) -> list[Any]:
    return [
        node
        for each in forms.nodes(tree)
        for kind, child in syntax.arguments(each)
        if kind is Kind.BUCKETS
        for node in forms.nodes(child)
    ]


def _loses(node: Any) -> bool:
    if node.modifier is None:
        return True
    return (BOUND in node.modifier.labels) != vectors.keeps(node.modifier)


def _if_right(made: str, is_right: Callable[[Any], bool]) -> str:
    return made if made and is_right(syntax.parse(made)) else ""
