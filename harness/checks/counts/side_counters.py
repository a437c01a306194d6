"""Do the library's other counters hold as many requests and responses: by transport, body size and charset?"""

from urllib.parse import urlsplit

from harness.checks.base import COUNTED, NO_DATA, Check, Facts, inconclusive, unanswered
from harness.checks.comparison import Count, within
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation
from harness.instrumentation.roles import Law

ID = "side-counters"
Deltas = dict[str, tuple[prometheus_evidence.CounterIncrease, ...]]


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests and responses in each of the counters."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in _metrics(registry.of(run)))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Four equal totals, and the transport that the client used."""
    names = facts.names
    transports = (names.requests_by_view, names.requests_by_method, names.requests_by_transport)
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, transports)
    used = (unanswered(ID, "", deltas),) if isinstance(deltas, NoData) else tuple(_judge_transport(facts, deltas))
    return (*(_judge_law(facts, law) for law in names.side_laws), *used)


def _metrics(names: Instrumentation) -> tuple[str, ...]:
    laws = (metric for law in names.side_laws for metric in (law.whole, *law.parts))
    return tuple(dict.fromkeys((*laws, names.requests_by_view, names.requests_by_method, names.requests_by_transport)))


def _judge_law(facts: Facts, law: Law) -> Verdict:
    labels = {"law": law.id}
    deltas = prometheus_evidence.growth(facts.run, facts.evidence, (law.whole, *law.parts))
    if isinstance(deltas, NoData):
        return unanswered(ID, law.subject, deltas, labels=labels)
    expected, observed = (
        prometheus_evidence.total(deltas[law.whole]),
        sum(prometheus_evidence.total(deltas[part]) for part in law.parts),
    )
    if not expected and not observed:
        why = f"neither {law.whole} nor {law.parts[0]} counted anything"
        return inconclusive(ID, law.subject, Code.NOTHING_COUNTED, why, labels=labels)
    count = Count(
        ID,
        law.subject,
        round(expected),
        observed,
        law.unit,
        law.short,
        law.over,
        expected_by=law.whole,
        observed_by=" and ".join(law.parts),
        labels=labels,
    )
    return within(count, facts)


def _judge_transport(facts: Facts, deltas: Deltas) -> list[Verdict]:
    """No request of the load came by another transport than the client's; those of others may have."""
    names, transport = facts.names, urlsplit(facts.run.target).scheme
    as_sent, by_view = {names.labels.transport: transport}, deltas[names.requests_by_view]
    load = [item for item in by_view if item.labels.get(names.labels.view) not in facts.background]
    if facts.foreign or not prometheus_evidence.total(load):
        return []
    of_load = prometheus_evidence.total(load) - prometheus_evidence.total(load, **as_sent)
    every = deltas[names.requests_by_transport]
    in_all = prometheus_evidence.total(every) - prometheus_evidence.total(every, **as_sent)
    of_others = prometheus_evidence.total(deltas[names.requests_by_method]) - prometheus_evidence.total(load)
    count = Count(
        ID,
        f"requests by other than {transport}",
        0,
        max(of_load, in_all - of_others, 0.0),
        "requests",
        "",
        "a proxy terminates TLS and SECURE_PROXY_SSL_HEADER is not set, or a label was altered in the scrape "
        "configuration",
        expected_by="the client",
        observed_by="the counters by transport",
        labels={"transport": transport},
    )
    return [within(count, facts)]


CHECK = Check(ID, queries, judge, COUNTED | NO_DATA | {Code.NOTHING_COUNTED})
