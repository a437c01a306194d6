"""Does every counted request have a counted response, and every response a status?"""

from harness.checks.base import COUNTED, NO_DATA, Check, Facts, inconclusive, unanswered
from harness.checks.comparison import Count, within
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation.django_prometheus.metrics import (
    REQUESTS,
    RESPONSES,
    RESPONSES_BY_STATUS,
    RESPONSES_BY_VIEW,
)

ID = "response-conservation"
LAWS = (
    (
        "responses",
        "responses",
        REQUESTS,
        RESPONSES,
        "requests whose response was never counted: a worker was killed, or a client hung up under ASGI",
        "responses without a request: PrometheusBeforeMiddleware's process_request did not run for them",
    ),
    (
        "responses-by-status",
        "responses by status",
        RESPONSES,
        RESPONSES_BY_STATUS,
        "a middleware between the two django-prometheus middlewares answers by itself, or the After one is missing",
        "PrometheusAfterMiddleware is listed twice, or stands outside PrometheusBeforeMiddleware",
    ),
    (
        "responses-by-view",
        "responses by status, view and method",
        RESPONSES_BY_STATUS,
        RESPONSES_BY_VIEW,
        "series with view labels are lost: labels dropped or colliding in the scrape configuration",
        "series with view labels are counted twice",
    ),
)
"""The law, its subject, both counters, and what is probably wrong when the second has less, or more."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests and responses on each level."""
    return tuple(
        prometheus_evidence.raw_query(run, metric)
        for metric in (REQUESTS, RESPONSES, RESPONSES_BY_STATUS, RESPONSES_BY_VIEW)
    )


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Each level's total equals the one before it, in all and for each status. The samples are not needed for that."""
    return (*(_judge_law(facts, *law) for law in LAWS), *_judge_statuses(facts))


def _judge_statuses(facts: Facts) -> list[Verdict]:
    """The counter by status has no view, so that nothing else holds its statuses against the client's."""
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, (RESPONSES_BY_STATUS, RESPONSES_BY_VIEW))
    if isinstance(deltas, NoData):
        return []  # the laws above say so
    alone, with_view = (
        prometheus_evidence.by(deltas[metric], "status") for metric in (RESPONSES_BY_STATUS, RESPONSES_BY_VIEW)
    )
    counts = (
        Count(
            ID,
            f"status {status}",
            round(with_view.get((status,), 0.0)),
            alone.get((status,), 0.0),
            "responses",
            "they are told under another status in the counter by status alone",
            "responses of another status are told as this one in the counter by status alone",
            expected_by=RESPONSES_BY_VIEW,
            observed_by=RESPONSES_BY_STATUS,
            labels={"status": status},
        )
        for (status,) in sorted({*alone, *with_view})
        if alone.get((status,)) or with_view.get((status,))
    )
    return [within(count, facts) for count in counts]


def _judge_law(facts: Facts, law: str, subject: str, above: str, below: str, short: str, over: str) -> Verdict:
    labels = {"law": law}
    whole = prometheus_evidence.deltas(facts.run, facts.evidence, above)
    part = prometheus_evidence.deltas(facts.run, facts.evidence, below)
    if isinstance(whole, NoData):
        return unanswered(ID, subject, whole, labels=labels)
    if isinstance(part, tuple) and not prometheus_evidence.total(whole) and not prometheus_evidence.total(part):
        why = f"neither {above} nor {below} counted anything"
        return inconclusive(ID, subject, Code.NOTHING_COUNTED, why, labels=labels)
    observed = part if isinstance(part, NoData) else prometheus_evidence.total(part)
    count = Count(
        ID,
        subject,
        round(prometheus_evidence.total(whole)),
        observed,
        "responses",
        short,
        over,
        expected_by=above,
        observed_by=below,
        labels=labels,
    )
    return within(count, facts)


CHECK = Check(ID, queries, judge, COUNTED | NO_DATA | {Code.NOTHING_COUNTED})
