"""The responses of the window by view, method and status: as the client had them, and as the metric reports them."""

from collections import Counter

from harness.checks.base import Facts
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.evidence import prometheus_evidence
from harness.instrumentation.django_prometheus.metrics import (
    REQUESTS_BY_METHOD,
    REQUESTS_BY_VIEW,
    RESPONSES_BY_VIEW,
    method_label,
)

ELSEWHERE = "(views unknown to the client)"
"""Stands for all views that no sample names."""
Key = tuple[str, str, str]
"""View, method and status."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw responses by status, view and method; raw requests by view and by method."""
    return tuple(
        prometheus_evidence.raw_query(run, metric)
        for metric in (RESPONSES_BY_VIEW, REQUESTS_BY_VIEW, REQUESTS_BY_METHOD, "up")
    )


def expected_responses(facts: Facts) -> Counter[Key]:
    """The client's responses by the labels that the metric should give them; unknown views are pooled."""
    counts: Counter[Key] = Counter()
    for (view, method, status), number in facts.client.answered.items():
        counts[(view if facts.is_known(view) else ELSEWHERE, method_label(method), str(status))] += number
    return counts


def observed_responses(facts: Facts) -> dict[Key, float] | NoData:
    """The metric's responses without background, with the views no sample names pooled as in `expected_responses`."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, RESPONSES_BY_VIEW)
    if isinstance(items, NoData):
        return items
    pooled = any(view == ELSEWHERE for view, _, _ in expected_responses(facts))
    sums: dict[Key, float] = {}
    for (view, method, status), value in prometheus_evidence.by(items, "view", "method", "status").items():
        if view in facts.background:
            continue
        key = (ELSEWHERE if pooled and not facts.is_known(view) else view, method, status)
        sums[key] = sums.get(key, 0.0) + value
    return sums


def lost_requests(facts: Facts, view: str, method: str) -> int:
    """Requests without a response that may have been counted under this view and method."""
    lost = facts.run.generator.unrecorded
    for (name, sent), number in facts.client.unanswered.items():
        views = facts.client.views_of_name.get(name, frozenset())
        if method_label(sent) == method and (not views or view in views or not facts.is_known(view)):
            lost += number
    return lost
