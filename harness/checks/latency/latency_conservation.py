"""Was each response timed once?

django-prometheus observes the latency of a request whose view raised twice: in `process_exception` and again in
`process_response` (middleware.py). That is counted on, and told as a finding of its own.
"""

from harness.checks.base import COUNTED, NO_DATA, Check, Facts, inconclusive, unanswered
from harness.checks.comparison import Count, within
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation.django_prometheus.metrics import (
    EXCEPTIONS_BY_TYPE,
    EXCEPTIONS_BY_VIEW,
    LATENCY_ALL,
    LATENCY_BY_VIEW,
    RESPONSES,
    RESPONSES_BY_VIEW,
    UNKNOWN_LATENCY,
    UNKNOWN_LATENCY_ALL,
)

ID = "latency-conservation"
SHORT = "responses were not timed: PrometheusAfterMiddleware's process_request did not run, or observations are dropped"
OVER = "responses were timed more than once without an exception: the middleware is listed twice"
METRICS = (
    RESPONSES,
    RESPONSES_BY_VIEW,
    EXCEPTIONS_BY_VIEW,
    EXCEPTIONS_BY_TYPE,
    UNKNOWN_LATENCY,
    UNKNOWN_LATENCY_ALL,
    *(f"{histogram}_{part}" for histogram in (LATENCY_BY_VIEW, LATENCY_ALL) for part in ("count", "bucket")),
)


def queries(run: Run) -> tuple[Query, ...]:
    """Raw responses, exceptions, and counts and buckets of both histograms."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in METRICS)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per view: observations = responses + exceptions; over all: observations = responses; +Inf bucket = count."""
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, METRICS)
    if isinstance(deltas, NoData):
        return (unanswered(ID, "", deltas),)
    if not prometheus_evidence.total(deltas[RESPONSES]) and not prometheus_evidence.total(deltas[RESPONSES_BY_VIEW]):
        why = "the metric counts no response at all, so none can have been timed"
        return (inconclusive(ID, "", Code.NOTHING_COUNTED, why),)
    return (
        *_judge_views(facts, deltas),
        *_judge_totals(facts, deltas),
        *_judge_infinity(facts, deltas),
        _judge_bounds(facts, deltas),
        *_tell_coarser(deltas),
    )


Deltas = dict[str, tuple[prometheus_evidence.CounterIncrease, ...]]


def _judge_views(facts: Facts, deltas: Deltas) -> list[Verdict | Finding]:
    timed = prometheus_evidence.by(deltas[f"{LATENCY_BY_VIEW}_count"], "view")
    answered = prometheus_evidence.by(deltas[RESPONSES_BY_VIEW], "view")
    raised = prometheus_evidence.by(deltas[EXCEPTIONS_BY_VIEW], "view")
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
            SHORT,
            OVER,
            expected_by=f"the metric's own count ({expected_by})",
            observed_by="the latency histogram",
            labels={"view": view},
        )
        results.append(within(count, facts))
        if exceptions:
            text = (
                f"{exceptions:,} requests raised and were timed twice, in process_exception and in "
                "process_response: the "
                f"histogram of {view} holds {timed.get(group, 0):,.0f} observations for {responses:,} "
                "responses, so its "
                "rate and percentiles are not those of the requests (a known fault of django-prometheus)"
            )
            results.append(Finding(FindingCode.DOUBLE_OBSERVATION, view, text, ID, {"view": view}))
    return results


def _judge_totals(facts: Facts, deltas: Deltas) -> list[Verdict]:
    unknown = prometheus_evidence.total(deltas[UNKNOWN_LATENCY]) + prometheus_evidence.total(
        deltas[UNKNOWN_LATENCY_ALL]
    )
    whole = Count(
        ID,
        "including middlewares",
        round(prometheus_evidence.total(deltas[RESPONSES])),
        prometheus_evidence.total(deltas[f"{LATENCY_ALL}_count"]),
        "observations",
        "responses were not timed by PrometheusBeforeMiddleware",
        "responses were timed twice: PrometheusBeforeMiddleware is listed twice",
        expected_by=RESPONSES,
        observed_by="the latency histogram",
        labels={"law": "timed"},
    )
    untimed = Count(
        ID,
        "unknown latency",
        0,
        unknown,
        "responses",
        "the counter fell",
        "a middleware answered before the django-prometheus middleware saw the request, so it has no start time",
        expected_by="a right order of middlewares",
        observed_by="the counter of unknown latencies",
        labels={"law": "unknown-latency"},
    )
    exceptions = Count(
        ID,
        "exceptions",
        round(prometheus_evidence.total(deltas[EXCEPTIONS_BY_VIEW])),
        prometheus_evidence.total(deltas[EXCEPTIONS_BY_TYPE]),
        "exceptions",
        "exceptions are counted by view and not by type",
        "exceptions are counted by type and not by view",
        expected_by=EXCEPTIONS_BY_VIEW,
        observed_by=EXCEPTIONS_BY_TYPE,
        labels={"law": "exceptions"},
    )
    return [within(whole, facts), within(untimed, facts), within(exceptions, facts)]


def _judge_infinity(facts: Facts, deltas: Deltas) -> list[Verdict]:
    verdicts = []
    for histogram, names in ((LATENCY_BY_VIEW, ("view", "method")), (LATENCY_ALL, ())):
        counts = prometheus_evidence.by(deltas[f"{histogram}_count"], *names)
        tops = prometheus_evidence.by(
            deltas[f"{histogram}_bucket"], *names, key=lambda item: item.labels.get("le") == "+Inf"
        )
        for group in sorted({*counts, *tops}):
            count = Count(
                ID,
                f"{' '.join(group) or 'including middlewares'} +Inf bucket",
                round(counts.get(group, 0.0)),
                tops.get(group, 0.0),
                "observations",
                "the histogram is not whole: its +Inf bucket was dropped or altered on the way",
                "the histogram's buckets hold more than its count",
                expected_by="_count",
                observed_by="the +Inf bucket",
                labels={**dict(zip(names, group, strict=True)), "le": "+Inf"},
            )
            verdicts.append(within(count, facts))
    return verdicts


def _judge_bounds(facts: Facts, deltas: Deltas) -> Verdict:
    """A process gives every view the same buckets, so one that a view lacks was lost on the way."""
    bounds: dict[tuple[str, str], set[str]] = {}
    for item in deltas[f"{LATENCY_BY_VIEW}_bucket"]:
        group = (
            item.labels.get("instance", ""),
            " ".join((item.labels.get("view", ""), item.labels.get("method", ""))),
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
    return within(count, facts)


def _tell_coarser(deltas: Deltas) -> list[Finding]:
    """The library gives both histograms the same bounds; one with fewer is coarser than a panel's author thinks."""
    by_view, whole = (
        prometheus_evidence.bounds(deltas[f"{histogram}_bucket"]) for histogram in (LATENCY_BY_VIEW, LATENCY_ALL)
    )
    lost = sorted(by_view - whole if whole else ())
    text = (
        f"the histogram including middlewares has no bucket le={', le='.join(lost)}, and the histogram by view has: it "
        "was dropped in the scrape configuration, and percentiles are coarser there"
    )
    return [Finding(FindingCode.COARSER_HISTOGRAM, "including middlewares", text, ID)] if lost else []


CHECK = Check(ID, queries, judge, COUNTED | NO_DATA | {Code.NOTHING_COUNTED})
