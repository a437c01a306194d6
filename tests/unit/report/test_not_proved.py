"""What a run leaves open: each entry applies where it should, with its number, and nowhere else."""

from dataclasses import replace

import pytest

from harness.checks import CHECKS
from harness.core.codes import Code, FindingCode
from harness.core.panel import Panel
from harness.core.report import Limitation, NotProved
from harness.core.rule import Rule
from harness.core.run import Probe
from harness.core.unsaid import Unsaid
from harness.core.verdict import Finding, Power, Status, Strength, Verdict
from harness.report.blind_spots import (
    BLIND_SPOTS,
    UNDECIDED,
    Always,
    BlindSpot,
    Bound,
    Fact,
    Noticed,
    Passed,
    Undecided,
)
from harness.report.not_proved import Amount, Judged, found, read
from tests.unit.checks.facts import counted, facts

IDS = tuple(check.id for check in CHECKS)
FEW = Power(detectable=0.4, limit=0.1, unit="s per request", needed=900)
WIDE = Power(detectable=None, limit=0.1, unit="s per request")
ENOUGH = Power(detectable=0.05, limit=0.1, unit="s per request")


def passed(check: str, strength: Strength = Strength.EXACT, power: Power | None = None) -> Verdict:
    """A verdict with words that nobody may read."""
    return Verdict(check, "any", Status.PASS, "any words", code=Code.AGREES, strength=strength, power=power)


def one_sided(check: str, power: Power | None = None) -> Verdict:
    return passed(check, Strength.ONE_SIDED, power)


def doubtful(check: str, code: Code) -> Verdict:
    return Verdict(check, "any", Status.INCONCLUSIVE, "any words", code=code)


def noticed(code: FindingCode, check: str) -> Finding:
    return Finding(code, "any", "any words", check)


def entries(judged: Judged) -> dict[str, NotProved]:
    """Those that apply, but for what no run shows."""
    return {each.id: each for each in found(judged) if each.limitation is not Limitation.LAW}


def amounts(judged: Judged) -> dict[str, tuple[int | None, int | None]]:
    return {name: (each.number, each.total) for name, each in entries(judged).items()}


def spot_of(condition: object) -> BlindSpot:
    (spot,) = (spot for spot in BLIND_SPOTS if spot.when == condition)
    return spot


def test_the_table_is_sound() -> None:
    """Ids are unique, checks exist, and what has a number has a unit."""
    assert len({spot.id for spot in BLIND_SPOTS}) == len(BLIND_SPOTS)
    assert all(set(spot.checks) <= set(IDS) for spot in BLIND_SPOTS)
    assert all(bool(spot.unit) is not isinstance(spot.when, Always) for spot in BLIND_SPOTS)
    assert all((spot.limitation is Limitation.LAW) is isinstance(spot.when, Always) for spot in BLIND_SPOTS)
    used = {spot.when for spot in BLIND_SPOTS}
    assert used >= {*Bound, *Undecided, *Fact}


def test_nothing_is_open_where_everything_is_proved() -> None:
    """But for what no run shows, of the checks that judged it and of no other."""
    judged = Judged((passed("migrations"), passed("timer-span", Strength.WITNESS, ENOUGH)))
    assert entries(judged) == {}
    laws = {each.id: each for each in found(judged)}
    assert laws["not-loaded"].checks == ()
    assert laws["ends-only"].checks == ("timer-span", "migrations")
    assert "driver-connection" not in laws


def test_a_run_that_nothing_judged_has_only_what_holds_for_every_law() -> None:
    """An entry of some checks needs one of them."""
    assert {each.id for each in found(Judged())} == {"not-loaded", "common-error", "own-metrics"}


@pytest.mark.parametrize(
    ("verdict", "foreign", "unwitnessed", "id"),
    [
        (one_sided("timer-span", FEW), False, False, "too-few-requests"),
        (one_sided("timer-span", FEW), True, True, "too-few-requests"),
        (one_sided("percentiles", WIDE), False, False, "too-wide-tolerance"),
        (one_sided("timer-span", ENOUGH), True, True, "foreign-traffic"),
        (one_sided("request-counts"), True, False, "foreign-traffic"),
        (one_sided("latency-buckets"), False, True, "client-only"),
        (one_sided("latency-buckets"), False, False, "one-bound"),
        (one_sided("request-counts"), False, True, "one-bound"),
    ],
)
def test_a_one_sided_verdict_is_counted_once(verdict: Verdict, foreign: bool, unwitnessed: bool, id: str) -> None:
    """Under the first reason that applies, among all verdicts, with its check."""
    known = {Fact.UNWITNESSED: Amount(3, 9)} if unwitnessed else {}
    judged = Judged((verdict, passed("rate"), passed("rate")), facts=known, foreign=foreign)
    bounds = {name: each for name, each in entries(judged).items() if each.limitation is Limitation.BOUND}
    assert {name: (each.number, each.total, each.checks) for name, each in bounds.items()} == {
        id: (1, 3, (verdict.check,))
    }


