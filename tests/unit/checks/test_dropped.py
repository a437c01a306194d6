"""A histogram that is dropped on purpose, and what only looks so."""

from dataclasses import replace
from typing import Any

import pytest

from harness.checks import dropped
from harness.checks.base import settled
from harness.core.codes import Code, FindingCode
from harness.core.query import NoSeries, Query, Reading, Series
from harness.core.verdict import Finding, Verdict
from harness.evidence.prometheus_evidence import Evidence, raw_query
from harness.instrumentation.base import PARTS
from harness.instrumentation.django_prometheus.metrics import (
    LATENCY_ALL,
    LATENCY_BY_VIEW,
    REQUESTS,
    RESPONSES,
    RESPONSES_BY_VIEW,
)
from harness.promql.own_series import SAMPLES_KEPT, SAMPLES_READ, UP
from tests.unit.checks.facts import RUN, facts

WINDOW = replace(RUN.window, start_s=10.0, end_s=12.0, scrape_interval_s=1.0)
SCRAPES = (10.0, 11.0, 12.0)
ABOUT_A_VIEW = settled("latency-buckets", "shop:cart GET", Code.MISSING, "", labels={"view": "shop:cart"})
ABOUT_ALL = settled("latency-buckets", "all views", Code.MISSING, "")
WRONG = settled("latency-buckets", "shop:cart GET", Code.TOO_HIGH, "", labels={"view": "shop:cart"})


def given(
    gone: tuple[str, ...], *, spare: tuple[float, ...] = (9, 9, 9), counted: bool = True, old: bool = False
) -> Any:
    """Facts in which the histograms `gone` have no series, and each scrape kept so many samples fewer than it read."""
    made = facts(run={"window": WINDOW, "instances": ("a:1",), "recorded": None if old else ()})
    answers: dict[Query, Any] = {}
    for histogram in (LATENCY_BY_VIEW, LATENCY_ALL):
        for part in PARTS:
            points = tuple((at, at) for at in SCRAPES)
            there = NoSeries() if histogram in gone else Reading((Series({"instance": "a:1"}, points),))
            answers[raw_query(made.run, f"{histogram}_{part}")] = there
    for metric, view in ((REQUESTS, ""), (RESPONSES, ""), (RESPONSES_BY_VIEW, "shop:cart"), (UP, "")):
        series = Series({"instance": "a:1", "view": view, "method": "GET"}, tuple((at, at) for at in SCRAPES))
        answers[raw_query(made.run, metric)] = Reading((series,)) if counted or not view else NoSeries()
    for metric, less in ((SAMPLES_READ, (0.0, 0.0, 0.0)), (SAMPLES_KEPT, spare)):
        points = tuple((at, 50.0 - each) for at, each in zip(SCRAPES, less, strict=True))
        answers[raw_query(made.run, metric)] = Reading((Series({"instance": "a:1"}, points),))
    return replace(made, evidence=Evidence(answers))


def test_what_a_dropped_histogram_is_needed_for_is_not_proved() -> None:
    """One finding a check, in place of its verdicts on what is not there."""
    (finding,) = dropped.spared(given((LATENCY_BY_VIEW,)), "latency-buckets", [ABOUT_A_VIEW])
    assert isinstance(finding, Finding)
    assert (finding.code, finding.labels) == (FindingCode.UNPROVED, {"metric": LATENCY_BY_VIEW})


def test_what_is_wrong_all_the_same_stays() -> None:
    """A value is not missing."""
    kept = dropped.spared(given((LATENCY_BY_VIEW,)), "latency-buckets", [ABOUT_A_VIEW, WRONG])
    assert [each for each in kept if isinstance(each, Verdict)] == [WRONG]


def test_the_histogram_of_all_requests_says_nothing_of_views() -> None:
    """Each histogram excuses what needs it."""
    kept = dropped.spared(given((LATENCY_ALL,)), "latency-buckets", [ABOUT_A_VIEW, ABOUT_ALL])
    assert [each for each in kept if isinstance(each, Verdict)] == [ABOUT_A_VIEW]


def test_checks_of_counts_keep_their_verdicts() -> None:
    """They need no histogram."""
    assert dropped.spared(given((LATENCY_BY_VIEW,)), "request-counts", [ABOUT_A_VIEW]) == (ABOUT_A_VIEW,)


@pytest.mark.parametrize(
    "facts_",
    [
        given((), spare=(9, 9, 9)),
        given((LATENCY_BY_VIEW,), spare=(9, 0, 9)),
        given((LATENCY_BY_VIEW,), spare=(2, 2, 2)),
        given((LATENCY_BY_VIEW,), counted=False),
        given((LATENCY_BY_VIEW,), old=True),
    ],
    ids=["it is there", "kept once", "too few", "no middleware", "a run of before"],
)
def test_what_only_looks_dropped_is_judged(facts_: Any) -> None:
    """Nothing is excused."""
    assert dropped.histograms(facts_) == ()
    assert dropped.spared(facts_, "latency-buckets", [ABOUT_A_VIEW]) == (ABOUT_A_VIEW,)
