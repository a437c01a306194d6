"""Panels that are rightly empty: a comparison that nothing meets, and what never happened."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import Facts
from harness.checks.monitoring import dashboards
from harness.core.codes import FindingCode
from harness.core.panel import Panel
from harness.core.query import Series
from harness.core.run import ShardState
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence.client.summary import Event
from harness.evidence.prometheus_evidence import Evidence, raw_query
from harness.instrumentation import registry
from harness.promql.own_series import UP
from tests.unit.checks import test_shifted_panels as panels
from tests.unit.checks.facts import facts

NAMES = registry.of(panels.STARTED)
COUNTED = panels.COUNTED
assert NAMES.database is not None
assert NAMES.cache is not None
CONNECTIONS, REFUSED = NAMES.database.connections, NAMES.database.connection_errors
GETS, FAILS = NAMES.cache.gets, NAMES.cache.fails
SHOP, EMPTY = ("shop", "GET", 200), FindingCode.EMPTY_PANEL


def known(**client: Any) -> Facts:
    """A run whose client saw one view answer with 200, each response with a witness."""
    made = facts(answered={SHOP: 21}, run={"foreign_traffic": False, "background": ()})
    begun_s = panels.SCRAPES[0]
    window = replace(panels.STARTED.window, start_s=begun_s, idle_requests_start=0, idle_requests_end=0)
    run = replace(panels.STARTED, window=window, foreign_traffic=False, background=())
    shards = tuple(ShardState(each, 21, "") for each in run.shards)
    return replace(made, run=run, client=replace(made.client, witnessed=21, **client), shards=shards)


def labelled(metric: str, slope: float, **labels: str) -> Series:
    """A counter of one process, with these labels in place of those of a view."""
    own = panels.series(metric, slope=slope)
    return Series({name: own.labels[name] for name in ("__name__", "instance", "job")} | labels, own.points)


def judged(expression: str, given: Facts, *more: Series, **slopes: float) -> Verdict | Finding:
    """What the check says of one panel; each metric grows by its slope at each scrape, for the alias `default`."""
    run = replace(given.run, panels=(Panel("Board", "Idle", "A", expression),))
    up = Series(panels.series(UP).labels, tuple((at, 1.0) for at in panels.SCRAPES))
    found = {UP: [up], COUNTED: [panels.series(COUNTED)]}
    found |= {metric: [labelled(metric, slope, alias="default")] for metric, slope in slopes.items()}
    for each in more:
        found.setdefault(each.labels["__name__"], []).append(each)
    asked = {*dashboards.CHECK.queries(run), *(raw_query(run, metric) for metric in (CONNECTIONS, GETS))}
    answers = {query: panels.answer(run, query, found) for query in asked}
    (result,) = dashboards.CHECK.judge(replace(given, run=run, evidence=Evidence(answers)))
    return result


def rate(metric: str, matchers: str = "") -> str:
    return f"sum by (view) (rate({metric}{{{matchers}}}[6s]))"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (f"{rate(COUNTED)} > 100", "no value is > 100; the closest is 2 for shop"),
        (f"({rate(COUNTED)} < 0.5)", "no value is < 0.5; the closest is 2 for shop"),
        (f"{rate(COUNTED)} > 100 and {rate(COUNTED)} > 1", "no value is > 100; the closest is 2 for shop"),
        (f"({rate(COUNTED)} > 1) > 100", "no value is > 100; the closest is 2 for shop"),
        (f"count({rate(COUNTED)} > 100)", "no value is > 100; the closest is 2 for shop"),
        (
            f"{rate(COUNTED)} > 100 or absent({COUNTED})",
            "no value is > 100; the closest is 2 for shop; what it would miss is there",
        ),
        (f'absent({COUNTED}{{view="shop"}})', "what it would miss is there"),
        (f"absent({COUNTED}) == 1", "what it would miss is there"),
    ],
)
def test_a_comparison_that_nothing_meets_is_rightly_empty(expression: str, why: str) -> None:
    """The verdict says how far the closest value is."""
    result = judged(expression, known())
    assert isinstance(result, Verdict), result.text
    assert (result.status, result.why) == (Status.PASS, f"it is empty, as it should be: {why}")


@pytest.mark.parametrize("matchers", ['status=~"5.."', 'view="shop",status="404"', 'method="POST"'])
def test_responses_that_nobody_got_are_rightly_absent(matchers: str) -> None:
    """By the client's own account of each response."""
    result = judged(rate(COUNTED, matchers), known())
    assert isinstance(result, Verdict), result.text
    assert result.status is Status.PASS
    assert "the run had no response with" in result.why


