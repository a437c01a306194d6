"""Does every counted request have a counted response, and every response a status?"""

from harness.checks.base import COUNTED, NO_DATA, Check, Facts, inconclusive, unanswered
from harness.checks.comparison import Count, within
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.instrumentation.roles import Law

ID = "response-conservation"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests and responses on each level."""
    names = registry.of(run)
    laws = dict.fromkeys(metric for law in names.response_laws for metric in (law.whole, *law.parts))
    metrics = dict.fromkeys((*laws, names.responses_by_status, names.responses_by_view))
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Each level's total equals the one before it, in all and for each status. The samples are not needed for that."""
    return (*(_judge_law(facts, law) for law in facts.names.response_laws), *_judge_statuses(facts))


def _judge_statuses(facts: Facts) -> list[Verdict]:
    """The counter by status has no view, so nothing else compares its statuses with the client's."""
    names = facts.names
    metrics = (names.responses_by_status, names.responses_by_view)
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, metrics)
    if isinstance(deltas, NoData):
        return []  # the laws above say so
    alone, with_view = (prometheus_evidence.by(deltas[metric], names.labels.status) for metric in metrics)
    counts = (
        Count(
            ID,
            f"status {status}",
            round(with_view.get((status,), 0.0)),
            alone.get((status,), 0.0),
            "responses",
            "the counter by status alone reports them under another status",
            "the counter by status alone reports responses of another status under this one",
            expected_by=names.responses_by_view,
            observed_by=names.responses_by_status,
            labels={"status": status},
        )
        for (status,) in sorted({*alone, *with_view})
        if alone.get((status,)) or with_view.get((status,))
    )
    return [within(count, facts) for count in counts]


def _judge_law(facts: Facts, law: Law) -> Verdict:
    labels = {"law": law.id}
    whole = prometheus_evidence.deltas(facts.run, facts.evidence, law.whole)
    if isinstance(whole, NoData):
        return unanswered(ID, law.subject, whole, labels=labels)
    parts = [prometheus_evidence.deltas(facts.run, facts.evidence, metric) for metric in law.parts]
    unknown = [part for part in parts if isinstance(part, NoData)]
    known = sum(prometheus_evidence.total(part) for part in parts if not isinstance(part, NoData))
    expected, below = prometheus_evidence.total(whole), " and ".join(law.parts)
    if not expected and not unknown and not known:
        why = f"neither {law.whole} nor {below} counted anything"
        return inconclusive(ID, law.subject, Code.NOTHING_COUNTED, why, labels=labels)
    count = Count(
        ID,
        law.subject,
        round(expected),
        unknown[0] if unknown else known,
        law.unit,
        law.short,
        law.over,
        expected_by=law.whole,
        observed_by=below,
        labels=labels,
    )
    return within(count, facts)


CHECK = Check(ID, queries, judge, COUNTED | NO_DATA | {Code.NOTHING_COUNTED})