def test_only_what_passed_is_proved_in_part() -> None:
    """A one-sided verdict that failed says enough."""
    failed = replace(one_sided("timer-span"), status=Status.FAIL, code=Code.TOO_LOW)
    assert entries(Judged((failed,), facts={Fact.UNWITNESSED: Amount(1, 2)})).keys() == {"unwitnessed-responses"}


def test_calibrated_verdicts_rest_on_an_assumption() -> None:
    assert amounts(Judged((passed("percentiles", Strength.CALIBRATED),))) == {"calibrated": (1, 1)}
    assert spot_of(Passed(Strength.CALIBRATED)).limitation is Limitation.BOUND


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.AGREES])
def test_an_inconclusive_verdict_is_counted_once_whatever_its_code(code: Code) -> None:
    """A code of no group is of the last one."""
    judged = Judged((doubtful("rate", code), passed("rate")))
    group = next((why for why, codes in UNDECIDED.items() if code in codes), Undecided.OTHER)
    assert amounts(judged) == {spot_of(group).id: (1, 2)}


@pytest.mark.parametrize("spot", [spot for spot in BLIND_SPOTS if isinstance(spot.when, Noticed)], ids=lambda s: s.id)
def test_findings_are_counted_for_their_checks(spot: BlindSpot) -> None:
    """Findings of this kind by one of the checks, and neither of another kind nor by another check."""
    assert isinstance(spot.when, Noticed)
    check = spot.checks[-1]
    own = noticed(spot.when.code, check)
    judged = Judged((), (own, own, noticed(FindingCode.USER_ERRORS, check), noticed(spot.when.code, "thresholds")))
    assert {name: (each.number, each.checks) for name, each in entries(judged).items()} == {spot.id: (2, (check,))}


def test_panels_are_counted_among_the_panels_of_the_run() -> None:
    judged = Judged((), (noticed(FindingCode.EMPTY_PANEL, "dashboards"),), totals={FindingCode.EMPTY_PANEL: 40})
    assert amounts(judged) == {"empty-panels": (1, 40)}


@pytest.mark.parametrize("fact", list(Fact))
def test_facts_apply_where_a_check_was_limited_by_them(fact: Fact) -> None:
    """With their number; not to a run that none of the checks judged, unless the fact names its checks."""
    spot = spot_of(fact)
    verdicts = tuple(passed(check) for check in spot.checks or ("rate",))
    assert amounts(Judged(verdicts, facts={fact: Amount(4, 12)})) == {spot.id: (4, 12)}
    assert amounts(Judged(verdicts)) == {}
    other = Judged((passed("thresholds"),), facts={fact: Amount(4, 12)})
    assert amounts(other) == ({} if spot.checks else {spot.id: (4, 12)})


def test_reads_how_many_checks_had_nothing_to_judge() -> None:
    """Those that were asked and said nothing; those that the run does not name are others."""
    asked = ("rate", "cache", "probes")
    run = facts()
    probed = replace(run, run=replace(run.run, probe=Probe(1.0)))
    judged = read(probed, asked, [passed("rate")], [])
    assert judged.facts[Fact.SILENT] == Amount(2, len(IDS), ("cache", "probes"))
    assert judged.facts[Fact.NOT_ASKED].number == len(IDS) - 3
    assert Fact.UNPROBED not in judged.facts
    assert entries(judged)["nothing-to-judge"].checks == ("cache", "probes")


def test_reads_whether_rare_views_were_probed() -> None:
    """No probe phase is a reason of its own for a check without verdicts."""
    run = facts()
    judged = read(replace(run, run=replace(run.run, probe=None)), ("rate", "probes"), [passed("rate")], [])
    assert judged.facts[Fact.UNPROBED] == Amount(1, len(IDS), ("probes",))
    assert Fact.SILENT not in judged.facts
    assert Fact.UNPROBED not in read(run, ("rate",), [passed("rate")], []).facts
    assert entries(judged)["probes-off"].checks == ("probes",)


def test_a_run_without_load_was_not_asked_for_more() -> None:
    """Who compares dashboards alone wants no other check."""
    run = facts()
    watched = replace(run, run=replace(run.run, scenario=""))
    assert Fact.NOT_ASKED not in read(watched, ("dashboards",), [passed("dashboards")], []).facts


