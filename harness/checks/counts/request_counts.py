"""Per view, method and status: is the metric's count the client's count?"""

from collections import Counter

from harness.checks import churn, response_counts
from harness.checks.background import background_requests
from harness.checks.base import COUNTED, ELSEWHERE, NO_DATA, Check, Facts, labels_of, unanswered
from harness.checks.comparison import Count, equal
from harness.checks.response_counts import expected_responses, lost_requests, observed_responses
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence

ID = "request-counts"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw responses by status, view and method; raw requests by view and by method."""
    return response_counts.queries(run)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Responses per (view, method, status), then requests per (view, method) and per method."""
    return (*_judge_responses(facts), *_judge_requests(facts), *_judge_methods(facts), *_rejected(facts))


def _advice(facts: Facts) -> tuple[str, str]:
    return facts.names.advice.other_labels, facts.names.advice.foreign_labels


def _labels(facts: Facts) -> tuple[str, str]:
    return facts.names.labels.view, facts.names.labels.method


def _judge_responses(facts: Facts) -> list[Verdict]:
    observed = observed_responses(facts)
    if isinstance(observed, NoData):
        return [unanswered(ID, "responses", observed)]
    expected = expected_responses(facts)
    return [
        equal(
            Count(
                ID,
                " ".join(key),
                expected[key],
                observed.get(key, 0.0),
                "responses",
                *_advice(facts),
                labels=labels_of(key[:2], status=key[2]),
            ),
            facts,
            lost=lost_requests(facts, key[0], key[1]),
            left=churn.unaccounted(facts).of(*key),
        )
        for key in sorted({*expected, *(key for key, value in observed.items() if value)})
    ]


def _judge_requests(facts: Facts) -> list[Verdict]:
    """Counted when a view was found, so requests that no URL pattern matched are not there."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.requests_by_view)
    if isinstance(items, NoData):
        return [unanswered(ID, "requests by view", items)]
    expected: Counter[tuple[str, str]] = Counter()
    for (view, method, _), number in expected_responses(facts).items():
        if view not in (ELSEWHERE, facts.names.unrouted):
            expected[(view, method)] += number
    sums = prometheus_evidence.by(items, *_labels(facts))
    observed = {(view, method): value for (view, method), value in sums.items()}
    pooled = any(view == ELSEWHERE for view, _, _ in expected_responses(facts))
    strangers = {key for key, value in observed.items() if value and key[0] not in facts.background and not pooled}
    return [
        equal(
            Count(
                ID,
                f"{' '.join(key)} requests",
                expected[key],
                observed.get(key, 0.0),
                "requests",
                *_advice(facts),
                labels=labels_of(key),
            ),
            facts,
            lost=lost_requests(facts, *key),
            left=churn.unaccounted(facts).of(*key),
        )
        for key in sorted({*expected, *strangers})
    ]


def _judge_methods(facts: Facts) -> list[Verdict]:
    items, extra = (
        prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.requests_by_method),
        background_requests(facts),
    )
    by_view = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    for answer in (items, extra, by_view):
        if isinstance(answer, NoData):
            return [unanswered(ID, "requests by method", answer)]
    assert not isinstance(items, NoData)
    assert not isinstance(extra, NoData)
    assert not isinstance(by_view, NoData)
    expected: Counter[str] = Counter()
    for (_, method, _), number in facts.client.answered.items():
        expected[facts.names.method_label(method)] += number
    expected["GET"] += extra[0]
    for (view, method), value in prometheus_evidence.by(by_view, *_labels(facts)).items():
        if view in facts.run.background:
            expected[method] += round(value)
    lost: Counter[str] = Counter(dict.fromkeys(facts.names.methods, facts.unrecorded))
    for (_, method), number in facts.client.unanswered.items():
        lost[facts.names.method_label(method)] += number
    observed = {method: value for (method,), value in prometheus_evidence.by(items, facts.names.labels.method).items()}
    methods = sorted({*expected, *(method for method, value in observed.items() if value)})
    return [
        equal(
            Count(
                ID,
                f"all {method} requests",
                expected[method],
                observed.get(method, 0.0),
                "requests",
                *_advice(facts),
                labels={"method": method},
            ),
            facts,
            lost=lost[method],
            left=churn.unaccounted(facts).of(method=method),
        )
        for method in methods
        if expected[method] or observed.get(method)
    ]


def _rejected(facts: Facts) -> list[Finding]:
    """Failures that no status shows: the counts agree, and both count successes."""
    return [
        Finding(
            FindingCode.FAILURES_AS_SUCCESS,
            f"{view} {method} {status}",
            f"{number:,} of {facts.client.answered[(view, method, status)]:,} responses with status {status} failed "
            "for the client (its scenario rejected the body, or the body broke off): metrics by status report them as "
            "successes, so an error ratio omits them; check whether the app turns an exception into a success",
            ID,
            labels_of((view, method), status=str(status)),
        )
        for (view, method, status), number in sorted(facts.client.rejected.items())
    ]


CHECK = Check(ID, queries, judge, COUNTED | NO_DATA | {Code.SAMPLES_UNUSABLE}, needs_samples=True)
