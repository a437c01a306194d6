"""Does each alert fire when it must, and is it silent when it must be?

What an alert has to be at each evaluation follows from the raw samples of the scrapes; what it was is stored by
Prometheus. The two are held against each other, evaluation by evaluation.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.checks.base import NO_DATA, Check, Facts, inconclusive, settled, unanswered
from harness.checks.monitoring import _rule_evidence
from harness.checks.reference_queries import TIE
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.rule import Rule
from harness.core.run import Run
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence.prometheus_evidence import CLOCK_RESOLUTION_S
from harness.monitoring.rules import alert_states, recording, reevaluation
from harness.monitoring.rules.alert_states import Evaluation, Limit, State, StateHistory
from harness.monitoring.rules.reevaluation import Replay
from harness.promql.vectors import Labels, UnsupportedError

ID = "alerts"
MOST_TOLD = 4
"""Alerts of one rule that are told by name."""
NEVER: Mapping[int, State] = {}
UNNAMED = frozenset({"job", "app"})
"""Labels that say nothing about which alert of a rule is meant."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One rule's alerts, as they had to be and as they were."""

    rule: Rule
    limit: Limit | None
    window_start_s: float
    moments: tuple[Evaluation, ...]
    lives: Mapping[Labels, StateHistory]
    observed: Mapping[Labels, Mapping[int, State]]

    @property
    def inside(self) -> list[int]:
        """Places of the evaluations in the window."""
        return [place for place, each in enumerate(self.moments) if each.at_s >= self.window_start_s]


