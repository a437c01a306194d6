"""Does each alert fire when it must, and is it silent when it must be?

What an alert has to be at each evaluation follows from the raw samples of the scrapes; what it was is stored by
Prometheus. The two are compared evaluation by evaluation. It is longer than other modules because an alert has many
ways to be uncertain, each with its own reason.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.checks.base import NO_DATA, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.checks.monitoring import _rule_evidence
from harness.checks.reference_queries import TIE
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.rule import Rule
from harness.core.run import Run
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S
from harness.monitoring.rules import alert_states, recording, reevaluation, rule_file
from harness.monitoring.rules.alert_states import AlertLimit, AlertState, Evaluation, StateHistory
from harness.monitoring.rules.reevaluation import Replay
from harness.promql.vectors import Labels, UnsupportedError

ID = "alerts"
MOST_NAMED = 4
"""Alerts of one rule that a message names."""
NEVER: Mapping[int, AlertState] = {}
SHARED = "not checked: another rule makes the same series, and which of them made a sample does not show"
UNNAMED = frozenset({"job", "app"})
"""Labels that say nothing about which alert of a rule is meant."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One rule's alerts, as they had to be and as they were."""

    rule: Rule
    limit: AlertLimit | None
    window_start_s: float
    evaluations: tuple[Evaluation, ...]
    histories: Mapping[Labels, StateHistory]
    observed: Mapping[Labels, Mapping[int, AlertState]]

    @property
    def inside(self) -> list[int]:
        """Places of the evaluations in the window."""
        return [place for place, each in enumerate(self.evaluations) if each.at_s >= self.window_start_s]


