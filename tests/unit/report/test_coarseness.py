"""Shown percentiles beside the witnessed ones, and the buckets with which they would be near enough."""

from bisect import bisect_right
from dataclasses import replace

import pytest

from harness import promql
from harness.core.codes import FindingCode
from harness.core.report import Distribution, Report, ViewReport
from harness.core.verdict import Finding
from harness.report import coarseness
from tests.unit.report.render.sample import coarse, passing


def shares_at(witness: Distribution, bounds: tuple[float, ...]) -> list[float]:
    places = [bisect_right(witness.latency_s, bound) for bound in bounds]
    return [witness.shares[place - 1] if place else 0.0 for place in places]


def only(report: Report, view: ViewReport) -> Report:
    return replace(report, views=(view,))


def test_only_what_lies_beyond_the_budget() -> None:
    """The furthest first, with the bucket that holds it."""
    found = coarseness.coarse(coarse())
    assert [(each.view.view, each.quantile) for each in found] == [("work:fast", "p95"), ("work:fast", "p50")]
    assert (found[0].low_s, found[0].high_s) == (0.0, 0.005)
    assert found[0].off == pytest.approx(0.00475 / found[0].witness_s - 1)
    assert coarseness.coarse(passing()) == ()


def test_time_between_timer_and_witness_is_no_matter_of_buckets() -> None:
    """What was witnessed lies above the bucket that holds it: finer bounds would show the same."""
    fast = coarse().views[1]
    late = replace(fast, witness=replace(fast.witness, p95_s=0.0051))
    assert [each.quantile for each in coarseness.coarse(only(coarse(), late))] == ["p50"]
    on_the_edge = replace(fast, witness=replace(fast.witness, p95_s=0.0033))
    assert "p95" in [each.quantile for each in coarseness.coarse(only(coarse(), on_the_edge))]


@pytest.mark.parametrize(
    ("requests", "judged"), [(9, []), (10, ["p50"]), (100, ["p50", "p95"]), (500, ["p50", "p95", "p99"])]
)
def test_a_percentile_needs_requests_beyond_it(requests: int, judged: list[str]) -> None:
    """Five at least: of fewer it is one request's latency."""
    view = passing().views[1]
    rare = replace(view, witness=replace(view.witness, requests=requests))
    assert [each.quantile for each in coarseness.judged(rare)] == judged


def test_without_witness_or_histogram_nothing_is_judged() -> None:
    """There is nothing to be compared with, or nothing shown."""
    view = passing().views[1]
    assert (
        list(coarseness.judged(replace(view, witness=replace(view.witness, p50_s=None, p95_s=None, p99_s=None)))) == []
    )
    assert list(coarseness.judged(replace(view, metric_distribution=None))) == []


def test_what_is_timed_twice_is_no_matter_of_buckets() -> None:
    """The histogram holds other observations than the requests."""
    twice = Finding(FindingCode.DOUBLE_OBSERVATION, "work:fast", "", "latency-conservation", {"view": "work:fast"})
    assert coarseness.coarse(replace(coarse(), findings=(twice,))) == ()


@pytest.mark.parametrize("ratio", [0.1, 0.25, 0.5])
def test_the_wanted_bounds_would_do(ratio: float) -> None:
    """With them, histogram_quantile() gives each percentile within the budget; the present bounds stay."""
    report = replace(only(coarse(), coarse().views[1]), percentile_ratio=ratio)
    bounds = coarseness.wanted_bounds(report)
    assert {0.005, 0.05, 0.5} <= set(bounds)
    assert list(bounds) == sorted(set(bounds))
    for each in coarseness.coarse(report):
        witness = each.view.witness_distribution
        assert witness is not None
        buckets = [*zip(bounds, shares_at(witness, bounds), strict=True), (float("inf"), 1.0)]
        value = promql.histogram_quantile(coarseness.QUANTILES[each.quantile], buckets)
        assert abs(value / each.witness_s - 1) <= ratio


def test_no_bounds_where_none_are_needed_or_none_would_do() -> None:
    """A budget that would take too many buckets gets no advice instead of a bad one."""
    assert coarseness.wanted_bounds(passing()) == ()
    assert coarseness.wanted_bounds(replace(coarse(), percentile_ratio=0.0001)) == ()
