"""Each counter between what was answered and what was sent, at each reading."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.counts import running_counts
from harness.core.codes import Code
from harness.core.query import NoSeries, Query, Reading, Series
from harness.core.verdict import Strength, Verdict
from harness.evidence.client.summary import Running
from harness.evidence.prometheus_evidence import Evidence, raw_query
from harness.instrumentation.django_prometheus.metrics import REQUESTS, REQUESTS_BY_VIEW, RESPONSES, RESPONSES_BY_VIEW
from harness.promql.own_series import SCRAPE_DURATION, UP
from tests.unit.checks.facts import RUN, facts

WINDOW = replace(RUN.window, start_s=10.0, end_s=14.0, scrape_interval_s=1.0)
SCRAPES = (10.0, 11.0, 12.0, 13.0, 14.0)
SERVED = "prometheus-django-metrics"
ANSWERED, SENT = (3, 8, 12, 15), (5, 10, 13, 15)
"""Of the one kind of request there is, at each scrape after t0."""
TRUE = (4, 9, 13, 15)
CART = {"view": "shop:cart", "method": "GET", "status": "200"}
Points = Mapping[str, Sequence[tuple[Mapping[str, str], Sequence[float]]]]


def counters(**changed: Sequence[float]) -> Points:
    """What each counter grew by at each scrape after t0; the page is served by Django."""
    own = (1, 2, 3, 4)
    grown = {"responses": TRUE, "requests": TRUE, "arrived": TRUE, "answered": TRUE, "served": own, **changed}
    return {
        RESPONSES_BY_VIEW: [
            (CART, grown["responses"]),
            ({"view": SERVED, "method": "GET", "status": "200"}, grown["served"]),
        ],
        REQUESTS_BY_VIEW: [({"view": "shop:cart", "method": "GET"}, grown["requests"])],
        REQUESTS: [({}, [a + b for a, b in zip(grown["arrived"], grown["served"], strict=True)])],
        RESPONSES: [({}, [a + b for a, b in zip(grown["answered"], grown["served"], strict=True)])],
    }


def judged(
    points: Points,
    *,
    running: Mapping[tuple[str, str, int], Running] | None = None,
    missing: Mapping[str, int | slice] | None = None,
    answered: Mapping[tuple[str, str, int], int] | None = None,
    **run: Any,
) -> list[Verdict]:
    """The verdicts; `missing` names counters of which one point has no sample."""
    made = facts(
        answered=answered or {("shop:cart", "GET", 200): 15},
        unanswered={("/cart", "GET"): 1},
        run={"window": WINDOW, **run},
    )
    answers: dict[Query, Any] = {raw_query(made.run, metric): NoSeries() for metric in points}
    for metric, found in points.items():
        series = []
        for labels, grown in found:
            values = [(at, float(each)) for at, each in zip(SCRAPES, (0, *grown), strict=True)]
            if metric in (missing or {}) and labels.get("view") != SERVED:
                del values[(missing or {})[metric]]
            series.append(Series({"__name__": metric, "instance": "a:1", **labels}, tuple(values)))
        answers[raw_query(made.run, metric)] = Reading(tuple(series))
    for metric, value in ((UP, 1.0), (SCRAPE_DURATION, 0.01)):
        series = [Series({"instance": "a:1"}, tuple((at, value) for at in SCRAPES))]
        answers[raw_query(made.run, metric)] = Reading(tuple(series))
    counts = {("shop:cart", "GET", 200): Running(ANSWERED, SENT)} if running is None else running
    given = replace(made, client=replace(made.client, running=counts), evidence=Evidence(answers))
    return [result for result in running_counts.judge(given) if isinstance(result, Verdict)]


def wrong(verdicts: Sequence[Verdict]) -> list[tuple[str, Code]]:
    return [(verdict.subject, verdict.code) for verdict in verdicts if verdict.code is not Code.AGREES]


def test_true_counters_agree_each_once() -> None:
    """Four verdicts, however many scrapes and series there are."""
    verdicts = judged(counters())
    assert [verdict.subject for verdict in verdicts] == [
        "responses by view",
        "requests by view",
        "all requests",
        "all responses",
    ]
    assert wrong(verdicts) == []


@pytest.mark.parametrize("values", [ANSWERED, SENT], ids=["as late as can be", "as early as can be"])
def test_both_ends_of_what_is_possible_agree(values: Sequence[int]) -> None:
    """The bounds belong to what is allowed."""
    assert wrong(judged(counters(responses=values, requests=values, arrived=values, answered=values))) == []


@pytest.mark.parametrize(
    ("counter", "subject"),
    [
        ("responses", "responses by view"),
        ("requests", "requests by view"),
        ("arrived", "all requests"),
        ("answered", "all responses"),
    ],
)
@pytest.mark.parametrize(
    ("values", "code"), [((4, 7, 13, 15), Code.BEHIND), ((4, 11, 13, 15), Code.AHEAD)], ids=["behind", "ahead"]
)
def test_one_request_too_few_or_too_many_at_one_scrape_fails(
    counter: str, subject: str, values: Sequence[int], code: Code
) -> None:
    """The ends of the window are right, and only that counter is wrong."""
    verdicts = judged(counters(**{counter: values}))
    assert wrong(verdicts) == [(subject, code)]
    (found,) = (verdict for verdict in verdicts if verdict.code is code)
    assert "2.000 s after t0" in found.why
    assert f"it was {code.value} at 1 of 4 readings" in found.why


@pytest.mark.parametrize("counter", ["arrived", "answered"])
@pytest.mark.parametrize(
    ("known", "fewer", "more"),
    [({"known_torn": (1, 0)}, 1, 1), ({"known_torn": (1, 1)}, 2, 2), ({"known_flying": (1, 2)}, 1, 2)],
)
def test_the_totals_may_differ_by_what_others_had_in_flight_or_tore(
    counter: str, known: Mapping[str, tuple[int, int]], fewer: int, more: int
) -> None:
    """One more than that is too many."""
    window = replace(WINDOW, **known)  # type: ignore[arg-type]

    def codes(base: Sequence[int], off: int) -> list[Code]:
        return [code for _, code in wrong(judged(counters(**{counter: [each + off for each in base]}), window=window))]

    assert (codes(ANSWERED, -fewer), codes(SENT, more)) == ([], [])
    assert (codes(ANSWERED, -fewer - 1), codes(SENT, more + 1)) == ([Code.BEHIND], [Code.AHEAD])


def test_the_worst_reading_is_named_with_its_series() -> None:
    """By how much, for what, and how often."""
    (found,) = (v for v in judged(counters(responses=(2, 3, 11, 15))) if v.code is Code.BEHIND)
    assert found.labels == {"metric": RESPONSES_BY_VIEW, "late": "yes", **CART}
    assert (found.expected, found.observed, found.unit) == (8, 3, "responses")
    assert "was 5 behind for shop:cart GET 200" in found.why
    assert "behind at 3 of 4 readings" in found.why


def test_a_counter_can_be_wrong_in_both_directions() -> None:
    """One verdict on each."""
    found = wrong(judged(counters(responses=(7, 7, 13, 15))))
    assert found == [("responses by view", Code.BEHIND), ("responses by view", Code.AHEAD)]


def test_requests_without_a_response_may_be_counted_from_when_they_were_sent() -> None:
    """By the view that others of their name had; and unrecorded ones at any time."""
    early = counters(responses=(4, 9, 14, 16), requests=(4, 9, 14, 16), arrived=(4, 9, 14, 16), answered=(4, 9, 14, 16))
    answered = {("shop:cart", "GET", 200): Running(ANSWERED, SENT)}
    lost = {("/cart", "GET", 0): Running((0, 0, 0, 0), (0, 0, 1, 1))}
    assert wrong(judged(early, running=answered)) != []
    assert wrong(judged(early, running={**answered, **lost})) == []
    assert wrong(judged(early, running=answered, generator=replace(RUN.generator, unrecorded=1))) == []
    sooner = counters(responses=(6, 9, 14, 16))
    assert ("responses by view", Code.AHEAD) in wrong(judged(sooner, running={**answered, **lost}))


def test_a_view_may_be_counted_of_which_no_request_was_answered() -> None:
    """All of them timed out at the client."""
    points = counters()
    slow = {"view": "shop:slow", "method": "GET"}
    more = {
        **points,
        RESPONSES_BY_VIEW: [*points[RESPONSES_BY_VIEW], ({**slow, "status": "200"}, (0, 1, 2, 2))],
        REQUESTS_BY_VIEW: [*points[REQUESTS_BY_VIEW], (slow, (0, 1, 2, 2))],
    }
    running = {
        ("shop:cart", "GET", 200): Running(ANSWERED, SENT),
        ("/slow", "GET", 0): Running((0, 0, 0, 0), (1, 2, 2, 2)),
    }
    assert wrong(judged(more, running=running)) == []
    late = {**running, ("/slow", "GET", 0): Running((0, 0, 0, 0), (0, 0, 2, 2))}
    assert wrong(judged(more, running=late)) == [("responses by view", Code.AHEAD), ("requests by view", Code.AHEAD)]


def test_with_traffic_of_others_only_the_lower_bound_holds() -> None:
    """Their requests are counted too."""
    verdicts = judged(counters(responses=(90, 91, 92, 93)), foreign_traffic=True)
    assert wrong(verdicts) == []
    assert {verdict.strength for verdict in verdicts} == {Strength.ONE_SIDED}
    assert wrong(judged(counters(responses=(4, 7, 92, 93)), foreign_traffic=True)) != []


def test_a_reading_without_a_sample_is_not_judged() -> None:
    """`series-presence` names it; the last value says nothing of this moment."""
    assert wrong(judged(counters(), missing={RESPONSES_BY_VIEW: 2})) == []


def test_a_series_that_is_not_born_yet_counts_nothing() -> None:
    """So it is behind once something of it was answered."""
    assert wrong(judged(counters(), missing={RESPONSES_BY_VIEW: 0})) == []
    late = {RESPONSES_BY_VIEW: slice(0, 3)}
    assert wrong(judged(counters(), missing=late)) == [("responses by view", Code.BEHIND)]


def test_views_that_the_client_does_not_know_are_pooled() -> None:
    """By method and status; their requests are not compared."""
    unknown = {("/other", "GET", 200): Running(ANSWERED, SENT)}
    answered = {("/other", "GET", 200): 15}
    first = {**CART, "view": "shop:first"}
    second = {**CART, "view": "shop:second"}

    def of(late: Sequence[int]) -> list[tuple[str, Code]]:
        points = counters()
        parts = [(first, late), (second, (0, 0, 0, 0)), points[RESPONSES_BY_VIEW][1]]
        requests = [({"view": "shop:first", "method": "GET"}, (0, 0, 0, 0))]
        pooled = {**points, RESPONSES_BY_VIEW: parts, REQUESTS_BY_VIEW: requests}
        return wrong(judged(pooled, running=unknown, answered=answered))

    assert of(TRUE) == []
    assert of((4, 7, 13, 15)) == [("responses by view", Code.BEHIND)]


@pytest.mark.parametrize("served", [(2, 4, 6, 8), (1, 3, 4, 6)], ids=["a second Prometheus as often", "now and then"])
def test_scrapes_of_others_are_counted_by_the_view_of_the_metrics(served: Sequence[float]) -> None:
    """They are in the totals, and in no view of the load."""
    assert wrong(judged(counters(served=served))) == []


def test_without_a_sample_at_any_reading_nothing_is_held() -> None:
    """What was there at t0 alone proves nothing of what came later."""
    verdicts = judged(counters(), missing={RESPONSES_BY_VIEW: slice(1, None)})
    assert wrong(verdicts) == [("responses by view", Code.NO_VALUE)]
    assert "none of 4 readings has a sample" in verdicts[0].why
