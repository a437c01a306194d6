"""Inconclusive verdicts -> why nothing could be decided, and what to do. Pure.

What fails first on the path of a number makes the rest inconclusive: without a load there is nothing to compare,
without an answer of Prometheus nothing to compare it with. So the reasons are asked for in that order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.codes import Code
from harness.core.verdict import Cause, Status, Verdict


@dataclass(frozen=True, slots=True)
class Reason:
    """Why verdicts with one of the codes are inconclusive, and the next step."""

    id: str
    codes: frozenset[Code]
    text: str


REASONS: tuple[Reason, ...] = (
    Reason(
        "run-not-made",
        frozenset({Code.NO_VERDICT}),
        "the run could not be made: read its output in the logs of the run directory, mend what it names, run again",
    ),
    Reason(
        "load-ended-early",
        frozenset({Code.GENERATOR_CRASHED, Code.LOAD_CUT}),
        "the load generator ended before its plan did, so what it would have sent is unknown: the evidence says what "
        "ended it and names its log; run again",
    ),
    Reason(
        "nothing-was-sent",
        frozenset({Code.NO_SAMPLES}),
        "no request was answered: check that the target answers and that the scenario sends to it, then run again",
    ),
    Reason(
        "samples-damaged",
        frozenset({Code.SAMPLES_LOST, Code.SAMPLES_UNUSABLE}),
        "the recorded samples are not whole, so the client's side is not known: run again, and let the load end by "
        "itself",
    ),
    Reason(
        "other-load",
        frozenset({Code.NOT_DELIVERED}),
        "another load was made than the planned one: ask for less load, or give the generator more workers "
        "(`--workers`)",
    ),
    Reason(
        "generator-stood-still",
        frozenset({Code.GENERATOR_STALLED}),
        "the load generator stood still for a part of the load, so its latencies of that time are not known: it was "
        "suspended, or the machine gave it no processor; suspend nothing, leave the machine to the run, and run again",
    ),
    Reason(
        "generator-saturated",
        frozenset({Code.SATURATED}),
        "the load generator was too busy, so its own delay is in every latency: use fewer users, more workers "
        "(`--workers`), or another machine",
    ),
    Reason(
        "not-scraped",
        frozenset({Code.NO_SCRAPE}),
        "no scrape of the target is known, so no metric is: compare the selector with the labels of the scrape job, "
        "and look at the page Targets of Prometheus",
    ),
    Reason(
        "prometheus-silent",
        frozenset({Code.NO_ANSWER, Code.UNREADABLE, Code.REFUSED}),
        "Prometheus did not answer some of the run's questions: see that it runs and that its query limits allow them, "
        "then run again",
    ),
    Reason(
        "no-such-series",
        frozenset({Code.NO_SERIES, Code.NO_VALUE, Code.NOTHING_COUNTED, Code.NOT_A_NUMBER}),
        "Prometheus answered and has no such series or value: the target does not export it, the selector does not "
        "match it, or nothing of its kind happened; extend the scenario, or mend the selector",
    ),
    Reason(
        "version-unknown",
        frozenset({Code.UNKNOWN_VERSION}),
        "the version of Prometheus is not known, so neither is what its functions give: let the harness read "
        "/api/v1/status/buildinfo",
    ),
    Reason(
        "others-use-the-target",
        frozenset({Code.FOREIGN_TRAFFIC, Code.IN_FLIGHT, Code.UNREQUESTED}),
        "others used the target while the load was off, so its counters hold their requests too: stop them, name their "
        "views in `background`, or run with `--foreign-traffic`, which proves lower bounds only",
    ),
    Reason(
        "nothing-to-compare-with",
        frozenset({Code.NO_WITNESS, Code.NO_REFERENCE, Code.NO_BUCKETS}),
        "nothing but the metric itself knows it: install the witness in the target (docs/verification.md)",
    ),
    Reason(
        "rules-not-evaluated",
        frozenset({Code.RULE_NOT_LOADED, Code.NO_EVALUATION}),
        "Prometheus did not evaluate the rules during the window: check that it loads them, and run longer than their "
        "interval",
    ),
    Reason(
        "run-too-short",
        frozenset({Code.SHORT_RANGE}),
        "a panel's range holds fewer than four scrapes of this run: run longer (`--duration`)",
    ),
    Reason(
        "view-not-reached",
        frozenset({Code.UNKNOWN_VIEW}),
        "no request reached a view that the profile names: correct its name, or let the scenario request it",
    ),
    Reason(
        "runs-not-comparable",
        frozenset({Code.NOT_COMPARABLE, Code.UNVERIFIED, Code.NO_MEASUREMENT}),
        "there is nothing that could be compared: make base and candidate with the same profile on the same machine, "
        "and see that both pass their own verification",
    ),
    Reason(
        "too-little-data",
        frozenset({Code.NOT_PROVED, Code.NOT_FINAL, Code.UNDECIDED}),
        "the numbers allow both outcomes: measure longer, or with more requests",
    ),
)
OTHER = Reason("undecided", frozenset(), "the verdicts below say what is missing, each with its next step")
"""Of any other code."""


def because(verdicts: Sequence[Verdict]) -> tuple[Cause, ...]:
    """Why verdicts are inconclusive, what comes first on the path of a number first; nothing when none is."""
    open_ = [place for place, verdict in enumerate(verdicts) if verdict.status is Status.INCONCLUSIVE]
    own: dict[str, list[int]] = {}
    for place in open_:
        own.setdefault(reason_of(verdicts[place]).id, []).append(place)
    return tuple(Cause(each.id, each.text, tuple(own[each.id])) for each in (*REASONS, OTHER) if each.id in own)


def reason_of(verdict: Verdict) -> Reason:
    """Why one verdict is inconclusive, by its code."""
    return next((each for each in REASONS if verdict.code in each.codes), OTHER)
