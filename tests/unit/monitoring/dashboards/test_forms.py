"""What an expression means by its form alone."""

import pytest

from harness.monitoring.dashboards import forms
from harness.promql import syntax


def is_counter(metric: str) -> bool:
    return metric.endswith(("_total", "_bucket", "_count", "_sum"))


@pytest.mark.parametrize(
    ("expression", "counter"),
    [
        ("a_total", "a_total"),
        ("sum by (x) (a_total{y='z'})", "a_total"),
        ("sum(a_total) / sum(b_total)", "a_total"),
        ("sum(rate(a_total[5m])) / sum(b_total)", "b_total"),
        ("histogram_quantile(0.9, sum by (le) (a_bucket))", "a_bucket"),
        ("max_over_time(a_total[5m])", "a_total"),
        ("max_over_time(sum(a_total)[5m:1m])", "a_total"),
        ("topk(5, a_total)", "a_total"),
        ("a_total > 5", "a_total"),
        ("-a_total", "a_total"),
        ('label_replace(a_total, "x", "$1", "y", "(.*)")', "a_total"),
        ("rate(a_total[5m]) or a_total", "a_total"),
        ("rate(a_total[5m])", ""),
        ("sum(increase(a_total[5m])) * 60", ""),
        ("a_total - b_total", ""),
        ("sum(a_total) - sum(b_total)", ""),
        ("a_total - a_total offset 5m", ""),
        ("count(a_total)", ""),
        ("count by (x) (a_total) > 1", ""),
        ("absent(a_total)", ""),
        ("rate(a_total[5m]) or 0 * a_total", ""),
        ("rate(a_total[5m]) and a_total > 5", ""),
        ("rate(a_total[5m]) unless on (x) a_total", ""),
        ("time() - timestamp(a_total)", ""),
        ("changes(a_total[5m])", ""),
        ("rate(sum(a_total)[5m:1m])", ""),
        ("a_gauge", ""),
        ("5", ""),
    ],
)
def test_a_counter_that_is_shown_as_it_is(expression: str, counter: str) -> None:
    """Not where it is counted, compared away, subtracted from another, or read by a function of growth."""
    assert forms.bare_counter(syntax.parse(expression), is_counter) == counter


@pytest.mark.parametrize(
    ("inner", "loses"),
    [
        ("sum(rate(a_bucket[5m]))", True),
        ("sum by (view) (rate(a_bucket[5m]))", True),
        ("sum without (le) (rate(a_bucket[5m]))", True),
        ("sum by (le) (sum by (view) (rate(a_bucket[5m])))", True),
        ("sum by (view) (rate(a_bucket[5m])) + on (view) sum by (view) (rate(b_bucket[5m]))", True),
        ("sum by (le, view) (rate(a_bucket[5m]))", False),
        ("sum without (instance) (rate(a_bucket[5m]))", False),
        ("rate(a_bucket[5m])", False),
        ("a_bucket", False),
        ("topk(5, sum by (le) (rate(a_bucket[5m])))", False),
        ("sum by (le) (rate(a_bucket[5m])) > 0", False),
        ("sum by (le) (rate(a_bucket[5m])) * 2", False),
        ("sum(rate(b[5m])) or sum by (le) (rate(a_bucket[5m]))", False),
        ("sum by (le) (rate(a_bucket[5m])) / on (le) group_left () b", False),
        ("2 * rate(a_bucket[5m])", False),
        ('label_replace(sum by (x) (rate(a_bucket[5m])), "le", "$1", "x", "(.*)")', False),
    ],
)
def test_percentiles_of_sums_without_bounds(inner: str, loses: bool) -> None:
    """Every way to keep a bound counts."""
    assert forms.loses_bounds(syntax.parse(f"max(histogram_quantile(0.9, {inner}))")) is loses


@pytest.mark.parametrize(
    ("expression", "constant"),
    [
        ("rate(a{s='5'}[5m]) / rate(a[5m])", True),
        ("100 * rate(a{s='5'}[5m]) / rate(a[5m])", True),
        ("rate(a[5m]) / rate(a{s='5'}[5m]) * 100", True),
        ("sum by (s) (rate(a{s=~'5.'}[5m])) / sum by (s) (rate(a[5m]))", True),
        ("sum by (s, v) (rate(a{s=~'5.'}[5m])) / on (s, v) sum by (s, v) (rate(a[5m]))", True),
        ("sum(a) / sum(a)", True),
        ("rate(a{s='5'}[5m]) / rate(a{v!='x'}[5m])", True),
        ("1 - rate(a{s='5'}[5m]) / rate(a[5m])", True),
        ("sum(rate(a{s='5'}[5m])) / sum(rate(a[5m]))", False),
        ("sum by (v) (rate(a{s='5'}[5m])) / sum by (v) (rate(a[5m]))", False),
        ("rate(a{s='5'}[5m]) / ignoring (s) rate(a[5m])", False),
        ("rate(a{s='5'}[5m]) / on (v) group_left () rate(a[5m])", False),
        ("rate(a{s='5'}[5m]) / rate(a{s='4'}[5m])", False),
        ("rate(a{s='5'}[5m]) / rate(b[5m])", False),
        ("rate(a{s='5'}[5m]) / rate(a[1h])", False),
        ("rate(a[5m]) / rate(a[5m] offset 1d)", False),
        ("increase(a[5m]) / rate(a[5m])", False),
        ("rate(a[5m]) - rate(a[5m])", False),
        ("a / 2", False),
    ],
)
def test_a_division_of_each_series_by_itself(expression: str, constant: bool) -> None:
    """The label that tells the sides apart must be gone before they match."""
    assert bool(forms.constant_ratio(syntax.parse(expression))) is constant


@pytest.mark.parametrize(
    ("expression", "hides"),
    [
        ("sum(rate(a[5m])) or vector(0)", True),
        ("sum(rate(a[5m]) or vector(0))", True),
        ("(sum(rate(a[5m])) or vector(0)) * 100", True),
        ("round(sum(rate(a[5m])) or vector(0))", True),
        ("sum(rate(a[5m])) or on () vector(0)", True),
        ("(sum(rate(a[5m])) or vector(0)) / (sum(rate(b[5m])) or vector(1))", True),
        ("(sum(rate(a[5m])) or vector(0)) / sum(rate(b[5m]))", False),
        ("1 - (sum(rate(a[5m])) or vector(0)) / sum(rate(b[5m]))", False),
        ("(sum(rate(a[5m])) or vector(0)) > 5", False),
        ("sum(rate(b[5m])) and (sum(rate(a[5m])) or vector(0))", False),
        ("sum(rate(a[5m])) or 0 * sum(rate(b[5m]))", False),
        ("sum(rate(a[5m]))", False),
        ("vector(1)", False),
    ],
)
def test_a_number_where_nothing_is(expression: str, hides: bool) -> None:
    """Unless what it is part of is empty without data."""
    assert forms.hides_absence(syntax.parse(expression)) is hides


def test_other_forms() -> None:
    """The growth of two scrapes, and an average of ratios."""
    assert forms.looks_at_two(syntax.parse("sum(irate(a[5m]))"))
    assert not forms.looks_at_two(syntax.parse("sum(rate(a[5m]))"))
    assert forms.averages_ratios(syntax.parse("avg by (v) (rate(a[5m]) / rate(b[5m]))"))
    assert not forms.averages_ratios(syntax.parse("sum(rate(a[5m])) / sum(rate(b[5m]))"))
    assert not forms.averages_ratios(syntax.parse("avg(a / b)"))