@pytest.mark.parametrize(
    ("matchers", "more"),
    [
        ('status="500"', {"answered": {SHOP: 21, ("shop", "GET", 500): 1}}),
        ('view="shopp"', {}),
        ('status="5xx"', {}),
        ('instance="b:1",status="500"', {}),
        ('status="500"', {"unanswered": {("shop", "GET"): 1}}),
    ],
)
def test_an_absence_that_is_not_proved_stays_open(matchers: str, more: Mapping[str, Any]) -> None:
    """It happened after all, may have, or nobody has such a value."""
    result = judged(rate(COUNTED, matchers), known(**more))
    assert isinstance(result, Finding) or result.status is Status.FAIL
    assert isinstance(result, Verdict) or result.code is EMPTY


def test_others_may_have_got_what_the_client_did_not() -> None:
    """With their traffic an absence is nobody's proof."""
    given = known()
    result = judged(rate(COUNTED, 'status="500"'), replace(given, run=replace(given.run, foreign_traffic=True)))
    assert result.code is EMPTY


def happened(kind: str, subject: str, key: str, number: int) -> dict[Event, int]:
    return {Event(kind, "shop", subject, key): number}


def test_no_connection_failed_where_each_attempt_opened_one() -> None:
    """Attempts by the metric, connections by the witness; without an attempt there is nothing to fail."""
    shown = rate(REFUSED)
    none = judged(shown, known(), **{CONNECTIONS: 0.0})
    each = judged(shown, known(events=happened("db", "default", "connect", 30)), **{CONNECTIONS: 1.0})
    fewer = judged(shown, known(events=happened("db", "default", "connect", 2)), **{CONNECTIONS: 1.0})
    assert isinstance(none, Verdict)
    assert "nothing tried to connect" in none.why
    assert isinstance(each, Verdict)
    assert "opened a connection" in each.why
    assert fewer.code is judged(shown, known()).code is EMPTY


def test_a_connection_to_one_database_proves_nothing_of_another() -> None:
    """Ten attempts of `default` with three failures are not made good by what another alias opened."""
    seen = happened("db", "default", "connect", 7) | happened("db", "other", "connect", 30)
    assert judged(rate(REFUSED), known(events=seen), **{CONNECTIONS: 1.0}).code is EMPTY


UNKNOWN = "(views unknown to the client)"


@pytest.mark.parametrize("matchers", ['view="shop",status="500"', 'status="500"'])
def test_a_response_whose_view_is_not_known_may_be_the_one(matchers: str) -> None:
    """Without a witness the client cannot say that no error was of this view."""
    given = known(answered={SHOP: 21, (UNKNOWN, "GET", 500): 2})
    assert judged(rate(COUNTED, matchers), given).code is EMPTY
    elsewhere = judged(rate(COUNTED, 'view="shop",status="404"'), given)
    assert isinstance(elsewhere, Verdict)


def test_the_background_may_have_got_what_the_client_did_not() -> None:
    """What others asked of a declared view nobody counted by status."""
    given = known()
    given = replace(given, run=replace(given.run, background=("healthz",)))
    assert judged(rate(COUNTED, 'status="500"'), given).code is EMPTY
    assert isinstance(judged(rate(COUNTED, 'view="shop",status="500"'), given), Verdict)


def test_exceptions_are_absent_only_where_each_response_has_a_witness() -> None:
    """The client knows of none by itself."""
    shown = f"sum(rate({NAMES.exceptions_by_type}[6s]))"
    none = judged(shown, known())
    assert isinstance(none, Verdict), none.text
    assert none.why == "it is empty, as it should be: the run had no exception, by the client's own account"
    given = known()
    assert judged(shown, replace(given, client=replace(given.client, witnessed=20))).code is EMPTY


def test_what_never_happened_excuses_no_other_selector() -> None:
    """The other has series, and none of them a sample in the range."""
    gone = panels.series("django_http_requests_total_by_method_total")
    gone = Series(gone.labels, gone.points[:2])
    expression = f'sum(rate({COUNTED}{{status="500"}}[6s])) or 0 * sum(last_over_time({gone.labels["__name__"]}[3s]))'
    result = judged(expression, known(), gone)
    assert not (isinstance(result, Verdict) and result.status is Status.PASS)


def test_no_lookup_failed_where_the_witness_saw_none() -> None:
    """A backend that does not count its failures has none to show."""
    shown = rate(FAILS)
    seen = happened("cache", "redis", "hit", 30)
    none = judged(shown, known(events=seen), **{GETS: 1.0})
    assert isinstance(none, Verdict)
    assert "no lookup in a cache failed" in none.why
    assert judged(shown, known(events=seen | happened("cache", "redis", "fail", 1)), **{GETS: 1.0}).code is EMPTY
    other = judged(shown, known(events=seen | happened("cache", "locmem", "fail", 1)), **{GETS: 1.0})
    assert isinstance(other, Verdict)
    assert judged(shown, known(events=seen)).code is EMPTY


def test_what_never_happened_in_the_run_may_have_happened_before() -> None:
    """A panel that looks at yesterday has no proof in today's run."""
    given = known()
    run = replace(given.run, other_times=True)
    expression = f'sum(rate({COUNTED}{{status="500"}}[6s] offset 1d))'
    assert not isinstance(judged(expression, replace(given, run=run)), Verdict)
