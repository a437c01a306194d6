"""The arithmetic of tolerances: how an alpha is shared, what is allowed for, and what lost requests may change."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import comparison, layer_cost, thresholds
from harness.checks.base import ALPHA, Facts
from harness.checks.comparison import Count
from harness.checks.counts import error_ratio, rate
from harness.checks.delivery import no_request_recorded
from harness.checks.histograms import Histogram
from harness.checks.latency import _bucket_bounds, timer_span
from harness.checks.validity import _scrapes, generator_health, quiescence
from harness.core import statistics
from harness.core.codes import Code, FindingCode
from harness.core.limits import Limit
from harness.core.query import Series
from harness.core.run import Shard, ShardState
from harness.core.verdict import Status, Verdict
from harness.evidence.client.summary import ALL, GAP_GRID_S, ViewKey
from harness.evidence.moments import PAUSE_S
from tests.unit.checks.facts import RUN, VIEW, facts, gaps, latency, values

N = 200
BOUND_S = 0.1
INNER = values(*(0.2 for _ in range(N)))
SPREAD = gaps(*(0.0001 for _ in range(N - 4)), *(0.15 for _ in range(4)))
ONE_VIEW = {key: latency(INNER, INNER, SPREAD) for key in (ALL, VIEW)}


def _held(total: int) -> Histogram:
    return Histogram(((BOUND_S, 0.0), (float("inf"), float(total))), 0.0)


@pytest.mark.parametrize("populations", [1, 10, 100])
def test_the_bounds_of_buckets_share_alpha(populations: int) -> None:
    """Between the histograms that the check judges, and the offsets of the grid; the least upper bound is taken."""
    (bound,) = _bucket_bounds.account(facts(ONE_VIEW), VIEW, _held(N), populations).bounds
    shared = ALPHA / populations / (len(GAP_GRID_S) - 1)
    limits = [statistics.exceedances_upper(SPREAD.above[offset], N, N, shared) for offset in GAP_GRID_S[1:]]
    assert (bound.lower, bound.upper) == (0, min(limits[: GAP_GRID_S.index(0.1)]))


def test_more_histograms_make_wider_bounds() -> None:
    """Or a correct system would fail the more often, the more views it has."""
    few, many = (
        _bucket_bounds.account(facts(ONE_VIEW), VIEW, _held(N), populations).bounds[0].upper
        for populations in (1, 1000)
    )
    assert few is not None
    assert many is not None
    assert few < many


def test_observations_that_nobody_sent_widen_the_upper_bound_only() -> None:
    """Each of them may be in any bucket."""
    plain, wider = (_bucket_bounds.account(facts(ONE_VIEW), VIEW, _held(total), 1).bounds[0] for total in (N, N + 3))
    assert plain.upper is not None
    assert (wider.lower, wider.upper) == (plain.lower, plain.upper + 3)


@pytest.mark.parametrize("views", [1, 8])
def test_the_mean_gaps_of_views_share_alpha(views: int) -> None:
    """Bernstein's bound of each view, at its share, and one stall that met no other gap."""
    histogram = Histogram(((BOUND_S, 0.0), (float("inf"), float(N))), INNER.sum_s - N * 1e-4)
    found = timer_span._gap(facts(ONE_VIEW), VIEW, histogram, views)
    assert isinstance(found, timer_span.Gap)
    largest_s = SPREAD.largest_s  # the only view takes too long to show stalls
    stall_s = max(PAUSE_S, largest_s)
    assert found.chance_s == statistics.bernstein(N, SPREAD.variance, largest_s, ALPHA / views) + stall_s / N
    assert found.mean_s == pytest.approx(1e-4)


def test_a_stall_beside_the_target_is_allowed_once() -> None:
    """It widens no spread: that two of them fall on one view is as good as impossible."""
    even = dict.fromkeys((ALL, VIEW), latency(INNER, INNER, gaps(*(1e-4 for _ in range(N)))))
    still, held_up = (
        timer_span._gap(
            facts(even, run={"generator": replace(RUN.generator, stalled_s=stalled_s)}),
            VIEW,
            Histogram(((BOUND_S, 0.0), (float("inf"), float(N))), INNER.sum_s),
            1,
        )
        for stalled_s in (0.0, 0.04)
    )
    assert isinstance(still, timer_span.Gap)
    assert isinstance(held_up, timer_span.Gap)
    assert held_up.chance_s - still.chance_s == pytest.approx((0.04 - PAUSE_S) / N)


