"""Histograms between what had been that fast and what can have been, at each reading: of runs made by chance.

Requests come one after the other for 20 s; each is observed somewhere between its sending and its answer. The rows go
through the counting of a run, the buckets through the check.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from harness.checks import running_bounds
from harness.checks.latency import running_latency
from harness.core.codes import Code
from harness.core.query import NoSeries, Query, Reading, Series
from harness.core.run import Window
from harness.core.verdict import Strength, Verdict
from harness.evidence.client.aggregate import SampleAggregator
from harness.evidence.client.schema import SCHEMA
from harness.evidence.moments import moments
from harness.evidence.prometheus_evidence import Evidence, raw_query
from harness.instrumentation.django_prometheus.metrics import (
    LATENCY_ALL,
    LATENCY_BY_VIEW,
    REQUESTS,
    RESPONSES,
    RESPONSES_BY_VIEW,
)
from harness.promql.own_series import SCRAPE_DURATION, UP
from tests.unit.checks.facts import RUN, facts

Floats = npt.NDArray[np.float64]
START_S, LAST_S = 1000.0, 1020.0
WINDOW = replace(RUN.window, start_s=START_S, end_s=LAST_S, scrape_interval_s=1.0, clock_skew_s=0.0)
SCRAPES = np.arange(START_S, LAST_S + 1)
BOUNDS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25)
FAST, SLOW = ("home", "GET"), ("export", "GET")
TOOK_S = 0.01
"""Each scrape; the page is read in its middle."""


class Requests:
    """Those of one run, in rising order of their start."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        n = 900
        self.random = random
        self.sent_s = np.sort(random.uniform(START_S + 0.05, LAST_S - 1.0, n))
        self.is_slow = random.random(n) < 0.15
        self.timed_s = np.where(self.is_slow, 0.03 * random.lognormal(0, 0.6, n), 0.0008 * random.lognormal(0, 0.4, n))
        self.inner_s = self.timed_s + random.exponential(1e-4, n)
        self.outer_s = self.inner_s + random.exponential(1e-4, n)
        self.latency_s = self.outer_s + 0.002
        self.shown_s = self.timed_s.copy()
        """What the metric reports."""
        self.observed_s = self.sent_s + 0.001 + self.inner_s
        """When it does."""
        self.lag_s = 0.0
        """How old the buckets on the page are."""

    def rows(self, *, witness: bool) -> list[dict[str, Any]]:
        empty = dict.fromkeys(SCHEMA.names)
        return [
            {
                **empty,
                "started_s": sent,
                "latency_s": took,
                "method": "GET",
                "name": "/",
                "status": 200,
                "bytes": 1,
                "view": (SLOW if slow else FAST)[0],
                "hop": 0,
                "worker": 0,
                "phase": "measure",
                **({"witness_view_s": inner, "witness_app_s": outer} if witness else {}),
            }
            for sent, took, slow, inner, outer in zip(
                *(each.tolist() for each in (self.sent_s, self.latency_s, self.is_slow, self.inner_s, self.outer_s)),
                strict=True,
            )
        ]

    def counts(self, mask: npt.NDArray[np.bool_], lag_s: float = 0.0) -> tuple[float, ...]:
        """At each scrape, how many of these had been observed."""
        read_s = SCRAPES + TOOK_S / 2 - lag_s
        return tuple(np.searchsorted(np.sort(self.observed_s[mask]), read_s).astype(float).tolist())


def judged(
    requests: Requests,
    *,
    witness: bool = True,
    foreign: bool = False,
    edit: Callable[[list[float]], Any] | None = None,
    bounds_s: Sequence[float] = BOUNDS_S,
    known: frozenset[str] = frozenset({SLOW[0], FAST[0]}),
    window: Window = WINDOW,
) -> list[Verdict]:
    """The verdicts; `edit` changes the values of each bucket in place, `known` are the views whose label is known."""
    made = facts(run={"window": window, "background": (), "foreign_traffic": foreign})
    everything = np.ones(len(requests.sent_s), dtype=bool)

    def series(metric: str, counts: tuple[float, ...], **labels: str) -> Series:
        values = list(counts)
        if edit and "le" in labels:
            edit(values)
        points = tuple(pair for pair in zip(SCRAPES.tolist(), values, strict=True) if not math.isnan(pair[1]))
        return Series({"__name__": metric, "instance": "a:1", **labels}, points)

    found: dict[str, list[Series]] = {
        UP: [series(UP, (1.0,) * len(SCRAPES))],
        SCRAPE_DURATION: [series(SCRAPE_DURATION, (TOOK_S,) * len(SCRAPES))],
        REQUESTS: [series(REQUESTS, requests.counts(everything))],
        RESPONSES: [series(RESPONSES, requests.counts(everything))],
        RESPONSES_BY_VIEW: [],
        f"{LATENCY_BY_VIEW}_bucket": [],
        f"{LATENCY_ALL}_bucket": [],
    }
    for (view, method), mask in ((SLOW, requests.is_slow), (FAST, ~requests.is_slow)):
        labels = {"view": view, "method": method}
        found[RESPONSES_BY_VIEW].append(series(RESPONSES_BY_VIEW, requests.counts(mask), **labels, status="200"))
        for bound_s in (*bounds_s, math.inf):
            counts = requests.counts(mask & (requests.shown_s <= bound_s), requests.lag_s)
            name = f"{LATENCY_BY_VIEW}_bucket"
            found[name].append(series(name, counts, **labels, le="+Inf" if math.isinf(bound_s) else str(bound_s)))
    for bound_s in (*bounds_s, math.inf):
        name, counts = f"{LATENCY_ALL}_bucket", requests.counts(requests.outer_s <= bound_s, requests.lag_s)
        found[name].append(series(name, counts, le="+Inf" if math.isinf(bound_s) else str(bound_s)))
    answers: dict[Query, Any] = {query: NoSeries() for query in running_latency.queries(made.run)}
    if math.isnan(requests.lag_s):
        found |= {metric: [] for metric in found if metric.endswith("_bucket")}
    answers |= {raw_query(made.run, metric): Reading(tuple(own)) for metric, own in found.items() if own}
    evidence = Evidence(answers)
    aggregator = SampleAggregator(bounds_s, moments(made.run, evidence))
    table = pa.Table.from_pylist(requests.rows(witness=witness), schema=SCHEMA)
    aggregator.add(table)
    client = replace(aggregator.summary([table]), witnessed_views=known)
    results = running_latency.judge(replace(made, client=client, evidence=evidence))
    return [result for result in results if isinstance(result, Verdict)]


