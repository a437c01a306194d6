"""Was each response timed once?

An instrumentation may observe the latency of a request whose view raised twice. That is expected, and reported
as a finding.
"""

from harness.checks.base import COUNTED, NO_DATA, Check, Facts, inconclusive, unanswered
from harness.checks.comparison import Count, within
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation
from harness.instrumentation.roles import Law

ID = "latency-conservation"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw responses, exceptions, and counts and buckets of both histograms."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in _metrics(registry.of(run)))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per view: observations = responses + exceptions; over all: observations = responses; +Inf bucket = count."""
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, _metrics(facts.names))
    if isinstance(deltas, NoData):
        return (unanswered(ID, "", deltas),)
    answered = (facts.names.answered, facts.names.responses_by_view)
    if not any(prometheus_evidence.total(deltas[metric]) for metric in answered):
        why = "the metric counts no response at all, so none can have been timed"
        return (inconclusive(ID, "", Code.NOTHING_COUNTED, why),)
    return (
        *_judge_views(facts, deltas),
        *_judge_totals(facts, deltas),
        *_judge_infinity(facts, deltas),
        _judge_bounds(facts, deltas),
        *_coarser(facts, deltas),
    )


def _metrics(names: Instrumentation) -> tuple[str, ...]:
    return (
        names.answered,
        names.responses_by_view,
        names.exceptions_by_view,
        names.exceptions_by_type,
        *names.untimed,
        *(f"{each}_{part}" for each in (names.latency_by_view, names.latency_all) for part in ("count", "bucket")),
    )


Deltas = dict[str, tuple[prometheus_evidence.CounterIncrease, ...]]


def _judge_views(facts: Facts, deltas: Deltas) -> list[Verdict | Finding]:
    names, advice = facts.names, facts.names.advice
    timed = prometheus_evidence.by(deltas[f"{names.latency_by_view}_count"], names.labels.view)
    answered = prometheus_evidence.by(deltas[names.responses_by_view], names.labels.view)
    again = deltas[names.exceptions_by_view] if names.exceptions_timed_again else ()
    raised = prometheus_evidence.by(again, names.labels.view)
    results: list[Verdict | Finding] = []
    for group in sorted({*timed, *answered, *raised}):
        view, responses, exceptions = group[0], round(answered.get(group, 0)), round(raised.get(group, 0))
        expected_by = f"{responses:,} responses" + (f" and {exceptions:,} exceptions" if exceptions else "")
        count = Count(
            ID,
            view,
            responses + exceptions,
            timed.get(group, 0.0),
            "observations",
            advice.untimed_views,
            advice.retimed_views,
            expected_by=f"the metric's own count ({expected_by})",
            observed_by="the latency histogram",
            labels={"view": view},
        )
        results.append(within(count, facts))
        if exceptions:
            text = (
                f"{exceptions:,} requests raised and were timed twice, {advice.timed_twice}: the "
                f"histogram of {view} holds {timed.get(group, 0):,.0f} observations for {responses:,} "
                f"responses, so its rate and percentiles are not those of the requests ({advice.known_fault})"
            )
            results.append(Finding(FindingCode.DOUBLE_OBSERVATION, view, text, ID, {"view": view}))
    return results


def _judge_totals(facts: Facts, deltas: Deltas) -> list[Verdict]:
    names = facts.names
    untimed = Count(
        ID,
        "unknown latency",
        0,
        sum(prometheus_evidence.total(deltas[metric]) for metric in names.untimed),
        "responses",
        "the counter fell",
        names.advice.unknown_start,
        expected_by="a target that times each response",
        observed_by=" and ".join(sorted(names.untimed)),
        labels={"law": "unknown-latency"},
    )
    whole = _count(deltas, names.latency_law, "the latency histogram")
    exceptions = _count(deltas, names.exception_law, " and ".join(names.exception_law.parts))
    return [within(whole, facts), within(untimed, facts), within(exceptions, facts)]


def _count(deltas: Deltas, law: Law, observed_by: str) -> Count:
    return Count(
        ID,
        law.subject,
        round(prometheus_evidence.total(deltas[law.whole])),
        sum(prometheus_evidence.total(deltas[part]) for part in law.parts),
        law.unit,
        law.short,
        law.over,
        expected_by=law.whole,
        observed_by=observed_by,
        labels={"law": law.id},
    )


def _judge_infinity(facts: Facts, deltas: Deltas) -> list[Verdict]:
    verdicts = []
    names, labels = facts.names, facts.names.labels
    for histogram, groups in ((names.latency_by_view, (labels.view, labels.method)), (names.latency_all, ())):
        counts = prometheus_evidence.by(deltas[f"{histogram}_count"], *groups)
        tops = prometheus_evidence.by(
            deltas[f"{histogram}_bucket"], *groups, key=lambda item: item.labels.get("le") == "+Inf"
        )
        for group in sorted({*counts, *tops}):
            count = Count(
                ID,
                f"{' '.join(group) or 'including middlewares'} +Inf bucket",
                round(counts.get(group, 0.0)),
                tops.get(group, 0.0),
                "observations",
                "the histogram is incomplete: its +Inf bucket was dropped or altered in the scrape configuration",
                "the histogram's buckets hold more than its count",
                expected_by="_count",
                observed_by="the +Inf bucket",
                labels={**dict(zip(("view", "method") if group else (), group, strict=True)), "le": "+Inf"},
            )
            verdicts.append(within(count, facts))
    return verdicts


def _judge_bounds(facts: Facts, deltas: Deltas) -> Verdict:
    """A process gives every view the same buckets, so one that a view lacks was lost on the way to Prometheus."""
    names, labels = facts.names, facts.names.labels
    bounds: dict[tuple[str, str], set[str]] = {}
    known = prometheus_evidence.targets(facts.run, facts.evidence)
    for item in deltas[f"{names.latency_by_view}_bucket"]:
        group = (
            known.name(item.labels),
            " ".join((item.labels.get(labels.view, ""), item.labels.get(labels.method, ""))),
        )
        bounds.setdefault(group, set()).add(item.labels.get("le", ""))
    whole: dict[str, set[str]] = {}
    for (instance, _), found in bounds.items():
        whole.setdefault(instance, set()).update(found)
    lost = [(view, le) for (instance, view), found in sorted(bounds.items()) for le in sorted(whole[instance] - found)]
    count = Count(
        ID,
        "buckets by view",
        sum(len(whole[instance]) for instance, _ in bounds),
        float(sum(map(len, bounds.values()))),
        "buckets",
        f"{lost[0][0]} has no bucket le={lost[0][1]}: dropped in the scrape configuration" if lost else "",
        "",
        expected_by="the layout of all views",
        observed_by="the latency histogram",
        labels={"law": "bounds"},
    )
    return within(count, facts, of_requests=False)


def _coarser(facts: Facts, deltas: Deltas) -> list[Finding]:
    """The library gives both histograms the same bounds; one with fewer is coarser than a panel's author thinks."""
    by_view, whole = (
        prometheus_evidence.bounds(deltas[f"{histogram}_bucket"])
        for histogram in (facts.names.latency_by_view, facts.names.latency_all)
    )
    lost = sorted(by_view - whole if whole else ())
    text = (
        f"the histogram including middlewares lacks le={', le='.join(lost)}, which the histogram by view has: dropped "
        "in the scrape configuration; its percentiles are coarser"
    )
    return [Finding(FindingCode.COARSER_HISTOGRAM, "including middlewares", text, ID)] if lost else []


CHECK = Check(ID, queries, judge, COUNTED | NO_DATA | {Code.NOTHING_COUNTED})
