"""What makes one second of an expression's value."""

import json

import pytest

from harness.monitoring.dashboards import grafana, units
from harness.monitoring.dashboards.units import per_second
from harness.promql import syntax

BUCKETS = "sum by (le) (rate(checkout_seconds_bucket[5m]))"
MEAN = "sum(rate(checkout_seconds_sum[5m])) / sum(rate(checkout_seconds_count[5m]))"


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        (f"histogram_quantile(0.9, {BUCKETS})", 1),
        (f"max(histogram_quantile(0.9, {BUCKETS})) * 1000", 1000),
        (f"1e6 * (histogram_quantile(0.9, {BUCKETS}) > 0)", 1e6),
        (f"histogram_quantile(0.9, {BUCKETS}) / 0.001", 1000),
        (f"{MEAN} or vector(0)", 1),
        (f"({MEAN}) * 1000", 1000),
        ("sum(1000 * rate(checkout_seconds_sum[5m])) / sum(rate(checkout_seconds_count[5m]))", None),
        ("histogram_quantile(0.9, sum by (le) (rate(body_bytes_bucket[5m])))", None),
        ("rate(checkout_seconds_count[5m])", None),
        ("sum(rate(checkout_seconds_sum[5m]))", None),
        (f"sum(histogram_quantile(0.9, {BUCKETS}))", None),
        (f"histogram_quantile(0.9, {BUCKETS}) / on () group_left () {MEAN}", None),
        ("vector(1) / 0", None),
    ],
)
def test_percentiles_and_means_of_seconds_are_seconds(text: str, factor: float | None) -> None:
    """Unless they are multiplied; of anything else it is not known."""
    assert per_second(syntax.parse(text)) == (None if factor is None else pytest.approx(factor))


@pytest.mark.parametrize(
    ("more", "unit"),
    [
        ({"fieldConfig": {"defaults": {"unit": "ms"}}}, "ms"),
        ({"fieldConfig": {"defaults": {"unit": "ms"}, "overrides": [{"matcher": {}}]}}, ""),
        ({"fieldConfig": {"defaults": {"unit": "ms"}}, "transformations": [{"id": "calculateField"}]}, ""),
        ({"fieldConfig": {"defaults": {}}}, ""),
        ({"fieldConfig": None}, ""),
        ({}, ""),
    ],
)
def test_a_panel_has_a_unit_where_all_that_it_shows_has_it(more: dict[str, object], unit: str) -> None:
    """Neither where a series may have another, nor where Grafana computes with it."""
    panel = {"title": "Checkout", "targets": [{"refId": "A", "expr": "up"}], **more}
    (target,) = grafana.parse(json.dumps({"title": "Shop", "panels": [panel]}), "shop.json").targets
    assert target.unit == unit


@pytest.mark.parametrize(
    ("expression", "factor"),
    [
        ("sum(rate(a[5m])) / sum(rate(b[5m]))", 1.0),
        ("100 * sum(rate(a[5m])) / sum(rate(b[5m]))", 100.0),
        ("sum(rate(a[5m])) / sum(rate(b[5m])) * 100", 100.0),
        ("(sum(rate(a[5m])) / sum(rate(b[5m]))) * 100 > 5", 100.0),
        ("1 - sum(rate(a[5m])) / sum(rate(b[5m]))", 1.0),
        ("100 * (1 - sum(rate(a[5m])) / sum(rate(b[5m])))", 100.0),
        ("100 - 100 * sum(rate(a[5m])) / sum(rate(b[5m]))", 100.0),
        ("clamp_max(avg(rate(a[5m]) / rate(b[5m])), 1)", 1.0),
        ("sum(rate(a[5m])) / sum(rate(b[5m])) / 60", 1 / 60),
        ("2 - sum(rate(a[5m])) / sum(rate(b[5m]))", None),
        ("sum(rate(a[5m]))", None),
        ("a / b", None),
        ("sum(rate(a[5m])) / 5", None),
    ],
)
def test_shares(expression: str, factor: float | None) -> None:
    """A count divided by a count, and what multiplies it."""
    found = units.per_one(syntax.parse(expression))
    assert found is None if factor is None else found == pytest.approx(factor)
