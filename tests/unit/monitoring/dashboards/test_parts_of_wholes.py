"""Which divisions give a share that cannot be more than a whole."""

import pytest

from harness.monitoring.dashboards import units
from harness.promql import syntax

ALL = "sum(rate(requests_total[5m]))"
FAILED = 'sum(rate(requests_total{status=~"5.."}[5m]))'
OF_SHOP = 'sum(rate(requests_total{view="shop"}[5m]))'


@pytest.mark.parametrize(
    ("expression", "whole"),
    [
        (f"{FAILED} / {ALL}", 1.0),
        (f"100 * {FAILED} / {ALL}", 100.0),
        (f"({FAILED} / {ALL}) * 100", 100.0),
        (f"{FAILED} * 60 / {ALL}", 60.0),
        (f"1 - {FAILED} / {ALL}", 1.0),
        (f"({FAILED} or 0 * {ALL}) / ({ALL} > 0)", 1.0),
        (f"max({FAILED} / {ALL})", 1.0),
    ],
)
def test_a_part_of_a_whole_is_known(expression: str, whole: float) -> None:
    """However it is written, and by what it is multiplied."""
    assert units.part_of_whole(syntax.parse(expression)) == whole


@pytest.mark.parametrize(
    "expression",
    [
        f"{ALL} / {FAILED}",
        f"({OF_SHOP} or {ALL}) / {OF_SHOP}",
        f"({FAILED} + {ALL}) / {ALL}",
        f"{FAILED} / on () group_right () sum by (view) (rate(requests_total[5m]))",
        f"{FAILED} / sum(rate(others_total[5m]))",
        f"{FAILED} / sum(rate(requests_total[1h]))",
        f"{FAILED} / sum(rate(requests_total[5m] offset 1d))",
        f"sum(increase(requests_total[5m])) / {ALL}",
        f"{FAILED} / {ALL} / {ALL}",
        FAILED,
    ],
)
def test_what_may_be_more_than_a_whole_is_none(expression: str) -> None:
    """The whole divided by its part, sums, other moments, other metrics."""
    assert units.part_of_whole(syntax.parse(expression)) is None