def test_a_layer_may_take_one_and_a_half_times_the_reference() -> None:
    """And 30 us beside it."""
    assert layer_cost.layer_s(gaps(0.0002, 0.0004)) == pytest.approx(1.5 * 0.0003 + 3e-5, rel=1e-12)


def scrapes(*elapsed: float, up: float = 1.0) -> Series:
    start_s, step_s = RUN.window.start_s, RUN.window.scrape_interval_s
    return Series({"instance": "a"}, tuple((start_s + each * step_s, up) for each in elapsed))


EXPECTED = round(RUN.window.length_s / RUN.window.scrape_interval_s)


@pytest.mark.parametrize(
    ("series", "code"),
    [
        (scrapes(*range(EXPECTED + 1)), Code.AGREES),
        (scrapes(*range(EXPECTED)), Code.AGREES),
        (scrapes(*range(EXPECTED - 1)), Code.SCRAPES_MISSING),
        (scrapes(*range(2, EXPECTED + 1)), Code.SCRAPES_MISSING),
        (scrapes(*range(3), *range(5, EXPECTED + 1)), Code.SCRAPES_MISSING),
        (scrapes(*range(3), *(each + 0.4 for each in range(3, EXPECTED))), Code.AGREES),
        (scrapes(*range(EXPECTED + 1), up=0.0), Code.TARGET_DOWN),
    ],
    ids=["all", "one less at the edge", "two less", "two less at the other edge", "a hole", "one late", "down"],
)
def test_one_scrape_may_be_outside_and_none_missing(series: Series, code: Code) -> None:
    """A scrape at an edge of the window may fall outside; a hole of two intervals is a scrape that is missing."""
    assert _scrapes._judge_target(facts(), series).code is code


WHOLE_SHARD = ShardState(Shard("samples-1.arrow", "measure", 100), 100, "")
FLYING = {"known_flying": (1, 2)}
TORN = {"known_torn": (1, 1)}


@pytest.mark.parametrize(
    ("known", "fewer", "more", "apart"),
    [({}, 0, 0, 0), (FLYING, 1, 2, 3), (TORN, 2, 2, 2), ({**FLYING, **TORN}, 3, 4, 5)],
    ids=["nobody", "in flight", "torn", "both"],
)
def test_known_requests_at_the_ends_of_the_window_may_be_in_some_counters_and_not_in_others(
    known: Mapping[str, tuple[int, int]], fewer: int, more: int, apart: int
) -> None:
    """What was in flight at t0 may be missing and at t1 too much; what tore a scrape either of the two."""
    window = replace(RUN.window, **known)  # type: ignore[arg-type]  # two of its fields
    made = replace(facts(run={"window": window}, answered={(*VIEW, 200): 100}), shards=(WHOLE_SHARD,))

    def codes(judge: Callable[[Count, Facts], Verdict], *differences: int) -> list[Code]:
        counts = [Count("c", "s", 100, 100 + each, "requests", "", "") for each in differences]
        return [judge(count, made).code for count in counts]

    assert codes(comparison.equal, -fewer, more) == [Code.AGREES, Code.AGREES]
    assert codes(comparison.equal, -fewer - 1, more + 1) == [Code.SHORT, Code.OVER]
    assert codes(comparison.within, -apart, apart) == [Code.AGREES, Code.AGREES]
    assert codes(comparison.within, -apart - 1, apart + 1) == [Code.SHORT, Code.OVER]


@pytest.mark.parametrize("length", [1.2, 1.5, 1.98, 2.0, 5.0, 5.02, 5.4, 5.5, 5.6, 5.98, 6.0])
@pytest.mark.parametrize("offset", [0.0, 0.01, 0.3, 0.45, 0.55, 0.7, 0.99])
def test_no_scrape_is_missing_wherever_a_target_is_scraped_within_the_interval(length: float, offset: float) -> None:
    """A window that is no whole number of intervals holds one scrape more of some targets than of others."""
    interval_s = RUN.window.scrape_interval_s
    window = replace(RUN.window, end_s=RUN.window.start_s + length * interval_s)
    times = [offset + number for number in range(9) if offset + number <= length]
    made = facts(run={"window": window})
    assert _scrapes._judge_target(made, scrapes(*times)).code is Code.AGREES
    assert _scrapes._judge_target(made, scrapes(*times[:-2])).code is Code.SCRAPES_MISSING