def queries(run: Run) -> tuple[Query, ...]:
    """The states that Prometheus stored, and the raw samples that they follow from."""
    return _rule_evidence.queries(run)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Every rule that Prometheus could not evaluate, and every alert; none when the profile names no rules."""
    run = facts.run
    results: list[Verdict | Finding] = [*_unhealthy(facts)]
    broken = [result.labels for result in results if isinstance(result, Verdict)]
    alerts = [place for place, rule in enumerate(run.rules) if rule.alert and _labels(rule) not in broken]
    evaluated = _rule_evidence.read(facts) if alerts else None
    shared = rule_file.same_series(run.rules)
    if isinstance(evaluated, Replay):
        results += _misrecorded(facts, evaluated, shared)
    for place in alerts:
        rule = run.rules[place]
        assert evaluated is not None
        if place in shared:
            results.append(_unproved(rule, SHARED))
            continue
        if isinstance(evaluated, NoData):
            results.append(unanswered(ID, subject_of(rule), evaluated, labels=_labels(rule)))
            continue
        try:
            results.append(_judge(facts, rule, evaluated))
        except UnsupportedError as error:
            results.append(_unproved(rule, f"{error}: it is not known when it must fire"))
    return tuple(results)


def subject_of(rule: Rule) -> str:
    """How a rule is called in verdicts."""
    return f"{rule.file} / {rule.group} / {rule.name}"


def _labels(rule: Rule) -> Mapping[str, str]:
    return {"file": rule.file, "group": rule.group, "rule": rule.name}


def _unproved(rule: Rule, text: str) -> Finding:
    return Finding(FindingCode.UNPROVED_ALERT, subject_of(rule), text, ID, _labels(rule))


def _unhealthy(facts: Facts) -> list[Verdict]:
    """Rules that Prometheus has not loaded or cannot evaluate."""
    reported = {(each.file, each.group, each.name): each for each in facts.evidence.rules}
    found = []
    for rule in facts.run.rules if facts.run.embedded else ():
        health = reported.get((rule.file, rule.group, rule.name))
        if health is None:
            why = "Prometheus does not report this rule as loaded"
            found.append(inconclusive(ID, subject_of(rule), Code.RULE_NOT_LOADED, why, labels=_labels(rule)))
        elif health.health == "err" or health.error:
            why = f"Prometheus cannot evaluate it ({health.error or health.health}): {rule.expression}"
            found.append(settled(ID, subject_of(rule), Code.RULE_ERROR, why, labels=_labels(rule)))
    return found


def _misrecorded(facts: Facts, evaluated: Replay, shared: frozenset[int]) -> list[Verdict | Finding]:
    """Records that alerts read and that stored another value than their expression gives, or that cannot be checked."""
    run, found = facts.run, list[Verdict | Finding]()
    for place in _rule_evidence.records(run):
        rule = run.rules[place]
        if place in shared:
            found.append(_unproved(rule, SHARED))
            continue
        times = evaluated.evaluations.get(reevaluation.group_of(rule), ())
        first = bisect_left(times, _rule_evidence.known_from_s(run) + _rule_evidence.reach_s(run, rule))
        last = bisect_right(times, run.window.end_s + CLOCK_RESOLUTION_S)
        try:
            wrong = recording.first_difference([evaluated], place, times[first:last])
            if wrong:  # a rank on the edge of a bucket may fall on either side
                wrong = recording.first_difference([evaluated, *_nudged(evaluated)], place, times[first:last])
        except UnsupportedError as error:
            text = f"{error}: what it had to record is not known; alerts that read it are judged on what it recorded"
            found.append(_unproved(rule, text))
            continue
        if wrong:
            why = (
                f"{wrong.at_s - run.window.start_s:.3g} s into the window it recorded {_value(wrong.was)}"
                f"{_named(wrong.labels)}, expected {_value(wrong.due)}: {rule.expression}"
            )
            code, subject, labels = Code.MISRECORDED, subject_of(rule), _labels(rule)
            found.append(settled(ID, subject, code, why, expected=wrong.due, observed=wrong.was, labels=labels))
    return found


def _nudged(evaluated: Replay) -> list[Replay]:
    return [replace(evaluated, nudge=nudge) for nudge in (-TIE, TIE)]


def _value(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.6g}"


def _judge(facts: Facts, rule: Rule, evaluated: Replay) -> Verdict | Finding:
    run, subject = facts.run, subject_of(rule)
    times = evaluated.evaluations.get(reevaluation.group_of(rule), ())
    first = bisect_left(times, _rule_evidence.judged_from_s(run, rule))
    last = bisect_right(times, run.window.end_s + CLOCK_RESOLUTION_S)
    if not any(at_s >= run.window.start_s for at_s in times[first:last]):
        if run.embedded:
            why = "no evaluation of its group in the window is known"
            return inconclusive(ID, subject, Code.NO_EVALUATION, why, labels=_labels(rule))
        text = "not checked: the harness did not start this Prometheus, so the times of its evaluations are not known"
        return _unproved(rule, text)
    metrics = reevaluation.origins(run.rules, rule).metrics  # raises for what reads itself
    known = facts.names.names
    if foreign := sorted(each for each in metrics if each not in known and not evaluated.scraped.series.get(each)):
        return _unproved(rule, f"no series of {foreign[0]} is the target's: it is not known when it must fire")
    stored = _rule_evidence.states(facts, rule)
    if isinstance(stored, NoData):
        return unanswered(ID, subject, stored, labels=_labels(rule))
    observed = alert_states.states(rule, [(each.labels, each.points) for each in stored])
    from_start = first == 0 and times[0] > _rule_evidence.known_from_s(run) + 2 * rule.interval_s

    def comparison(by: Sequence[Replay]) -> _Comparison:
        found = _merged([alert_states.evaluations(each, rule, times[first:last]) for each in by])
        histories = alert_states.histories(rule, found, from_start=from_start)
        return _Comparison(rule, alert_states.limit_of(rule), run.window.start_s, found, histories, observed)

    result = _compared(comparison([evaluated]), subject)
    if (
        isinstance(result, Verdict) and result.status is Status.FAIL
    ):  # a rank on the edge of a bucket may fall on either side
        result = _compared(comparison([evaluated, *_nudged(evaluated)]), subject)
    return result


def _merged(several: Sequence[tuple[Evaluation, ...]]) -> tuple[Evaluation, ...]:
    """What is certain under all, and possible under any."""
    return tuple(
        Evaluation(
            each[0].at_s,
            frozenset.intersection(*(evaluation.must for evaluation in each)),
            frozenset.union(*(evaluation.may for evaluation in each)),
            each[0].values,
        )
        for each in zip(*several, strict=True)
    )


def _compared(compared: _Comparison, subject: str) -> Verdict | Finding:
    for key in sorted({*compared.histories, *compared.observed}):
        if wrong := _wrong(compared, key):
            return settled(ID, subject, *wrong, labels=_labels(compared.rule))
    firing = [key for key in sorted(compared.histories) if _fires(compared, key)]
    if firing:
        return _fired(compared, subject, firing)
    for key, history in sorted(compared.histories.items()):
        if any(history.most[place] is AlertState.FIRING for place in compared.inside):
            return inconclusive(ID, subject, Code.UNDECIDED, _doubt(compared, key), labels=_labels(compared.rule))
    return _silent(compared, subject)


def _wrong(compared: _Comparison, key: Labels) -> tuple[Code, str] | None:
    """The first evaluation in which an alert was not what it had to be; None without any."""
    history, observed = compared.histories.get(key), compared.observed.get(key, NEVER)
    for place in compared.inside:
        evaluation = compared.evaluations[place]
        was = observed.get(alert_states.ms(evaluation.at_s), AlertState.SILENT)
        least, most = (history.least[place], history.most[place]) if history else (AlertState.SILENT, AlertState.SILENT)
        if least <= was <= most:
            continue
        code, should, asked = (
            (Code.ALERT_MISSED, least, "had to be") if was < least else (Code.ALERT_FALSE, most, "could be at most")
        )
        since_s = history.since_s[place] if history else None
        for_s = f", {evaluation.at_s - since_s:.3g} s after it began" if since_s is not None else ""
        when = f"{evaluation.at_s - compared.window_start_s:.3g} s into the window"
        states = f"it was {was.name.lower()}{_named(key)} and {asked} {should.name.lower()}"
        return (
            code,
            f"{when} {states}{for_s}: {_beside(compared, evaluation.values.get(key))} for {compared.rule.for_s:g} s",
        )
    return None


def _fires(compared: _Comparison, key: Labels) -> bool:
    return any(compared.histories[key].least[place] is AlertState.FIRING for place in compared.inside)


def _fired(compared: _Comparison, subject: str, keys: Sequence[Labels]) -> Verdict:
    key, history = keys[0], compared.histories[keys[0]]
    place = next(place for place in compared.inside if history.least[place] is AlertState.FIRING)
    evaluation, since_s = compared.evaluations[place], history.since_s[place]
    took = f"{evaluation.at_s - since_s:.3g} s after it began" if since_s is not None else ""
    more = f"; also{','.join(map(_named, keys[1:MOST_NAMED]))}" if len(keys) > 1 else ""
    more += f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else ""
    value = evaluation.values.get(key)
    why = (
        f"it fires{_named(key)}, as expected, {took} (for {compared.rule.for_s:g} s): {_beside(compared, value)}{more}"
    )
    return settled(ID, subject, Code.AGREES, why, observed=value, labels=_labels(compared.rule))


def _silent(compared: _Comparison, subject: str) -> Verdict | Finding:
    found = [(value, key) for place in compared.inside for key, value in compared.evaluations[place].values.items()]
    values = [(value, key) for value, key in found if not math.isnan(value)]
    if not found:
        text = f"it is silent, and its expression has no value in {len(compared.inside)} evaluations: no series"
        return _unproved(compared.rule, f"{text}, or no traffic; {compared.rule.expression}")
    if not values:  # of no traffic, and above and below no limit
        text = f"it is silent, and its expression is NaN in {len(compared.inside)} evaluations: no traffic"
        return _unproved(compared.rule, f"{text}; {compared.rule.expression}")
    if compared.limit is None:
        nearest, key = values[0]
    else:
        nearest, key = (max if compared.limit.rising else min)(values)
    pending = any(compared.evaluations[place].may for place in compared.inside)
    state = (
        f"it is pending at times, never for {compared.rule.for_s:g} s, and does not fire" if pending else "it is silent"
    )
    why = f"{state}, as expected in {len(compared.inside)} evaluations: {_beside(compared, nearest)}{_named(key)}"
    return settled(ID, subject, Code.AGREES, why, observed=nearest, labels=_labels(compared.rule))


def _doubt(compared: _Comparison, key: Labels) -> str:
    """Why it is not known whether an alert had to fire: by the evaluation in which that was doubtful."""
    doubtful = [
        evaluation for evaluation in compared.evaluations if key in evaluation.may and key not in evaluation.must
    ]
    if not doubtful:
        return (
            f"it may have been pending{_named(key)} since before the evidence begins, so it is not known whether it "
            "had to fire"
        )
    beside = _beside(compared, doubtful[-1].values.get(key))
    why = f"too close to tell{_named(key)}: {beside}"
    if compared.limit is None or not alert_states.is_close(doubtful[-1].values.get(key), compared.limit):
        why += ", and whether the newest scrape was stored in time decides when it began; run again, or for longer"
    return why


def _beside(compared: _Comparison, value: float | None) -> str:
    """A value beside the limit."""
    found = "its expression has no value" if value is None else f"the value is {value:.6g}"
    return f"{found}, the limit {compared.limit.operator} {compared.limit.value:g}" if compared.limit else found


def _named(key: Labels) -> str:
    """Which alert of the rule is meant; empty when nothing distinguishes it from others."""
    names = [value for label, value in key if label not in UNNAMED]
    return f" for {' '.join(names)}" if names else ""


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.AGREES,
        Code.ALERT_FALSE,
        Code.ALERT_MISSED,
        Code.MISRECORDED,
        Code.NO_EVALUATION,
        Code.RULE_ERROR,
        Code.RULE_NOT_LOADED,
        Code.UNDECIDED,
        Code.UNKNOWN_VERSION,
    },
    optional=True,
    unseen=(
        Unseen(
            "after-the-window",
            "Whether an alert that is pending at t1 fires, and what Alertmanager makes of it",
            "evaluations after t1, routes, silences, receivers and annotations are not compared",
        ),
    ),
)
