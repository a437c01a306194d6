"""When counters were read, on the client's clock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.core.query import Query, Reading, Series
from harness.core.run import Run
from harness.evidence.moments import ALIGNMENT_S, CLOCKS_S, PAUSE_S, moments
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S, Evidence, raw_query
from harness.instrumentation.django_prometheus.metrics import REQUESTS
from harness.promql.own_series import SCRAPE_DURATION
from tests.unit.checks.facts import RUN

WINDOW = replace(RUN.window, start_s=100.0, end_s=104.0, scrape_interval_s=1.0, clock_skew_s=0.0)
OURS = replace(RUN, window=WINDOW, embedded=True)
THEIRS = replace(OURS, embedded=False)
ROUNDED = CLOCK_RESOLUTION_S


def evidence(run: Run, points: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]) -> Evidence:
    """Raw samples by metric and instance."""
    answers: dict[Query, Any] = {}
    for metric, found in points.items():
        series = tuple(Series({"instance": name}, tuple(values)) for name, values in found.items())
        answers[raw_query(run, metric)] = Reading(series)
    return Evidence(answers)


def test_a_scrape_may_have_read_the_counters_until_it_had_ended() -> None:
    """From its own time until as much later as it took."""
    known = evidence(
        OURS,
        {
            REQUESTS: {"a": [(100.0, 5), (101.0, 6)]},
            SCRAPE_DURATION: {"a": [(100.0, 0.2), (101.0, 0.3)]},
        },
    )
    (made,) = moments(OURS, known)
    assert (made.time_s, made.read_s) == (101.0, {"a": 101.0})
    assert made.answered_s == pytest.approx(101.0 - PAUSE_S - ROUNDED)
    assert made.sent_s == pytest.approx(101.3 + PAUSE_S + ALIGNMENT_S + ROUNDED)


@pytest.mark.parametrize(
    ("run", "least_s", "most_s"),
    [
        (THEIRS, -CLOCKS_S, CLOCKS_S),
        (replace(THEIRS, window=replace(WINDOW, clock_skew_s=2.0)), 2 - CLOCKS_S, 2 + CLOCKS_S),
        (
            replace(THEIRS, window=replace(WINDOW, clock_skew_s=2.0, clock_skew_end_s=1.5)),
            1.5 - CLOCKS_S,
            2 + CLOCKS_S,
        ),
        (replace(OURS, window=replace(WINDOW, clock_skew_s=9.0)), 9 - CLOCKS_S, 9 + CLOCKS_S),
        (
            replace(OURS, generator=replace(RUN.generator, clock_skew_s=-3.0)),
            -3 - 2 * CLOCKS_S,
            -3 + 2 * CLOCKS_S,
        ),
    ],
    ids=["two clocks", "one is ahead", "they drift", "a clock of its own", "a generator elsewhere"],
)
def test_the_clients_clock_is_corrected_as_far_as_it_is_known(run: Run, least_s: float, most_s: float) -> None:
    """By both ends of the window, and by how well two clocks are compared."""
    known = evidence(run, {REQUESTS: {"a": [(101.0, 6)]}, SCRAPE_DURATION: {"a": [(101.0, 0.0)]}})
    (made,) = moments(run, known)
    assert made.answered_s == pytest.approx(101.0 + least_s - ROUNDED)
    assert made.sent_s == pytest.approx(101.0 + most_s + ALIGNMENT_S + ROUNDED)


def test_of_several_instances_the_newest_sample_of_each_counts() -> None:
    """The earliest of them for what is counted, the latest for what may be."""
    known = evidence(
        OURS,
        {
            REQUESTS: {"a": [(100.0, 5), (101.0, 6)], "b": [(99.5, 5), (100.5, 6), (101.5, 7)]},
            SCRAPE_DURATION: {"a": [(100.0, 0.0), (101.0, 0.0)], "b": [(99.5, 0.0), (100.5, 0.0), (101.5, 0.0)]},
        },
    )
    found = moments(OURS, known)
    assert [each.read_s for each in found] == [
        {"a": 100.0, "b": 100.5},
        {"a": 101.0, "b": 100.5},
        {"a": 101.0, "b": 101.5},
    ]
    assert [each.answered_s + PAUSE_S + ROUNDED for each in found] == pytest.approx([100.0, 100.5, 101.0])
    assert [each.sent_s - PAUSE_S - ROUNDED - ALIGNMENT_S for each in found] == pytest.approx([100.5, 101.0, 101.5])


def test_a_time_that_is_no_scrapes_is_as_exact_as_a_scrape_is_long() -> None:
    """Its exporter stamped it, before or after it had read the counters."""
    known = evidence(OURS, {REQUESTS: {"a": [(100.7, 6)]}, SCRAPE_DURATION: {"a": [(100.0, 0.2), (101.0, 0.3)]}})
    (made,) = moments(OURS, known)
    assert made.answered_s == pytest.approx(100.7 - 0.3 - PAUSE_S - ROUNDED)
    assert made.sent_s == pytest.approx(100.7 + 0.3 + PAUSE_S + ALIGNMENT_S + ROUNDED)


def test_without_durations_a_scrape_took_no_longer_than_its_interval() -> None:
    """Prometheus allows no longer timeout."""
    (made,) = moments(OURS, evidence(OURS, {REQUESTS: {"a": [(101.0, 6)]}}))
    assert made.answered_s == pytest.approx(101.0 - PAUSE_S - ROUNDED)
    assert made.sent_s == pytest.approx(102.0 + PAUSE_S + ALIGNMENT_S + ROUNDED)


def test_nothing_is_read_at_t0_or_after_t1() -> None:
    """The window is open at its start."""
    assert moments(OURS, evidence(OURS, {REQUESTS: {"a": [(100.0, 5), (104.5, 6)]}})) == ()


def test_a_client_whose_times_are_coarse_may_have_sent_and_answered_more_or_less() -> None:
    """By as much as its times are rounded, in either direction."""
    known: dict[str, dict[str, list[tuple[float, float]]]] = {
        REQUESTS: {"a": [(100.0, 5), (101.0, 6)]},
        SCRAPE_DURATION: {"a": [(100.0, 0.0), (101.0, 0.0)]},
    }
    coarse = replace(OURS, generator=replace(OURS.generator, start_resolution_s=1.0))
    (fine,), (made,) = moments(OURS, evidence(OURS, known)), moments(coarse, evidence(coarse, known))
    assert made.answered_s == pytest.approx(fine.answered_s - 1.0)
    assert made.sent_s == pytest.approx(fine.sent_s + 1.0)
