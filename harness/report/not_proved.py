"""Facts, verdicts and findings -> what the run leaves open: the entries of `blind_spots` that apply, with numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from harness.checks import CHECKS, Facts
from harness.core.codes import FindingCode
from harness.core.query import NoData
from harness.core.report import NotProved
from harness.core.unsaid import Unsaid
from harness.core.verdict import Finding, Status, Strength, Verdict
from harness.evidence import prometheus_evidence
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

PROBES = "probes"
BY_CLIENT = frozenset({"latency-buckets", "percentiles", "timer-span", PROBES, "blind-spot"})
"""Checks whose verdicts are one-sided where only the client says how long a request took."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of the run something concerns."""

    number: int | None
    """None where it is no number."""
    total: int | None = None
    """Of how many; None where that is not known."""
    checks: tuple[str, ...] = ()
    """Those that it concerns; empty for those of the entry."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A run, and what its checks said of it."""

    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()
    facts: Mapping[Fact, Amount] = field(default_factory=dict)
    """Only those that hold."""
    unsaid: Mapping[Unsaid, Amount] = field(default_factory=dict)
    """The same of what the load's samples cannot say."""
    foreign: bool = False
    """Others used the target."""
    totals: Mapping[FindingCode, int] = field(default_factory=dict)
    """How many panels or alerts the run has, by the finding that is made for each at the most."""

    @property
    def checks(self) -> frozenset[str]:
        """The checks that said anything."""
        return frozenset({each.check for each in self.verdicts} | {each.check for each in self.findings})


def read(facts: Facts, asked: Sequence[str], verdicts: Sequence[Verdict], findings: Sequence[Finding]) -> Judged:
    """What the entries match on; `asked` are the ids of the checks that judged the run."""
    panels, alerts = len(facts.run.panels), sum(rule.alert for rule in facts.run.rules)
    per_panel = (FindingCode.EMPTY_PANEL, FindingCode.FIRST_COUNT_HIDDEN, FindingCode.UNPROVED_PANEL)
    judged = Judged(
        tuple(verdicts),
        tuple(findings),
        foreign=facts.foreign,
        totals={**dict.fromkeys(per_panel, panels), FindingCode.UNPROVED_ALERT: alerts},
    )
    unasked = [check.id for check in CHECKS if check.id not in asked] if facts.run.has_load else []
    silent = [check for check in asked if check not in judged.checks]
    unprobed = [check for check in silent if check == PROBES and facts.run.probe is None]
    amounts = {
        **_amounts(facts),
        Fact.NOT_ASKED: _of_checks(unasked),
        Fact.SILENT: _of_checks(check for check in silent if check not in unprobed),
        Fact.UNPROBED: _of_checks(unprobed),
    }
    holding = {fact: amount for fact, amount in amounts.items() if amount.number}
    return replace(judged, facts=holding, unsaid=_unsaid(facts))


def _unsaid(facts: Facts) -> Mapping[Unsaid, Amount]:
    """By how many requests it concerns."""
    rows = facts.client.rows
    numbers = {
        Unsaid.HEADERS: 0 if facts.witnessed else rows,
        Unsaid.REDIRECTS: facts.hidden_redirects,
        Unsaid.IN_FLIGHT: facts.run.generator.unrecorded,
    }
    amounts = {each: Amount(numbers.get(each, rows), rows) for each in facts.run.unsaid}
    return {each: amount for each, amount in amounts.items() if amount.number}


def _of_checks(checks: Iterable[str]) -> Amount:
    named = tuple(checks)
    return Amount(len(named), len(CHECKS), named)


def _amounts(facts: Facts) -> Mapping[Fact, Amount]:
    run, client = facts.run, facts.client
    replayed = sum(client.replayed.values())
    return {
        Fact.UNWITNESSED: Amount(
            client.responses - client.witnessed - sum(client.between.values()),
            client.responses,
        ),
        Fact.LOST: Amount(facts.lost, client.responses + facts.lost),
        Fact.REPLAYED: Amount(replayed, client.responses + replayed),
        Fact.OTHER_HOSTS: Amount(run.generator.elsewhere),
        Fact.BACKGROUND: Amount(len(run.background)),
        Fact.IDLE_VIEWS: _idle_views(facts),
        Fact.SCALED_RULES: Amount(len(run.rules) if run.rule_scale != 1 else 0),
    }


def _idle_views(facts: Facts) -> Amount:
    """Views that had a series, and of which no response was counted in the window."""
    increases = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    if isinstance(increases, NoData) or not facts.run.has_load:
        return Amount(0)
    counted = prometheus_evidence.by(increases, facts.names.labels.view)
    own = {view: number for (view,), number in counted.items() if view not in facts.background}
    return Amount(sum(not number for number in own.values()), len(own))


def found(judged: Judged, spots: Sequence[BlindSpot] = BLIND_SPOTS) -> tuple[NotProved, ...]:
    """The entries that apply, in the order of the table."""
    made = []
    for spot in spots:
        limited = tuple(check for check in spot.checks if check in judged.checks)
        amount = _amount(spot, judged)
        if amount is not None and (amount.checks or limited or not spot.checks):
            checks, number, total = amount.checks or limited, amount.number, amount.total
            made.append(NotProved(spot.id, spot.limitation, spot.what, spot.why, checks, number, total, spot.unit))
    return tuple(made)


def _amount(spot: BlindSpot, judged: Judged) -> Amount | None:
    """How much of the run the entry concerns; None when it does not apply."""
    match spot.when:
        case Always():
            return Amount(None)
        case Fact():
            return judged.facts.get(spot.when)
        case Unsaid():
            return judged.unsaid.get(spot.when)
        case Noticed(code):
            noticed = [each.check for each in judged.findings if each.code is code]
            return _of(spot, noticed, judged.totals.get(code))
        case Bound() | Undecided() | Passed():
            matching = [each.check for each in judged.verdicts if _matches(spot.when, each, judged)]
            return _of(spot, matching, len(judged.verdicts))
        case _:
            assert_never(spot.when)


def _of(spot: BlindSpot, checks: Sequence[str], total: int | None) -> Amount | None:
    """The amount of verdicts or findings of these checks that are the entry's; None for none."""
    own = [check for check in checks if not spot.checks or check in spot.checks]
    return Amount(len(own), total, tuple(dict.fromkeys(own))) if own else None


def _matches(when: Bound | Undecided | Passed, verdict: Verdict, judged: Judged) -> bool:
    match when:
        case Bound():
            return _is(verdict, Strength.ONE_SIDED) and bound_of(verdict, judged) is when
        case Passed(strength):
            return _is(verdict, strength)
        case Undecided():
            return verdict.status is Status.INCONCLUSIVE and undecided_by(verdict) is when
        case _:
            assert_never(when)


def _is(verdict: Verdict, strength: Strength) -> bool:
    return verdict.status is Status.PASS and verdict.strength is strength


def bound_of(verdict: Verdict, judged: Judged) -> Bound:
    """Why a verdict that passed is one-sided: the first reason that applies."""
    if verdict.power is not None and not verdict.power.reaches:
        return Bound.WIDE if verdict.power.needed is None else Bound.FEW
    if judged.foreign:
        return Bound.FOREIGN
    if verdict.check in BY_CLIENT and Fact.UNWITNESSED in judged.facts:
        return Bound.NO_WITNESS
    return Bound.OTHER


def undecided_by(verdict: Verdict) -> Undecided:
    """Why a verdict is inconclusive, by its code."""
    return next((why for why, codes in UNDECIDED.items() if verdict.code in codes), Undecided.OTHER)
