"""Do the library's other counters hold as many requests and responses: by transport, body size and charset?

Read in django_prometheus/middleware.py 2.5.0: PrometheusAfterMiddleware counts a request by method, by transport and by
the size of its body, and a response by status, by charset, and by the size of its body unless it is streaming.
"""

from urllib.parse import urlsplit

from harness.checks.base import COUNTED, NO_DATA, Check, Facts, inconclusive, unanswered
from harness.checks.comparison import Count, within
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation.django_prometheus.metrics import (
    REQUEST_BODIES,
    REQUESTS_BY_METHOD,
    REQUESTS_BY_TRANSPORT,
    REQUESTS_BY_VIEW,
    RESPONSE_BODIES,
    RESPONSES_BY_CHARSET,
    RESPONSES_BY_STATUS,
    STREAMING,
)

ID = "side-counters"
SHORT = "series are lost: dropped, or their labels colliding, in the scrape configuration"
OVER = "series are counted twice, or altered in the scrape configuration"
LAWS = (
    ("requests", "requests by transport", REQUESTS_BY_METHOD, (REQUESTS_BY_TRANSPORT,)),
    ("requests", "requests by body size", REQUESTS_BY_METHOD, (f"{REQUEST_BODIES}_count",)),
    ("responses", "responses by charset", RESPONSES_BY_STATUS, (RESPONSES_BY_CHARSET,)),
    ("responses", "responses by body size", RESPONSES_BY_STATUS, (f"{RESPONSE_BODIES}_count", STREAMING)),
)
"""The unit, what is counted, by which counter, and by which others together."""
METRICS = tuple(dict.fromkeys(metric for _, _, whole, parts in LAWS for metric in (whole, *parts)))
Deltas = dict[str, tuple[prometheus_evidence.CounterIncrease, ...]]


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests and responses in each of the counters."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in (*METRICS, REQUESTS_BY_VIEW))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Four equal totals, and the transport that the client used."""
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, (*METRICS, REQUESTS_BY_VIEW))
    if isinstance(deltas, NoData):
        return (unanswered(ID, "", deltas),)
    return (*(_judge_law(facts, deltas, *law) for law in LAWS), *_judge_transport(facts, deltas))


def _judge_law(facts: Facts, deltas: Deltas, unit: str, subject: str, whole: str, parts: tuple[str, ...]) -> Verdict:
    labels = {"law": subject.replace(" ", "-")}
    expected, observed = (
        prometheus_evidence.total(deltas[whole]),
        sum(prometheus_evidence.total(deltas[part]) for part in parts),
    )
    if not expected and not observed:
        why = f"neither {whole} nor {parts[0]} counted anything"
        return inconclusive(ID, subject, Code.NOTHING_COUNTED, why, labels=labels)
    told_by = " and ".join(parts)
    count = Count(
        ID,
        subject,
        round(expected),
        observed,
        unit,
        SHORT,
        OVER,
        expected_by=whole,
        observed_by=told_by,
        labels=labels,
    )
    return within(count, facts)


def _judge_transport(facts: Facts, deltas: Deltas) -> list[Verdict]:
    """No request of the load came by another transport than the client's; those of others may have."""
    transport = urlsplit(facts.run.target).scheme
    load = [item for item in deltas[REQUESTS_BY_VIEW] if item.labels.get("view") not in facts.background]
    if facts.foreign or not prometheus_evidence.total(load):
        return []
    by_view = prometheus_evidence.total(load) - prometheus_evidence.total(load, transport=transport)
    every = deltas[REQUESTS_BY_TRANSPORT]
    in_all = prometheus_evidence.total(every) - prometheus_evidence.total(every, transport=transport)
    of_others = prometheus_evidence.total(deltas[REQUESTS_BY_METHOD]) - prometheus_evidence.total(load)
    count = Count(
        ID,
        f"requests by other than {transport}",
        0,
        max(by_view, in_all - of_others, 0.0),
        "requests",
        "",
        "a proxy in front ends TLS and SECURE_PROXY_SSL_HEADER is not set, or a label was altered in the scrape "
        "configuration",
        expected_by="the client",
        observed_by="the counters by transport",
        labels={"transport": transport},
    )
    return [within(count, facts)]


CHECK = Check(ID, queries, judge, COUNTED | NO_DATA | {Code.NOTHING_COUNTED})