def wrong(verdicts: list[Verdict]) -> list[tuple[str, Code]]:
    return [(verdict.subject, verdict.code) for verdict in verdicts if verdict.code is not Code.AGREES]


@pytest.mark.parametrize("witness", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_a_true_histogram_agrees(seed: int, witness: bool) -> None:
    """At each reading; without a witness only from below."""
    verdicts = judged(Requests(seed), witness=witness)
    assert [verdict.subject for verdict in verdicts] == ["latency by view", "latency of all requests"]
    assert wrong(verdicts) == []
    assert verdicts[0].strength is (Strength.WITNESS if witness else Strength.ONE_SIDED)
    assert ("two of" in verdicts[0].why) is witness


@pytest.mark.parametrize(
    ("known", "fewer", "codes"),
    [
        ({}, 1, [Code.BEHIND, Code.BEHIND]),
        ({"known_torn": (0, 1)}, 1, [Code.BEHIND, Code.AGREES]),
        ({"known_torn": (1, 1)}, 2, [Code.BEHIND, Code.AGREES]),
        ({"known_torn": (0, 1)}, 2, [Code.BEHIND, Code.BEHIND]),
        ({"known_flying": (1, 0)}, 1, [Code.BEHIND, Code.AGREES]),
        ({"known_flying": (0, 1)}, 1, [Code.BEHIND, Code.BEHIND]),
    ],
)
def test_what_others_had_in_flight_or_tore_may_be_missing_from_all_requests_alone(
    known: dict[str, tuple[int, int]], fewer: int, codes: Sequence[Code]
) -> None:
    """Their views are not those of the load; what was in flight at t1 is missing nowhere."""

    def edit(values: list[float]) -> None:
        values[1:] = [value - fewer for value in values[1:]]

    verdicts = judged(Requests(1), edit=edit, window=replace(WINDOW, **known))  # type: ignore[arg-type]
    assert [verdict.code for verdict in verdicts] == codes


@pytest.mark.parametrize("seed", range(5))
def test_buckets_that_are_late_are_behind_and_catch_up(seed: int) -> None:
    """Two scrapes late; both histograms, and whatever they make up for is no fault of its own."""
    requests = Requests(seed)
    requests.lag_s = 2.0
    verdicts = judged(requests)
    assert wrong(verdicts) == [("latency by view", Code.BEHIND), ("latency of all requests", Code.BEHIND)]
    assert {verdict.labels["late"] for verdict in verdicts} == {"yes"}


@pytest.mark.parametrize("seed", range(5))
def test_latencies_that_are_too_high_are_behind_for_good(seed: int) -> None:
    """Every fifth request of the slow view takes twice as long by the metric; nothing catches up."""
    requests = Requests(seed)
    chosen = np.flatnonzero(requests.is_slow)[::5]
    requests.shown_s[chosen] *= 3
    [verdict] = [each for each in judged(requests) if each.code is not Code.AGREES]
    assert verdict.code is Code.BEHIND
    assert verdict.labels["view"] == SLOW[0]
    assert "late" not in verdict.labels


def shorten(requests: Requests, number: int) -> Requests:
    """So many of the requests above 30 ms are reported as 0.5 ms."""
    slowest = np.flatnonzero(requests.is_slow & (requests.timed_s > 0.03))
    requests.shown_s[slowest[:: len(slowest) // number][:number]] = 0.0005
    return requests


@pytest.mark.parametrize("seed", range(5))
def test_a_few_latencies_that_are_too_low_are_ahead(seed: int) -> None:
    """Two of some hundred; a single one may have been held up for longer than every other."""
    [verdict] = [each for each in judged(shorten(Requests(seed), 2)) if each.code is not Code.AGREES]
    assert (verdict.subject, verdict.code, verdict.observed) == ("latency by view", Code.AHEAD, 2.0)
    assert verdict.labels["view"] == SLOW[0]
    assert wrong(judged(shorten(Requests(seed), 1))) == []


def test_buckets_that_are_ahead_for_one_scrape_are_seen() -> None:
    """They are right again at the next one, and at both ends of the window."""

    def early(values: list[float]) -> None:
        values[9] = values[15]

    found = wrong(judged(Requests(1), edit=early))
    assert ("latency by view", Code.AHEAD) in found
    assert ("latency of all requests", Code.AHEAD) in found


def test_others_of_the_target_only_leave_the_lower_bound() -> None:
    """What is ahead may be theirs; what is behind is not."""
    verdicts = judged(shorten(Requests(1), 5), foreign=True)
    assert wrong(verdicts) == []
    assert {verdict.strength for verdict in verdicts} == {Strength.ONE_SIDED}
    requests = Requests(1)
    requests.lag_s = 2.0
    assert {code for _, code in wrong(judged(requests, foreign=True))} == {Code.BEHIND}


def test_a_sample_that_is_missing_is_another_checks_to_judge() -> None:
    """The growth over the gap is nobody's."""

    def cut(values: list[float]) -> None:
        values[9] = math.nan

    assert wrong(judged(Requests(2), edit=cut)) == []


def test_without_a_sample_at_any_reading_nothing_is_held() -> None:
    """What was there at t0 alone proves nothing of what came later."""

    def only_first(values: list[float]) -> None:
        values[1:] = [math.nan] * (len(values) - 1)

    verdicts = judged(Requests(2), edit=only_first)
    assert {verdict.code for verdict in verdicts} == {Code.NO_VALUE}
    assert "none of 20 readings has a sample of a bucket" in verdicts[0].why


def test_what_a_histogram_holds_too_much_is_another_checks_to_judge() -> None:
    """Ten observations more in the lowest bucket, by t1 too: counts and buckets at the end say so."""

    def more(values: list[float]) -> None:
        values[5:] = [value + 10 for value in values[5:]]

    assert ("latency by view", Code.AHEAD) not in wrong(judged(Requests(2), edit=more))


def test_without_a_reading_nothing_is_decided() -> None:
    """There is nothing between the ends of the window."""
    made = facts(run={"window": WINDOW})
    [verdict] = running_latency.judge(made)
    assert isinstance(verdict, Verdict)
    assert verdict.code is Code.NO_SCRAPE


def test_a_histogram_without_series_is_missing() -> None:
    """Whether it is dropped on purpose, others decide."""
    requests = Requests(1)
    requests.lag_s = math.nan
    found = judged(requests)
    assert {(verdict.code, verdict.observed) for verdict in found} == {(Code.MISSING, None)}


def test_a_histogram_of_one_bucket_says_nothing() -> None:
    """All requests are below its bound."""
    assert {verdict.code for verdict in judged(Requests(1), bounds_s=())} == {Code.NO_BUCKETS}


def test_views_that_nobody_names_are_judged_together_only() -> None:
    """As by `latency-buckets`, which says so."""
    verdicts = judged(Requests(1), known=frozenset())
    assert [verdict.subject for verdict in verdicts] == ["latency of all requests"]


def test_where_a_stall_may_explain_all_nothing_is_two_sided() -> None:
    """A fast view once took longer than all others."""
    requests = Requests(1)
    fast = int(np.flatnonzero(~requests.is_slow)[40])
    for spans_s in (requests.inner_s, requests.outer_s, requests.latency_s):
        spans_s[fast] += 2.0
    requests.observed_s[fast] += 2.0
    requests.timed_s[fast] += 2.0
    requests.shown_s[fast] += 2.0
    assert requests.sent_s[fast] < LAST_S - 4
    by_view, _ = judged(requests)
    assert (by_view.code, by_view.strength) == (Code.AGREES, Strength.ONE_SIDED)
    assert "no request would show" in by_view.why


@pytest.mark.parametrize(("taken", "fails"), [(6.0, False), (7.0, True)])
def test_what_left_with_a_replica_may_be_missing_twice(
    monkeypatch: pytest.MonkeyPatch, taken: float, fails: bool
) -> None:
    """A view that raised was observed twice; so of three requests that left, six observations may be gone."""

    def fewer(values: list[float]) -> None:
        values[6:] = [max(value - taken, 0.0) for value in values[6:]]

    def left(_facts: object, readings: Sequence[object], *_key: str) -> Floats:
        return np.array([3.0 * (place >= 5) for place in range(len(readings))])

    monkeypatch.setattr(running_bounds, "left", left)
    found = [verdict for verdict in judged(Requests(1), edit=fewer) if verdict.subject == "latency by view"]
    assert [verdict.code is Code.BEHIND for verdict in found] == [fails]
