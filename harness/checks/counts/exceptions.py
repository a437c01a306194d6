"""Is every exception that left a view counted, under its view and its type?"""

from collections import Counter
from collections.abc import Mapping

from harness.checks import witness_counts
from harness.checks.base import COUNTED, NO_DATA, Check, Facts, Unseen, unanswered
from harness.checks.comparison import Count, equal
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.promql.own_series import UP

ID = "exceptions"
OVER = "exceptions are counted twice, under another name, or in requests that no client sent"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw exceptions by view and by type."""
    names = registry.of(run)
    metrics = (names.exceptions_by_view, names.exceptions_by_type, UP)
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per view, then per type; what the witness's exception hook saw is what the library's should have."""
    names, labels = facts.names, facts.names.labels
    views = prometheus_evidence.deltas(facts.run, facts.evidence, names.exceptions_by_view)
    types = prometheus_evidence.deltas(facts.run, facts.evidence, names.exceptions_by_type)
    for items in (views, types):
        if isinstance(items, NoData):
            return (unanswered(ID, "", items),)
    assert not isinstance(views, NoData)
    assert not isinstance(types, NoData)
    counted = round(max(prometheus_evidence.total(views), prometheus_evidence.total(types)))
    if not facts.witnessed:
        return (
            (witness_counts.unproved(ID, "exceptions", f"the metric counts {counted:,} exceptions"),) if counted else ()
        )
    by_view: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    for (view, _, kind), number in facts.client.exceptions.items():
        by_view[view] += number
        by_type[kind] += number
    background = {view for view in facts.background if view}
    seen_views = {
        view: n for (view,), n in prometheus_evidence.by(views, labels.view).items() if n and view not in background
    }
    seen_types = {kind: n for (kind,), n in prometheus_evidence.by(types, labels.exception).items() if n}
    unseen = witness_counts.unseen(facts, once=True)
    return (
        *_judge_each(facts, "view", by_view, seen_views, unseen),
        *_judge_each(facts, "type", by_type, seen_types, unseen),
        _judge(facts, "in all", sum(by_view.values()), sum(seen_views.values()), unseen, {}),
    )


def _judge_each(
    facts: Facts, label: str, expected: Counter[str], observed: dict[str, float], unseen: str
) -> list[Verdict]:
    return [
        _judge(facts, subject, expected[subject], observed.get(subject, 0.0), unseen, {label: subject})
        for subject in sorted({*expected, *observed})
    ]


def _judge(
    facts: Facts, subject: str, expected: int, observed: float, unseen: str, labels: Mapping[str, str]
) -> Verdict:
    count = Count(
        ID,
        subject,
        expected,
        observed,
        "exceptions",
        facts.names.advice.missed_exceptions,
        OVER,
        expected_by="the witness",
        labels=labels,
    )
    return equal(count, facts, lost=facts.lost, unseen=unseen)


CHECK = Check(
    ID,
    queries,
    judge,
    COUNTED | NO_DATA | {Code.SAMPLES_UNUSABLE},
    optional=True,
    unseen=(
        Unseen(
            "unhooked-exceptions",
            "Exceptions that a middleware inside both hooks handles or that end a streaming body, and views that "
            "return None",
            "no exception hook runs, in neither account",
        ),
    ),
)
