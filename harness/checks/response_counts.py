"""The responses of the window by view, method and status: as the client had them, and as the metric reports them."""

from collections import Counter

from harness.checks.base import ELSEWHERE, Facts, Key
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.promql.own_series import UP


def queries(run: Run) -> tuple[Query, ...]:
    """Raw responses by status, view and method; raw requests by view and by method."""
    names = registry.of(run)
    metrics = (
        names.arrived,
        names.answered,
        names.responses_by_view,
        names.requests_by_view,
        names.requests_by_method,
        UP,
    )
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def expected_responses(facts: Facts) -> Counter[Key]:
    """The client's responses by the labels that the metric should give them; unknown views are pooled."""
    counts: Counter[Key] = Counter()
    for (view, method, status), number in facts.client.answered.items():
        counts[(view if facts.is_known(view) else ELSEWHERE, facts.names.method_label(method), str(status))] += number
    return counts


def observed_responses(facts: Facts) -> dict[Key, float] | NoData:
    """The metric's responses without background, with the views no sample names pooled as in `expected_responses`."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    if isinstance(items, NoData):
        return items
    pooled = any(view == ELSEWHERE for view, _, _ in expected_responses(facts))
    labels = facts.names.labels
    grown = prometheus_evidence.by(items, labels.view, labels.method, labels.status)
    sums: dict[Key, float] = {}
    for (view, method, status), value in grown.items():
        if view in facts.background:
            continue
        key = (ELSEWHERE if pooled and not facts.is_known(view) else view, method, status)
        sums[key] = sums.get(key, 0.0) + value
    return sums


def lost_requests(facts: Facts, view: str, method: str) -> int:
    """Requests without a response that may have been counted under this view and method."""
    lost = facts.unrecorded
    for (name, sent), number in facts.client.unanswered.items():
        if may_be_of(facts, name, sent, view, method):
            lost += number
    return lost


def may_be_of(facts: Facts, name: str, sent: str, view: str, method: str) -> bool:
    """A request of this sample name and method without a response may have been counted under this view and method."""
    views = facts.client.views_of_name.get(name, frozenset())
    return facts.names.method_label(sent) == method and (not views or view in views or not facts.is_known(view))
