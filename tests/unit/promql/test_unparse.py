"""Trees written as text again, whole and with some nodes otherwise."""

from dataclasses import replace
from typing import Any

import promql_parser as ast
import pytest

from harness.promql import syntax, unparse

EXPRESSIONS = (
    "up",
    'rate(requests_total{job="web", view=~"shop:.*", status!="404", method!~"HEAD|OPTIONS"}[1h30m] offset 5m)',
    '{__name__="up"} @ 1700000000.500',
    "sum by (le, view) (rate(seconds_bucket[5m])) / ignoring (le) group_left (view) sum without (le) (x)",
    "topk(3, -a ^ 2 * (b + c)) > bool 1e-9",
    'count_values("version", build_info) or on () vector(0)',
    "max_over_time(sum(rate(x[1m]))[1d:30s] @ end() offset -3m)",
    "histogram_quantile(0.95, sum(rate(x_bucket[5m])) by (le)) and a unless on (job) b",
    'label_replace(a, "b", "$1", "c", "\\"(.*)\\\\.x")',
)


def renamed(text: str) -> str:
    def change(node: Any) -> str | None:
        if isinstance(node, ast.VectorSelector | ast.MatrixSelector) and (found := unparse.selector(node)):
            return replace(found, name=f"new_{found.name}").text if found.name else None
        return None

    return unparse.rewritten(syntax.parse(text), change)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_what_is_written_again_is_the_same_tree(text: str) -> None:
    """But for what was changed: with the old names again it is the old tree."""
    made = renamed(text)
    if text.startswith("{"):
        assert made == ""
        return
    assert str(syntax.parse(made.replace("new_", ""))) == str(syntax.parse(text))


def test_without_a_change_there_is_no_text() -> None:
    """And none where a selector joins its matchers by `or`."""
    assert unparse.rewritten(syntax.parse("rate(a[5m])"), lambda _: None) == ""
    assert renamed('sum({a="b" or c="d"})') == ""


@pytest.mark.parametrize(("text", "operand"), [("a", "a"), ("sum(a)", "sum(a)"), ("a + b", "(a + b)"), ("-a", "(-a)")])
def test_an_operand_has_its_brackets(text: str, operand: str) -> None:
    """Where it would be torn apart without."""
    assert unparse.operand(syntax.parse(text)) == operand
