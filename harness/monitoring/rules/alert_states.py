"""The history of an alert: what its expression gave at each evaluation, and which states follow from that.

An alert is pending from the first evaluation in which its expression gives a value, and firing once that has gone on
for the rule's `for` (rules/alerting.go, `AlertingRule.Eval`). Where the outcome of an evaluation is uncertain, two
histories are followed: the one that must be and the one that may be.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from harness.core.rule import Rule
from harness.monitoring.rules.reevaluation import Replay
from harness.promql import syntax
from harness.promql.vectors import COMPARISONS, NAME, Labels

CLOSE = 1e-9
"""Values that differ from the limit by less than this share of it are too close to decide."""
ORDERS = frozenset({">", ">=", "<", "<="})


class AlertState(IntEnum):
    """What an alert is at one evaluation."""

    SILENT = 0
    PENDING = 1
    FIRING = 2


@dataclass(frozen=True, slots=True)
class AlertLimit:
    """With what an alert's expression compares its value."""

    operator: str
    value: float

    @property
    def rising(self) -> bool:
        """True when large values are the bad ones."""
        return self.operator in (">", ">=")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of an alert."""

    at_s: float
    must: frozenset[Labels]
    """What gave a value for certain."""
    may: frozenset[Labels]
    """What gave one, perhaps."""
    values: Mapping[Labels, float] = field(default_factory=dict)
    """What was compared with the limit; of an alert without one, its values."""


@dataclass(frozen=True, slots=True)
class StateHistory:
    """The states of one alert of a rule, evaluation by evaluation."""

    least: tuple[AlertState, ...]
    most: tuple[AlertState, ...]
    since_s: tuple[float | None, ...]
    """Since when it has been pending or firing for certain; None where it has not."""


def limit_of(rule: Rule) -> AlertLimit | None:
    """The number that a rule compares with; None when it does something else."""
    found = syntax.comparison(syntax.parse(rule.expression))
    return AlertLimit(found[1], found[2]) if found else None


def evaluations(replay: Replay, rule: Rule, times: Sequence[float]) -> tuple[Evaluation, ...]:
    """The evaluations of an alert at `times`. Raises UnsupportedError."""
    tree = syntax.parse(rule.expression)
    compared = syntax.comparison(tree)
    found = []
    for at_s in times:
        must: frozenset[Labels] | None = None
        may: frozenset[Labels] = frozenset()
        values: dict[Labels, float] = {}
        asked = compared[0] if compared else tree
        for late in replay.lates(asked, rule, at_s):
            vector = replay.vector(asked, rule, at_s, late)
            sure = [key for key, value in vector.items() if compared is None or _holds(value, compared, certain=True)]
            perhaps = [
                key for key, value in vector.items() if compared is None or _holds(value, compared, certain=False)
            ]
            must = _own(sure, rule) if must is None else must & _own(sure, rule)
            may |= _own(perhaps, rule)
            values = values or {_own_labels(key, rule): value for key, value in vector.items()}
        found.append(_within(rule.limit, Evaluation(at_s, must or frozenset(), may, values)))
    return tuple(found)


def _within(limit: int, evaluation: Evaluation) -> Evaluation:
    """With more alerts than the group's limit an evaluation fails, and all of them end (`AlertingRule.Eval`)."""
    must, may = evaluation.must, evaluation.may
    if not limit or len(may) <= limit:
        return evaluation
    return replace(evaluation, must=frozenset(), may=frozenset() if len(must) > limit else may)


def histories(rule: Rule, evaluated: Sequence[Evaluation], *, from_start: bool) -> dict[Labels, StateHistory]:
    """The history of each alert of a rule. Without `from_start` what is there at first may be old."""
    keys: set[Labels] = set().union(*(evaluation.may for evaluation in evaluated))
    return {key: _history(rule, evaluated, key, from_start=from_start) for key in keys}


def is_close(value: float | None, limit: AlertLimit) -> bool:
    """Whether rounding decides if a value passes its limit."""
    return value is not None and abs(value - limit.value) <= CLOSE * abs(limit.value)


def states(
    rule: Rule, labelled: Iterable[tuple[Mapping[str, str], Sequence[tuple[float, float]]]]
) -> dict[Labels, dict[int, AlertState]]:
    """The states that Prometheus stored, by the alert's own labels and the millisecond of the evaluation."""
    found: dict[Labels, dict[int, AlertState]] = {}
    for labels, points in labelled:
        state = AlertState.FIRING if labels.get("alertstate") == "firing" else AlertState.PENDING
        left = {key: value for key, value in labels.items() if key not in ("alertname", "alertstate")}
        own = found.setdefault(_own_labels(tuple(sorted(left.items())), rule), {})
        for at_s, _ in points:
            own[ms(at_s)] = state
    return found


def ms(at_s: float) -> int:
    """A time in whole milliseconds, as Prometheus keeps it."""
    return round(at_s * 1000)


def _history(rule: Rule, evaluated: Sequence[Evaluation], key: Labels, *, from_start: bool) -> StateHistory:
    must, may = _Alert(rule), _Alert(rule)
    least, most, since = [], [], list[float | None]()
    for place, evaluation in enumerate(evaluated):
        old = place == 0 and not from_start
        least.append(must.next(evaluation.at_s, holds=key in evaluation.must))
        most.append(may.next(evaluation.at_s, holds=key in evaluation.may, old=old))
        since.append(must.since_s)
    return StateHistory(tuple(least), tuple(most), tuple(since))


@dataclass(slots=True)
class _Alert:
    """One alert of a rule, evaluation by evaluation (rules/alerting.go, `AlertingRule.Eval`)."""

    rule: Rule
    since_s: float | None = None
    """Since when its expression has given a value; None where it does not, and the alert is not kept firing."""
    fires: bool = False
    kept_since_s: float | None = None
    """Since when it fires for `keep_firing_for` alone."""

    def next(self, at_s: float, *, holds: bool, old: bool = False) -> AlertState:
        """The state after an evaluation; what is `old` may have held for any time before."""
        if holds:
            self.kept_since_s = None
            if self.since_s is None:
                self.since_s = float("-inf") if old else at_s
            lasted = self.since_s == float("-inf") or ms(at_s) - ms(self.since_s) >= ms(self.rule.for_s)
            self.fires = self.fires or lasted
            return AlertState.FIRING if self.fires else AlertState.PENDING
        if self.fires and self.rule.keep_firing_for_s:
            self.kept_since_s = at_s if self.kept_since_s is None else self.kept_since_s
            if ms(at_s) - ms(self.kept_since_s) < ms(self.rule.keep_firing_for_s):
                return AlertState.FIRING
        self.since_s = self.kept_since_s = None
        self.fires = False
        return AlertState.SILENT


def _holds(value: float, compared: tuple[object, str, float], *, certain: bool) -> bool:
    """Whether a value passes the filter; certain only when it does so by more than rounding."""
    _, operator, limit = compared
    holds = COMPARISONS[operator]
    if operator not in ORDERS:
        return holds(value, limit)
    spare = CLOSE * abs(limit)
    return (all if certain else any)(holds(near, limit) for near in (value - spare, value, value + spare))


def _own(keys: Iterable[Labels], rule: Rule) -> frozenset[Labels]:
    return frozenset(_own_labels(key, rule) for key in keys)


def _own_labels(labels: Labels, rule: Rule) -> Labels:
    """The labels that distinguish the alerts of one rule."""
    return tuple(pair for pair in labels if pair[0] != NAME and pair[0] not in rule.labels)
