"""Replicas that come and go: what is counted from zero, what may be gone, and what is said of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import churn, running_bounds
from harness.checks.background import background_requests
from harness.checks.base import Facts
from harness.checks.counts import request_conservation
from harness.checks.validity import _scrapes, quiescence
from harness.core.codes import Code, FindingCode
from harness.core.query import NoSeries, Query, Reading, Series
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence.client.summary import Answered, Running
from harness.evidence.moments import moments
from harness.evidence.prometheus_evidence import Evidence, deltas, raw_query
from harness.instrumentation.django_prometheus.metrics import REQUESTS, RESPONSES, RESPONSES_BY_VIEW
from harness.promql.own_series import PROCESS_START, UP
from tests.unit.checks.facts import RUN, facts

WINDOW = replace(RUN.window, start_s=10.0, end_s=16.0, scrape_interval_s=1.0)
SERVED, PROBED = "prometheus-django-metrics", "alive"
CART = ("shop:cart", "GET", 200)
LASTS = range(9, 17)
Loads = Mapping[int, int]
"""Requests of the load that a replica had answered by each of its scrapes."""


def replica(name: str, loads: Loads, probes: int = 0, since: int = 0) -> Mapping[str, list[Series]]:
    """What Prometheus stored of one: each scrape is a request too, in flight when it is counted, `since` before."""
    labels = {"instance": name}
    rows = [(float(at), since + place, load) for place, (at, load) in enumerate(sorted(loads.items()))]
    views = {SERVED: [(at, float(seen)) for at, seen, _ in rows], "shop:cart": [(at, float(n)) for at, _, n in rows]}
    if probes:
        views[PROBED] = [(at, float(probes)) for at, *_ in rows]
    return {
        UP: [Series(labels, tuple((at, 1.0) for at, *_ in rows))],
        REQUESTS: [Series(labels, tuple((at, float(seen + n + probes + 1)) for at, seen, n in rows))],
        RESPONSES: [Series(labels, tuple((at, float(seen + n + probes)) for at, seen, n in rows))],
        RESPONSES_BY_VIEW: [
            Series({**labels, "view": view, "method": "GET", "status": "200"}, tuple(points))
            for view, points in views.items()
        ],
    }


def given(answered: int, running: Running, *replicas: Mapping[str, list[Series]]) -> Facts:
    """A running deployment, of which the client had so many answers."""
    made = facts(
        answered={CART: answered}, run={"window": WINDOW, "embedded": False, "instances": ("a", "b"), "selector": "x"}
    )
    answers: dict[Query, Any] = {raw_query(made.run, metric): NoSeries() for metric in made.names.counters}
    for metric in (UP, REQUESTS, RESPONSES, RESPONSES_BY_VIEW):
        answers[raw_query(made.run, metric)] = Reading(tuple(each for one in replicas for each in one[metric]))
    client = replace(made.client, running={CART: running})
    return replace(made, client=client, evidence=Evidence(answers), shards=made.shards)


def steady(*by_reading: int) -> Running:
    """Answered and sent at each reading."""
    return Running(by_reading, tuple(each + 1 for each in by_reading))


def loads(*values: int, start: int = 9) -> dict[int, int]:
    return dict(enumerate(values, start))


B = replica("b", loads(5, 5, 6, 7, 8, 9, 9, 9), since=40)
SIX = steady(1, 2, 3, 4, 4, 4)


def requests(found: Facts) -> Verdict:
    """The law of all requests, whatever is known of the samples."""
    (verdict,) = (each for each in _judged(found) if isinstance(each, Verdict) and each.subject == "requests")
    return verdict


def _judged(found: Facts) -> Sequence[Verdict | Finding]:
    state = type("State", (), {"problem": "", "contradiction": ""})()
    return request_conservation.judge(replace(found, shards=(state,)))


def test_a_replica_that_joins_counts_from_zero_and_its_probes_are_left_out() -> None:
    """Its last scrape is in flight at t1, and none was at t0."""
    joined = replica("a", loads(1, 2, 3, start=14), probes=2)
    found = churn.with_readiness(given(4 + 3, SIX, joined, B))
    assert found.run.background == (PROBED,)
    assert background_requests(found) == (6 + 3, 2)
    items = deltas(found.run, found.evidence, REQUESTS)
    assert not isinstance(items, (NoSeries, Finding))
    assert requests(found).status is Status.PASS
    assert quiescence.in_flight(found, 16.0) == 0
    assert quiescence.in_flight(found, 10.0) == 0


@pytest.mark.parametrize(
    ("answered", "status"),
    [(4 + 3, Status.PASS), (4 + 4, Status.PASS), (4 + 9, Status.FAIL)],
    ids=["nothing is gone", "one is gone", "more than can be"],
)
def test_what_left_with_a_replica_is_a_bound(answered: int, status: Status) -> None:
    """As many as the client had sent by its end, less those answered by its last scrape."""
    left = replica("a", loads(0, 0, 1, 3, start=9), since=20)
    more = replica("c", loads(0, 0, 40, 40, 40, 40, 40, 40), since=7)
    found = given(answered + 40, steady(1, 4, 5, 6, 6, 6), left, B, more)
    assert churn.unaccounted(found).total == 3
    assert requests(found).status is status


def test_too_much_is_inconclusive_with_the_number() -> None:
    """A tenth of all requests and more are not proved."""
    left = replica("a", loads(0, 0, 1, 3, start=9), since=20)
    found = given(8, steady(1, 4, 5, 6, 6, 6), left, B)
    short = Verdict("cache", "gets", Status.FAIL, "2 short", code=Code.SHORT)
    (verdict,) = churn.spared(found, "cache", (short,))
    assert isinstance(verdict, Verdict)
    assert (verdict.status, verdict.code) == (Status.INCONCLUSIVE, Code.UNACCOUNTED)
    assert "up to 3 requests left unscraped with a" in verdict.why


def test_each_change_is_a_finding() -> None:
    """With when it happened; the scrapes of one that changed are judged from its first to its last."""
    found = given(8, SIX, replica("a", loads(0, 0, 1, 3, start=9)), B, replica("c", loads(1, 2, start=15)))
    results = _scrapes.judge(found)
    codes = {each.code for each in results if isinstance(each, Finding)}
    assert codes == {FindingCode.REPLICA_LEFT, FindingCode.REPLICA_CAME}
    assert {each.status for each in results if isinstance(each, Verdict)} == {Status.PASS}


def test_of_a_stack_of_the_harness_nothing_is_spared() -> None:
    """There nobody had a reason to stop a replica."""
    found = given(8, SIX, replica("a", loads(0, 0, 1, 3, start=9)), B)
    found = replace(found, run=replace(found.run, embedded=True))
    assert churn.unaccounted(found) == churn.NONE
    short = Verdict("cache", "gets", Status.FAIL, "2 short", code=Code.SHORT)
    assert churn.spared(found, "cache", (short,)) == (short,)


def few_left() -> Facts:
    """Three of 47 requests at the most."""
    left = replica("a", loads(0, 0, 1, 3, start=9), since=20)
    more = replica("c", loads(0, 0, 40, 40, 40, 40, 40, 40), since=7)
    return given(47, steady(1, 4, 5, 6, 6, 6), left, B, more)


@pytest.mark.parametrize("check", sorted(churn.BOUNDED))
def test_what_is_beyond_a_bound_is_not_what_left(check: str) -> None:
    """The law has taken off already all that may have left: the rest is lost."""
    short = Verdict(check, "requests", Status.FAIL, "20 short", 47, 27, code=Code.SHORT)
    assert churn.spared(few_left(), check, (short,)) == (short,)


@pytest.mark.parametrize(("observed", "spared"), [(91, True), (89, False), (0, False)])
def test_few_requests_explain_little(observed: int, spared: bool) -> None:
    """Off by a tenth, or by no more than left, it is a finding; by more it is not known, and never a pass."""
    short = Verdict("cache", "gets", Status.FAIL, "short", 100, observed, code=Code.SHORT)
    fine = Verdict("cache", "sets", Status.PASS, "same", 5, 5, code=Code.AGREES)
    first, second = churn.spared(few_left(), "cache", (short, fine))
    if spared:
        assert first == fine
        assert isinstance(second, Finding)
        assert "may explain 1 of 2 results" in second.text
    else:
        assert isinstance(first, Verdict)
        assert (first.status, first.code, second) == (Status.INCONCLUSIVE, Code.UNACCOUNTED, fine)


def test_a_view_that_the_load_asks_for_is_no_readiness_probe() -> None:
    """Even where all its requests came before the first scrape of a new process."""
    joined = replica("a", loads(1, 2, 3, start=14), probes=2)
    found = given(4 + 3, SIX, joined, B)
    running = {**found.client.running, (PROBED, "GET", 200): steady(0, 0, 0, 2, 2, 2)}
    found = replace(found, client=replace(found.client, running=running))
    assert PROBED not in churn.with_readiness(found).run.background


@pytest.mark.parametrize(("lost", "foreign", "known"), [(0, False, 1), (2, False, 3), (0, True, 3)])
def test_what_a_process_says_it_gave_bounds_what_left_where_nobody_else_is_counted(
    lost: int, foreign: bool, known: int
) -> None:
    """Its series hold requests without a response, and those of others, too."""
    left = replica("a", loads(0, 0, 1, 3, start=9), since=20)
    more = replica("c", loads(0, 0, 40, 40, 40, 40, 40, 40), since=7)
    found = given(3 + 40 + 4, steady(1, 4, 5, 6, 6, 6), left, B, more)
    gave = {"a": 4, "b": 3, "c": 40}
    identified = {Answered(name, "", "shop:cart", "GET", 200): number for name, number in gave.items()}
    client = replace(
        found.client,
        identified=identified,
        unanswered={("/cart", "GET"): lost} if lost else {},
        witnessed_views=frozenset({"shop:cart"}),
    )
    found = replace(found, client=client, run=replace(found.run, foreign_traffic=foreign))
    assert churn.unaccounted(found).total == known


def test_what_a_process_had_counted_stays_where_the_next_one_has_no_such_series() -> None:
    """A missing sample of one that goes on is not known."""
    scrapes = (9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0)
    ups = Series({"instance": "a"}, tuple((at, 1.0) for at in scrapes))
    starts = Series({"instance": "a"}, tuple((at, 1.0 if at < 13 else 12.5) for at in scrapes))
    arrived = Series({"instance": "a"}, tuple((at, at * 10 if at < 13 else at - 13) for at in scrapes))
    seen = Series({"instance": "a", "view": "shop:cart"}, ((9.0, 3.0), (10.0, 3.0), (11.0, 4.0), (12.0, 6.0)))
    gone = Series({"instance": "a", "view": "shop:list"}, ((10.0, 1.0), (11.0, 4.0), (13.0, 2.0), (15.0, 3.0)))
    made = facts(run={"window": WINDOW, "embedded": False, "instances": ("a",), "selector": "x"})
    answers: dict[Query, Any] = {raw_query(made.run, metric): NoSeries() for metric in made.names.counters}
    answers |= {
        raw_query(made.run, metric): Reading((series,))
        for metric, series in ((UP, ups), (REQUESTS, arrived), (PROCESS_START, starts))
    }
    made = replace(made, evidence=Evidence(answers))
    readings = moments(made.run, made.evidence)
    assert [reading.time_s for reading in readings] == [11.0, 12.0, 13.0, 14.0, 15.0, 16.0]
    cart, listed = running_bounds.growths(made, (seen, gone), readings)
    assert cart.tolist() == [1.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    assert [None if math.isnan(each) else each for each in listed.tolist()] == [3.0, None, 5.0, None, 6.0, None]