def test_a_scrape_may_begin_a_little_early_or_late() -> None:
    """Here the first one is just outside of the window, and the last one too."""
    window = replace(RUN.window, end_s=RUN.window.start_s + 6.01 * RUN.window.scrape_interval_s)
    made = facts(run={"window": window})
    times = [-0.01, 1.0, 2.0, 3.0, 4.0, 5.0, 6.02]
    assert _scrapes._judge_target(made, scrapes(*times)).code is Code.AGREES
    assert _scrapes._judge_target(made, scrapes(*times[:-2])).code is Code.SCRAPES_MISSING


def test_a_target_without_a_scrape_in_the_window_was_not_scraped() -> None:
    """No data never passes."""
    made = facts(run={"window": replace(RUN.window, end_s=RUN.window.start_s + RUN.window.scrape_interval_s)})
    assert _scrapes._judge_target(made, scrapes(-0.5)).code is Code.SCRAPES_MISSING


@pytest.mark.parametrize(
    ("exit_code", "code"),
    [(0, Code.AGREES), (1, Code.AGREES), (-9, Code.GENERATOR_CRASHED), (137, Code.GENERATOR_CRASHED)],
)
def test_a_generator_that_was_killed_is_no_load(exit_code: int, code: Code) -> None:
    """By a signal, as the process or a shell reports it."""
    made = facts(run={"generator": replace(RUN.generator, exit_code=exit_code)})
    assert generator_health._judge_load(made).code is code


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, "no request was recorded"),
        ({"unrecorded": 4}, "4 requests were answered and none was recorded: Locust recorded no end"),
        (
            {"unrecorded": 4, "user_errors": 4, "first_user_error": "KeyError: 'X'"},
            (
                "4 requests were answered and none was recorded: the tasks raised before Locust recorded an end, "
                "first KeyError: 'X'"
            ),
        ),
        (
            {"user_errors": 2, "first_user_error": "KeyError: 'X'"},
            "no request was recorded: 2 tasks of the scenario raised, first KeyError: 'X'",
        ),
    ],
)
def test_no_sample_has_a_reason(changed: dict[str, Any], why: str) -> None:
    """As far as Locust knows it."""
    assert no_request_recorded(replace(RUN.generator, **changed)) == why


def generator(**changed: Any) -> Facts:
    """A generator that was to load for ten seconds, with the samples of five views."""
    return facts(run={"generator": replace(RUN.generator, planned_duration_s=10.0, **changed)})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, ""),
        ({"exit_code": -9}, ""),
        ({"loaded_s": 10.0}, ""),
        ({"loaded_s": 9.0}, ""),
        ({"loaded_s": 8.9}, "the load ended after 8.9 s of 10 s"),
        ({"loaded_s": 8.0, "processes": 2}, ""),
        ({"loaded_s": 7.9, "processes": 2}, "the load ended after 7.9 s of 10 s"),
        ({"loaded_s": 9.9, "stopped_by": 2}, "Locust was stopped by SIGINT after 9.9 s of 10 s"),
        ({"loaded_s": 3.0, "exit_code": 7}, "Locust ended with exit code 7 after 3.0 s of 10 s"),
        ({"loaded_s": 3.0, "exit_code": -9}, "Locust was killed by SIGKILL after 3.0 s of 10 s"),
        (
            {"loaded_s": 3.0, "exit_code": 137, "oom_kills": 1},
            "Locust was killed by SIGKILL after 3.0 s of 10 s, by the system for want of memory",
        ),
    ],
)
def test_a_load_that_was_cut_says_by_whom(changed: dict[str, Any], why: str) -> None:
    """A run of before it was recorded does not know; a tenth of the time may be missing."""
    assert generator(**changed).delivery.cut == why


