"""Does the run keep the profile's own limits? Judged on what the client saw, so a wrong metric cannot pass them."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.checks.base import Check, Facts, Unseen, inconclusive, labels_of, settled, unanswered, unusable
from harness.core import statistics
from harness.core.codes import Code
from harness.core.limits import Limit
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence.client.summary import ALL, Values, ViewKey

ID = "thresholds"
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


def queries(run: Run) -> tuple[Query, ...]:
    """The profile's own PromQL, at the end of the window."""
    return tuple(_query(run, limit) for limit in run.thresholds if limit.promql)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """One verdict per limit and method; a profile without limits passes and says so."""
    if not facts.run.thresholds:
        return (settled(ID, "", Code.AGREES, "the profile sets no limits"),)
    return tuple(verdict for limit in facts.run.thresholds for verdict in _judge_limit(facts, limit))


def _query(run: Run, limit: Limit) -> Query:
    return Query(limit.metric, run.window.end_s)


def _judge_limit(facts: Facts, limit: Limit) -> list[Verdict]:
    if facts.delivery.cut:
        why = f"{facts.delivery.cut}: a limit is one on the whole load; run again"
        return [
            inconclusive(ID, limit.text, facts.delivery.cut_code, why, labels={} if limit.promql else _labels(limit))
        ]
    if limit.promql:
        return _judge_promql(facts, limit)
    if facts.unusable:
        return [unusable(ID, limit.text, facts, _labels(limit))]
    keys = [key for key in facts.client.latency if (key[0] == limit.view if limit.view else key == ALL)]
    if not keys:
        why = f"no request reached a view {limit.view!r}; name a view of the report"
        return [inconclusive(ID, limit.text, Code.UNKNOWN_VIEW, why, labels=_labels(limit))]
    if facts.delivery.saturated and limit.metric not in ("error_ratio", "rate"):
        return [
            inconclusive(ID, limit.text, facts.delivery.saturated_code, facts.delivery.saturated, labels=_labels(limit))
        ]
    return [_judge_key(facts, limit, key, _subject(limit, key, len(keys))) for key in sorted(keys)]


def _judge_key(facts: Facts, limit: Limit, key: ViewKey, subject: str) -> Verdict:
    """Requests without a response, and dropped arrivals, count as slower than any limit."""
    labels = _labels(limit, key)
    if limit.metric in ("error_ratio", "rate"):
        return _judge_value(limit, subject, _value(facts, limit.metric, key), labels)
    q, lost, n = float(limit.metric[1:]) / 100, facts.client.lost + facts.delivery.never_begun, _felt(facts, key).n
    if lost and statistics.rank(q, n + lost) > n:
        why = f"{lost} of {n + lost} requests had no response at all, so {limit.metric} has no bound"
        if facts.delivery.never_begun:
            why += f"; {facts.delivery.never_begun} of them were dropped (all users busy)"
        return settled(ID, subject, Code.LIMIT_EXCEEDED, why, expected=limit.value, unit="s", labels=labels)
    judged = _judge_value(limit, subject, _value(facts, limit.metric, key), labels)
    if not facts.client.latency[key].intended.n:
        return judged
    actual_s = facts.client.latency[key].client.quantiles_s[q]
    return replace(judged, why=f"{judged.why}, from the intended start; from the actual one it is {actual_s:.6g}")


def _felt(facts: Facts, key: ViewKey) -> Values:
    """Latencies from the intended start in an open model, else from the actual one."""
    latency = facts.client.latency[key]
    return latency.intended if latency.intended.n else latency.client


def _judge_promql(facts: Facts, limit: Limit) -> list[Verdict]:
    reading = facts.evidence.read(_query(facts.run, limit))
    if isinstance(reading, NoData):
        return [unanswered(ID, limit.text, reading)]
    verdicts = []
    for series in reading.series:
        labels = ", ".join(f"{key}={value}" for key, value in sorted(series.labels.items()) if key != "__name__")
        subject = f"{limit.text} {{{labels}}}" if labels else limit.text
        if not math.isfinite(series.last):
            why = f"the expression gives {series.last}"
            verdicts.append(inconclusive(ID, subject, Code.NOT_A_NUMBER, why, labels=series.labels))
        else:
            verdicts.append(_judge_value(limit, subject, series.last, series.labels))
    return verdicts


def _judge_value(limit: Limit, subject: str, value: float, labels: Mapping[str, str]) -> Verdict:
    kept = COMPARE[limit.comparison](value, limit.value)
    unit = "" if limit.promql else {"error_ratio": "ratio", "rate": "requests/s"}.get(limit.metric, "s")
    measured = f"{value:.6g} {'' if unit == 'ratio' else unit}".rstrip()
    why = f"{limit.text}: measured {measured}, {'within' if kept else 'beyond'} the limit"
    code = Code.AGREES if kept else Code.LIMIT_EXCEEDED
    return settled(ID, subject, code, why, expected=limit.value, observed=value, unit=unit, labels=labels)


def _labels(limit: Limit, key: ViewKey | None = None) -> Mapping[str, str]:
    """What a limit of the profile's own numbers is about."""
    return labels_of((limit.view, "") if key is None else key, number=limit.metric)


def _subject(limit: Limit, key: ViewKey, count: int) -> str:
    return f"{limit.text} ({key[1]})" if count > 1 else limit.text


def _value(facts: Facts, metric: str, key: ViewKey) -> float:
    matching = {
        (view, method, status): number
        for (view, method, status), number in facts.client.answered.items()
        if key in (ALL, (view, method))
    }
    total = sum(matching.values())
    if metric == "rate":
        first_s, last_s = facts.client.first_s or 0.0, facts.client.last_s or 0.0
        return total / max(last_s - first_s, 1e-9)
    lost = facts.client.lost if key == ALL else 0
    if metric == "error_ratio":
        return (sum(number for (_, _, status), number in matching.items() if status >= 500) + lost) / (total + lost)
    return _felt(facts, key).quantiles_s[float(metric[1:]) / 100]


CHECK = Check(
    ID,
    queries,
    judge,
    frozenset(
        {
            Code.AGREES,
            Code.GENERATOR_CRASHED,
            Code.GENERATOR_STALLED,
            Code.LIMIT_EXCEEDED,
            Code.LOAD_CUT,
            Code.NO_ANSWER,
            Code.NO_SERIES,
            Code.NOT_A_NUMBER,
            Code.REFUSED,
            Code.SAMPLES_UNUSABLE,
            Code.SATURATED,
            Code.UNKNOWN_VIEW,
            Code.UNREADABLE,
        }
    ),
    unseen=(
        Unseen(
            "limits-in-promql",
            "Whether the answer to a limit in PromQL is right",
            "it is asked once, at t1, and compared with nothing else",
        ),
    ),
)