def queries(run: Run) -> tuple[Query, ...]:
    """The states that Prometheus stored, and the raw samples that they follow from."""
    return _rule_evidence.queries(run)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Every rule that Prometheus could not evaluate, and every alert; none when the profile names no rules."""
    run = facts.run
    results: list[Verdict | Finding] = [*_unhealthy(facts)]
    broken = [result.labels for result in results if isinstance(result, Verdict)]
    alerts = [rule for rule in run.rules if rule.alert and _labels(rule) not in broken]
    evaluated = _rule_evidence.read(facts) if alerts else None
    if isinstance(evaluated, Replay):
        results += _misrecorded(facts, evaluated)
    for rule in alerts:
        assert evaluated is not None
        if isinstance(evaluated, NoData):
            results.append(unanswered(ID, subject_of(rule), evaluated, labels=_labels(rule)))
            continue
        try:
            results.append(_judge(facts, rule, evaluated))
        except UnsupportedError as error:
            results.append(_unproved(rule, f"{error}: when it must fire is not known"))
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
    told = {(each.file, each.group, each.name): each for each in facts.evidence.rules}
    found = []
    for rule in facts.run.rules if facts.run.embedded else ():
        health = told.get((rule.file, rule.group, rule.name))
        if health is None:
            why = "Prometheus did not say that it has loaded this rule"
            found.append(inconclusive(ID, subject_of(rule), Code.RULE_NOT_LOADED, why, labels=_labels(rule)))
        elif health.health == "err" or health.error:
            why = f"Prometheus cannot evaluate it ({health.error or health.health}): {rule.expression}"
            found.append(settled(ID, subject_of(rule), Code.RULE_ERROR, why, labels=_labels(rule)))
    return found


def _misrecorded(facts: Facts, evaluated: Replay) -> list[Verdict | Finding]:
    """Records that alerts read and that stored something else than their expression gives, or nobody can tell."""
    run, found = facts.run, list[Verdict | Finding]()
    for place in _rule_evidence.records(run):
        rule = run.rules[place]
        times = evaluated.evaluations.get(reevaluation.group_of(rule), ())
        first = bisect_left(times, _rule_evidence.known_from_s(run) + _rule_evidence.reach_s(run, rule))
        last = bisect_right(times, run.window.end_s + CLOCK_RESOLUTION_S)
        try:
            wrong = recording.first_difference([evaluated], place, times[first:last])
            if wrong:  # a rank on the edge of a bucket may fall on either side
                wrong = recording.first_difference([evaluated, *_nudged(evaluated)], place, times[first:last])
        except UnsupportedError as error:
            text = (
                f"{error}: what it had to record is not known, and what reads it is judged on what it stored, on trust"
            )
            found.append(_unproved(rule, text))
            continue
        if wrong:
            why = (
                f"{wrong.at_s - run.window.start_s:.3g} s into the window it recorded {_value(wrong.was)}"
                f"{_named(wrong.labels)} and had to record {_value(wrong.due)}: {rule.expression}"
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
        text = "Prometheus was not started here, so when it evaluates the rule is not known: nothing is compared"
        return _unproved(rule, text)
    if rule.keep_firing_for_s:
        return _unproved(rule, "keep_firing_for is not followed: nothing is compared")
    reevaluation.origins(run.rules, rule)  # raises for what reads itself
    stored = _rule_evidence.states(facts, rule)
    if isinstance(stored, NoData):
        return unanswered(ID, subject, stored, labels=_labels(rule))
    observed = alert_states.states(rule, [(each.labels, each.points) for each in stored])
    from_birth = first == 0 and times[0] > _rule_evidence.known_from_s(run) + 2 * rule.interval_s

    def told(by: Sequence[Replay]) -> _Told:
        found = _merged([alert_states.moments(each, rule, times[first:last]) for each in by])
        lives = alert_states.lives(rule, found, from_birth=from_birth)
        return _Told(rule, alert_states.limit_of(rule), run.window.start_s, found, lives, observed)

    result = _compared(told([evaluated]), subject)
    if (
        isinstance(result, Verdict) and result.status is Status.FAIL
    ):  # a rank on the edge of a bucket may fall on either side
        result = _compared(told([evaluated, *_nudged(evaluated)]), subject)
    return result


def _merged(several: Sequence[tuple[Evaluation, ...]]) -> tuple[Evaluation, ...]:
    """What is certain under all, and possible under any."""
    return tuple(
        Evaluation(
            each[0].at_s,
            frozenset.intersection(*(moment.must for moment in each)),
            frozenset.union(*(moment.may for moment in each)),
            each[0].values,
        )
        for each in zip(*several, strict=True)
    )


def _compared(told: _Told, subject: str) -> Verdict | Finding:
    for key in sorted({*told.lives, *told.observed}):
        if wrong := _wrong(told, key):
            return settled(ID, subject, *wrong, labels=_labels(told.rule))
    firing = [key for key in sorted(told.lives) if _fires(told, key)]
    if firing:
        return _fired(told, subject, firing)
    for key, life in sorted(told.lives.items()):
        if any(life.most[place] is State.FIRING for place in told.inside):
            return inconclusive(ID, subject, Code.UNDECIDED, _doubt(told, key), labels=_labels(told.rule))
    return _silent(told, subject)


def _wrong(told: _Told, key: Labels) -> tuple[Code, str] | None:
    """The first evaluation in which an alert was not what it had to be; None without any."""
    life, observed = told.lives.get(key), told.observed.get(key, NEVER)
    for place in told.inside:
        moment = told.moments[place]
        was = observed.get(alert_states.ms(moment.at_s), State.SILENT)
        least, most = (life.least[place], life.most[place]) if life else (State.SILENT, State.SILENT)
        if least <= was <= most:
            continue
        code, should, asked = (
            (Code.ALERT_MISSED, least, "had to be") if was < least else (Code.ALERT_FALSE, most, "could be at most")
        )
        since_s = life.since_s[place] if life else None
        for_s = f", {moment.at_s - since_s:.3g} s after it began" if since_s is not None else ""
        when = f"{moment.at_s - told.window_start_s:.3g} s into the window"
        states = f"it was {was.name.lower()}{_named(key)} and {asked} {should.name.lower()}"
        return code, f"{when} {states}{for_s}: {_beside(told, moment.values.get(key))} for {told.rule.for_s:g} s"
    return None


def _fires(told: _Told, key: Labels) -> bool:
    return any(told.lives[key].least[place] is State.FIRING for place in told.inside)


def _fired(told: _Told, subject: str, keys: Sequence[Labels]) -> Verdict:
    key, life = keys[0], told.lives[keys[0]]
    place = next(place for place in told.inside if life.least[place] is State.FIRING)
    moment, since_s = told.moments[place], life.since_s[place]
    took = f"{moment.at_s - since_s:.3g} s after it began" if since_s is not None else ""
    more = f"; also{','.join(map(_named, keys[1:MOST_TOLD]))}" if len(keys) > 1 else ""
    more += f" and {len(keys) - MOST_TOLD} more" if len(keys) > MOST_TOLD else ""
    value = moment.values.get(key)
    why = f"it fires{_named(key)}, as it must, {took} (for {told.rule.for_s:g} s): {_beside(told, value)}{more}"
    return settled(ID, subject, Code.AGREES, why, observed=value, labels=_labels(told.rule))


def _silent(told: _Told, subject: str) -> Verdict | Finding:
    values = [(value, key) for place in told.inside for key, value in told.moments[place].values.items()]
    if not values:
        text = f"it is silent, and its expression has nothing to judge in {len(told.inside)} evaluations: no series"
        return _unproved(told.rule, f"{text}, or no traffic; {told.rule.expression}")
    if told.limit is None:
        nearest, key = values[0]
    else:
        nearest, key = (max if told.limit.rising else min)(values)
    pending = any(told.moments[place].may for place in told.inside)
    state = f"it is pending at times, never for {told.rule.for_s:g} s, and does not fire" if pending else "it is silent"
    why = f"{state}, as it must be in {len(told.inside)} evaluations: {_beside(told, nearest)}{_named(key)}"
    return settled(ID, subject, Code.AGREES, why, observed=nearest, labels=_labels(told.rule))


def _doubt(told: _Told, key: Labels) -> str:
    """Why it is not known whether an alert had to fire: by the evaluation in which that was doubtful."""
    doubtful = [moment for moment in told.moments if key in moment.may and key not in moment.must]
    if not doubtful:
        return (
            f"it may have been pending{_named(key)} since before the evidence begins, so whether it had to fire is open"
        )
    beside = _beside(told, doubtful[-1].values.get(key))
    why = f"too close to tell{_named(key)}: {beside}"
    if told.limit is None or not alert_states.is_close(doubtful[-1].values.get(key), told.limit):
        why += ", and whether the newest scrape was stored in time decides when it began; run again, or for longer"
    return why


def _beside(told: _Told, value: float | None) -> str:
    """A value beside the limit."""
    found = "its expression gives nothing" if value is None else f"the value is {value:.6g}"
    return f"{found}, the limit {told.limit.operator} {told.limit.value:g}" if told.limit else found


def _named(key: Labels) -> str:
    """Which alert of the rule is meant; empty when nothing tells it from others."""
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
)