@pytest.mark.parametrize("planned_s", [1.0, 2.0, 4.0, 3600.0])
def test_a_cut_is_relative_to_the_plan(planned_s: float) -> None:
    """Half of a load is missing, however short it was."""
    made = replace(RUN.generator, planned_duration_s=planned_s, loaded_s=planned_s / 2, duration_s=planned_s / 2)
    found = generator_health._judge_load(facts(run={"generator": made}))
    assert found.code is Code.LOAD_CUT


@pytest.mark.parametrize(
    ("begun", "loaded_s", "stopped_by", "is_cut"),
    [(3, 2.0, 0, False), (2, 2.0, 0, True), (2, 10.0, 0, False), (2, 10.0, 15, True), (3, 2.0, 15, False)],
)
def test_an_open_load_is_over_with_its_last_arrival(begun: int, loaded_s: float, stopped_by: int, is_cut: bool) -> None:
    """Which may be due long before the planned end: three arrivals in ten seconds."""
    made = replace(
        RUN.generator,
        planned_duration_s=10.0,
        loaded_s=loaded_s,
        stopped_by=stopped_by,
        planned_arrivals=3,
        begun_arrivals=begun,
    )
    assert bool(facts(run={"generator": made, "arrival_rate": 0.3}).delivery.cut) is is_cut


def test_arrivals_that_were_never_due_are_not_slow_requests() -> None:
    """All was stopped after a second: neither their number nor a limit says anything of the target."""
    made = replace(
        RUN.generator, planned_duration_s=4.0, loaded_s=1.0, stopped_by=2, planned_arrivals=148, begun_arrivals=31
    )
    known = facts(
        {ALL: latency(FAST, FAST, gaps(0.0))},
        answered={(*VIEW, 200): 31},
        run={"generator": made, "arrival_rate": 37.0, "thresholds": (limit("p95", 1.0),)},
    )
    (arrivals,) = generator_health._judge_arrivals(known)
    (limited,) = thresholds.judge(known)
    for verdict in (arrivals, limited):
        assert isinstance(verdict, Verdict)
        assert (verdict.status, verdict.code) == (Status.INCONCLUSIVE, Code.LOAD_CUT)
        assert "Locust was stopped by SIGINT after 1.0 s of 4 s" in verdict.why
    codes = {each.code for each in generator_health._findings(known)}
    assert FindingCode.NEVER_BEGUN not in codes


@pytest.mark.parametrize(
    ("planned_s", "stalled_s", "is_saturated"),
    [(10.0, None, False), (10.0, 1.0, False), (10.0, 1.1, True), (60.0, 2.9, False), (60.0, 3.1, True)],
)
def test_a_generator_that_stood_still_knows_no_latencies(
    planned_s: float, stalled_s: float | None, is_saturated: bool
) -> None:
    """For a second of a short load or a twentieth of a long one, e.g. because somebody stopped it."""
    made = replace(RUN.generator, planned_duration_s=planned_s, stalled_s=stalled_s)
    delivery = facts(run={"generator": made}).delivery
    assert bool(delivery.saturated) is is_saturated
    assert (delivery.saturated_code is Code.GENERATOR_STALLED) is is_saturated


@pytest.mark.parametrize(("start", "end"), [(1, 0), (0, 1)])
def test_idle_traffic_counts_at_both_ends(start: int, end: int) -> None:
    """Of others, before the load or after it."""
    window = replace(RUN.window, idle_requests_start=start, idle_requests_end=end)
    found = quiescence._judge_foreign(facts(run={"window": window}))
    assert (found.status, found.observed) == (Status.FAIL, 1)
    assert facts(run={"window": window}).foreign


@pytest.mark.parametrize(
    ("metric", "passes"),
    [((2, 100), True), ((3, 101), True), ((2, 101), True), ((3, 102), False), ((1, 100), False), ((4, 101), False)],
)
def test_lost_requests_may_be_errors_or_not(metric: tuple[int, int], passes: bool) -> None:
    """One request without a response: it is counted or not, as an error or not; nothing else may differ."""
    made = facts(answered={(*VIEW, 200): 98, (*VIEW, 500): 2}, unanswered={("/cart", "GET"): 1})
    found = error_ratio._judge_ratio(made, "5", ALL, (2.0, 100.0), metric)
    assert (found.status is Status.PASS) is passes
    assert found.tolerance is not None
    assert found.tolerance.below == pytest.approx(2 / 100 - 2 / 101)
    assert found.tolerance.above == pytest.approx(3 / 101 - 2 / 100)