ANSWERED = {("shop:cart", "GET", 200): 7, ("shop:cart", "GET", 404): 1}
LOST = {("/cart", "GET"): 2}


def test_reads_what_accounts_lack() -> None:
    """Each fact with its number, and of how many."""
    run = facts(answered=ANSWERED, unanswered=LOST, run={"background": ("ops:health",), "rule_scale": 0.1})
    client = replace(run.client, witnessed=5, between={("shop:cart", "GET", 200): 1}, replayed={("", "GET", 200): 4})
    generator = replace(run.run.generator, elsewhere=6, unrecorded=1)
    rule = Rule("orders.yml", "orders", "OrdersFail", True, "up < 1")
    run = replace(run, client=client, run=replace(run.run, generator=generator, rules=(rule,)))
    known = read(run, (), [], []).facts
    assert known[Fact.UNWITNESSED] == Amount(2, 8)
    assert known[Fact.LOST] == Amount(3, 11)
    assert known[Fact.REPLAYED] == Amount(4, 12)
    assert known[Fact.OTHER_HOSTS] == Amount(6)
    assert known[Fact.BACKGROUND] == Amount(1)
    assert known[Fact.SCALED_RULES] == Amount(1)


def test_a_run_that_lacks_nothing_has_no_such_fact() -> None:
    run = facts(answered=ANSWERED)
    complete = replace(run, client=replace(run.client, witnessed=8))
    assert read(complete, IDS, [passed(check) for check in IDS], []).facts == {}


def test_reads_which_views_got_no_request() -> None:
    """Those with a series that did not grow; neither the scrapes' nor those that are declared."""
    run = facts(answered=ANSWERED, run={"background": ("ops:health",)})
    label = run.names.labels.view
    grown = {"shop:cart": 8.0, "shop:pay": 0.0, "shop:ship": 0.0, "ops:health": 0.0, run.metrics_view: 0.0}
    series: dict[tuple[tuple[str, str], ...], float] = {
        ((label, view), ("instance", "app:1")): number for view, number in grown.items()
    }
    known = replace(run, evidence=counted(run.run, {run.names.responses_by_view: series}))
    assert read(known, (), [], []).facts[Fact.IDLE_VIEWS] == Amount(2, 3)
    assert Fact.IDLE_VIEWS not in read(run, (), [], []).facts


def test_reads_how_many_panels_and_alerts_there_are() -> None:
    """Beside the findings on them."""
    panels = (Panel("Orders", "Rate", "A", "up"), Panel("Orders", "Errors", "A", "up"))
    alert = Rule("orders.yml", "orders", "OrdersFail", True, "up < 1")
    run = facts(run={"panels": panels, "rules": (alert, replace(alert, name="orders:up", alert=False))})
    given = [noticed(FindingCode.UNPROVED_PANEL, "dashboards"), noticed(FindingCode.UNPROVED_ALERT, "alerts")]
    judged = amounts(read(run, ("dashboards", "alerts"), [], given))
    assert judged["unproved-panels"] == (1, 2)
    assert judged["unproved-alerts"] == (1, 1)


@pytest.mark.parametrize("unsaid", list(Unsaid))
def test_what_the_results_of_a_load_leave_out_has_an_entry(unsaid: Unsaid) -> None:
    """With the number of requests that it concerns."""
    (spot,) = (each for each in BLIND_SPOTS if each.when is unsaid)
    verdicts = tuple(passed(check) for check in spot.checks)
    assert amounts(Judged(verdicts, unsaid={unsaid: Amount(4, 12)})) == {spot.id: (4, 12)}


def test_reads_what_the_results_leave_out() -> None:
    """Not what the run did not have: redirects that were followed, requests in flight, no header at all."""
    run = facts(answered=ANSWERED, run={"unsaid": (*Unsaid,)})
    total = run.client.rows
    generator = replace(run.run.generator, unrecorded=0)
    plain = replace(run, run=replace(run.run, generator=generator), client=replace(run.client, witnessed=1))
    others = {*Unsaid} - {Unsaid.HEADERS, Unsaid.REDIRECTS, Unsaid.IN_FLIGHT}
    assert read(plain, (), [], []).unsaid == dict.fromkeys(others, Amount(total, total))
    more = replace(run, hidden_redirects=2, run=replace(run.run, generator=replace(generator, unrecorded=6)))
    more = replace(more, client=replace(run.client, witnessed=0))
    known = read(more, (), [], []).unsaid
    assert known[Unsaid.REDIRECTS] == Amount(2, total)
    assert known[Unsaid.IN_FLIGHT] == Amount(6, total)
    assert known[Unsaid.HEADERS] == Amount(total, total)
