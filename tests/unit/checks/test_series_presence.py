"""Gaps in series, by series and time, and what is none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.checks.validity import series_presence
from harness.core.codes import Code, FindingCode
from harness.core.query import NoSeries, Query, Reading, Series
from harness.core.verdict import Finding, Verdict
from harness.evidence.prometheus_evidence import Evidence, raw_query
from harness.instrumentation.django_prometheus.metrics import COUNTERS, REQUESTS, RESPONSES
from harness.promql.own_series import UP
from tests.unit.checks.facts import RUN, facts

SCRAPES = (9.0, 10.0, 11.0, 12.0, 13.0)
WINDOW = replace(RUN.window, start_s=10.0, end_s=13.0, scrape_interval_s=1.0)


def judged(
    series: Mapping[str, Sequence[float]], *, up: Sequence[float] = (1, 1, 1, 1, 1), instance: str = "a:1"
) -> tuple[list[Verdict], list[Finding]]:
    """Verdicts and findings on counters with samples at the given times."""
    made = facts(run={"window": WINDOW})
    answers: dict[Query, Any] = {raw_query(made.run, metric): NoSeries() for metric in COUNTERS}
    for metric, times in series.items():
        points = tuple((at, 5.0) for at in times)
        answers[raw_query(made.run, metric)] = Reading((Series({"__name__": metric, "instance": instance}, points),))
    scrapes = tuple(zip(SCRAPES, map(float, up), strict=True))
    answers[raw_query(made.run, UP)] = Reading((Series({"instance": "a:1"}, scrapes),))
    results = series_presence.judge(replace(made, evidence=Evidence(answers)))
    return (
        [each for each in results if isinstance(each, Verdict)],
        [each for each in results if isinstance(each, Finding)],
    )


def test_a_series_at_each_scrape_is_present() -> None:
    """Also one that appeared in between."""
    (verdict,), findings = judged({REQUESTS: SCRAPES, RESPONSES: SCRAPES[3:]})
    assert (verdict.code, findings) == (Code.AGREES, [])
    assert "all 2 series have a sample at each of 4 scrapes" in verdict.why


def test_a_gap_is_named_by_series_and_time() -> None:
    """And how many there are."""
    (verdict,), _ = judged({REQUESTS: SCRAPES, RESPONSES: (9.0, 10.0, 12.0)})
    assert (verdict.code, verdict.observed) == (Code.GAP, 2)
    assert verdict.labels == {"instance": "a:1", "metric": RESPONSES}
    assert "1 of 2 series have no sample at 2 of 4 successful scrapes, 1.000 s, 3.000 s after t0" in verdict.why


def test_a_gap_before_the_window_is_none() -> None:
    """Only what is judged must be there."""
    (verdict,), _ = judged({REQUESTS: (8.0, 10.0, 11.0, 12.0, 13.0)}, up=(1, 1, 1, 1, 1))
    assert verdict.code is not Code.GAP


def test_a_target_that_was_down_has_no_gap() -> None:
    """A failed scrape stores nothing, and is another check's."""
    (verdict,), _ = judged({REQUESTS: (9.0, 10.0, 12.0, 13.0)}, up=(1, 1, 0, 1, 1))
    assert verdict.code is Code.AGREES
    assert "3 scrapes" in verdict.why


def test_samples_with_timestamps_of_their_own_are_no_gaps_and_are_named() -> None:
    """What else there is, is judged."""
    own = (9.4, 10.4, 11.4, 12.4)
    (verdict,), (finding,) = judged({REQUESTS: SCRAPES, RESPONSES: own})
    assert verdict.code is Code.AGREES
    assert (finding.code, finding.labels) == (FindingCode.OWN_TIMESTAMPS, {"instance": "a:1"})
    assert "1 of 2 series bear timestamps of their own" in finding.text
    (verdict,), _ = judged({RESPONSES: own})
    assert verdict.code is Code.UNDECIDED


def test_a_target_without_counters_is_not_judged() -> None:
    """One that exports something else, beside the app."""
    (verdict,), _ = judged({REQUESTS: SCRAPES}, instance="b:1")
    assert verdict.code is Code.NOTHING_COUNTED


def test_each_entry_of_an_instance_that_is_listed_twice_has_scrapes_of_its_own() -> None:
    """Told apart by the labels of the entry, so neither's samples look as if they had times of their own."""
    made = facts(run={"window": WINDOW})
    between = tuple(at + 0.4 for at in SCRAPES[:-1])
    entries = [({"instance": "a:1", "rack": "left"}, SCRAPES), ({"instance": "a:1", "rack": "right"}, between)]

    def judged_with(*exported: Sequence[float]) -> tuple[Verdict | Finding, ...]:
        answers: dict[Query, Any] = {raw_query(made.run, metric): NoSeries() for metric in COUNTERS}
        answers[raw_query(made.run, UP)] = Reading(
            tuple(Series(labels, tuple((at, 1.0) for at in times)) for labels, times in entries)
        )
        answers[raw_query(made.run, REQUESTS)] = Reading(
            tuple(
                Series({"__name__": REQUESTS, **labels}, tuple((at, 5.0) for at in times))
                for (labels, _), times in zip(entries, exported, strict=True)
            )
        )
        return series_presence.judge(replace(made, evidence=Evidence(answers)))

    (whole,) = judged_with(SCRAPES, between)
    assert isinstance(whole, Verdict)
    assert whole.code is Code.AGREES
    (cut,) = judged_with(SCRAPES, (between[0], between[1], between[3]))
    assert isinstance(cut, Verdict)
    assert (cut.code, cut.observed) == (Code.GAP, 1)
