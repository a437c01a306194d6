"""What an expression loses where it puts series together."""

import math
from typing import Any

import pytest

from harness.core.query import Series
from harness.monitoring.dashboards import merges
from harness.promql import NEWEST, Engine, Samples, syntax
from harness.promql.vectors import Value


def series(name: str, grown: float, **labels: str) -> Series:
    """A counter that grows by so much a second over a minute."""
    points = tuple((float(at), grown * at) for at in range(0, 61, 10))
    return Series({"__name__": name, **labels}, points)


GIVEN = {
    "all": [series("all", 4, v="a", i="1"), series("all", 2, v="b", i="1"), series("all", 0, v="idle", i="1")],
    "bad": [series("bad", 1, v="a", i="1")],
    "part": [series("part", 3, v="a", instance="x"), series("part", 5, v="a", instance="y")],
    "lone": [series("lone", 3, v="a", instance="x"), series("lone", 5, v="b", instance="y")],
}


def evaluate(node: Any) -> Value:
    return Engine(Samples(series=GIVEN, at_s=60.0, dialect=NEWEST)).value(node)


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("avg(rate(all[1m]) / rate(all[1m]))", {"v": "idle", "i": "1"}),
        ("sum by (i) (rate(all[1m]) / rate(all[1m])) * 2", {"v": "idle", "i": "1"}),
        ("avg by (v) (rate(all[1m]) / rate(all[1m]))", None),
        ("max(rate(all[1m]) / rate(all[1m]))", None),
        ("avg(rate(all[1m]))", None),
        ("avg(rate(all{v='idle'}[1m]) / rate(all[1m]))", None),
    ],
)
def test_one_idle_series(expression: str, labels: dict[str, str] | None) -> None:
    """Only where others of its group have numbers."""
    found = merges.idle(syntax.parse(expression), evaluate)
    assert (found and dict(found)) == labels


@pytest.mark.parametrize(
    ("expression", "dropped"),
    [
        ("sum by (v, i) (rate(all[1m])) / sum by (v) (rate(all[1m]))", ("/", (), 3)),
        ("sum by (v) (rate(all[1m])) - sum by (v) (rate(bad[1m]))", ("-", (("v", "b"),), 1)),
        ("sum by (v) (rate(bad[1m])) + sum by (v) (rate(all[1m]))", ("+", (("v", "b"),), 1)),
        ("1 - sum by (v) (rate(all[1m])) / sum by (v) (rate(bad[1m]))", ("/", (("v", "b"),), 1)),
        ("sum by (v) (rate(bad[1m])) / sum by (v) (rate(all[1m]))", None),
        ("sum(rate(all[1m])) - sum(rate(bad[1m]))", None),
        ("sum by (v) (rate(all[1m])) / on (v) group_left () sum by (v) (rate(bad[1m]))", None),
        ("sum by (v) (rate(all[1m])) - (sum by (v) (rate(bad[1m])) or 0 * sum by (v) (rate(all[1m])))", None),
        ("sum by (v) (rate(all[1m])) > sum by (v) (rate(bad[1m]))", None),
        ("sum by (v) (rate(all[1m])) - sum by (v) (rate(bad[1m] offset 1s))", None),
        ("rate(all[1m]) * 5", None),
        ("rate(all[1m]) / rate(nothing[1m])", None),
    ],
)
def test_series_that_matching_leaves_out(expression: str, dropped: tuple[str, Any, int] | None) -> None:
    """What has a value and no partner; of a division the right side may be more."""
    found = merges.dropped(syntax.parse(expression), evaluate)
    assert (found and (found.operator, found.labels, found.count)) == dropped
    assert found is None or (math.isnan(found.value) if not found.labels else found.value > 0)


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("max(rate(part[1m]))", ("x", "y")),
        ("min by (v) (rate(part[1m]))", ("x", "y")),
        ("max by (instance) (rate(part[1m]))", ()),
        ("max(sum by (v) (rate(part[1m])))", ()),
        ("max(rate(lone[1m]))", ()),
        ("max(part)", ()),
        ("sum(rate(part[1m]))", ()),
    ],
)
def test_one_instance_for_all(expression: str, parts: tuple[str, ...]) -> None:
    """Only of counts that several instances share."""
    assert merges.largest_of_parts(syntax.parse(expression), evaluate) == parts