def limit(metric: str, value: float) -> Limit:
    return Limit(f"{metric} < {value}", metric, "<", value)


FAST = values(*(0.01 for _ in range(96)))


@pytest.mark.parametrize(
    ("lost", "never_begun", "status"),
    [(0, 0, Status.PASS), (5, 0, Status.PASS), (6, 0, Status.FAIL), (3, 3, Status.FAIL), (3, 2, Status.PASS)],
)
def test_what_had_no_response_is_slower_than_any_limit(lost: int, never_begun: int, status: Status) -> None:
    """Lost requests and arrivals that were dropped: p95 has no bound once it falls among them."""
    generator = replace(RUN.generator, planned_arrivals=100, begun_arrivals=100 - never_begun)
    made = facts(
        {ALL: latency(FAST, FAST, gaps(0.0))},
        answered={(*VIEW, 200): 96},
        unanswered={("/cart", "GET"): lost} if lost else {},
        run={"generator": generator},
    )
    assert thresholds._judge_key(made, limit("p95", 1.0), ALL, "p95 < 1").status is status


def test_lost_requests_are_errors_of_the_error_ratio() -> None:
    """Over all views; of one view nobody knows whose they were."""
    made = facts(answered={(*VIEW, 200): 95, (*VIEW, 500): 1, (*VIEW, 503): 2}, unanswered={("/cart", "GET"): 2})
    assert thresholds._value(made, "error_ratio", ALL) == pytest.approx(5 / 100)
    assert thresholds._value(made, "error_ratio", VIEW) == pytest.approx(3 / 98)


@pytest.mark.parametrize(
    ("expected", "unit", "words"),
    [(1, "responses", "counts 1 response,"), (0, "responses", "counts 0 responses,"), (1, "bodies", "counts 1 body,")],
)
def test_one_of_what_is_counted_is_singular(expected: int, unit: str, words: str) -> None:
    """As a reader would say it."""
    verdict = comparison.within(Count("c", "s", expected, 5.0, unit, "", ""), facts())
    assert words in verdict.why


@pytest.mark.parametrize(("view", "spare"), [("", 2), ("shop:cart", 0), (facts().metrics_view, 2), ("probe", 2)])
def test_a_view_of_the_load_holds_no_scrape_of_others(view: str, spare: int) -> None:
    """The views of the scrapes and of declared background do, and what is not by view."""
    known = facts(run={"window": replace(RUN.window, **TORN), "background": ("probe",)})  # type: ignore[arg-type]
    labels = {"view": view} if view else {}
    counts = [Count("c", "s", 9, 9 + more, "timings", "", "", labels=labels) for more in (spare, spare + 1)]
    assert [comparison.within(count, known).code for count in counts] == [Code.AGREES, Code.OVER]


def test_what_no_request_moves_is_exact() -> None:
    """The buckets of a histogram, e.g.: traffic neither adds one nor takes one away."""
    window = replace(RUN.window, idle_requests_start=5, **TORN)  # type: ignore[arg-type]
    count = Count("c", "s", 9, 8, "buckets", "", "")
    assert comparison.within(count, facts(run={"window": window}), of_requests=False).code is Code.SHORT


@pytest.mark.parametrize("known", [FLYING, TORN, {**FLYING, **TORN}], ids=["in flight", "torn", "both"])
@pytest.mark.parametrize("key", [VIEW, ALL])
def test_a_rate_of_the_loads_own_views_allows_for_no_scrape_of_others(
    key: ViewKey, known: Mapping[str, tuple[int, int]]
) -> None:
    """It is in none of their counters."""
    window = replace(RUN.window, **known)  # type: ignore[arg-type]  # two of its fields
    made = replace(facts(run={"window": window}, answered={(*VIEW, 200): 100}), shards=(WHOLE_SHARD,))
    found = [rate._judge_exact(made, key, {key: 100.0}, {key: 100.0 + more}).code for more in (-1.0, 0.0, 1.0)]
    assert found == [Code.SHORT, Code.AGREES, Code.OVER]
