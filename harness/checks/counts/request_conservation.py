"""Does the first counter of the middleware chain hold every request that was sent, and no other?"""

import math

from harness.checks.base import Check, Facts, inconclusive
from harness.checks.comparison import Count, equal
from harness.checks.validity.quiescence import scrapes_itself
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.promql.own_series import UP

ID = "request-conservation"
OVER = "somebody else sends requests, the client retries or follows redirects unseen, or one request is counted twice"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests, and the views that the scrapes and the declared background use."""
    names = registry.of(run)
    metrics = (UP, names.arrived, names.responses_by_view, f"{names.latency_by_view}_sum")
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """requests_before = client's requests + scrapes + declared background."""
    extra = background_requests(facts)
    if isinstance(extra, NoData):
        return (inconclusive(ID, "requests", extra.reason),)
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.arrived)
    scrapes, declared = extra
    count = Count(
        ID,
        "requests",
        facts.client.responses + scrapes + declared,
        items if isinstance(items, NoData) else prometheus_evidence.total(items),
        "requests",
        facts.names.advice.not_arrived,
        OVER,
        expected_by=f"the client ({facts.client.responses:,}) with {scrapes} scrapes"
        + (f" and {declared} of declared background" if declared else ""),
        observed_by=facts.names.arrived,
    )
    return (equal(count, facts, lost=facts.lost), *_judge_twins(facts))


def _judge_twins(facts: Facts) -> list[Verdict]:
    """No two processes took the same seconds to the last digit: instances that say so are one, counted twice."""
    labels, timed = facts.names.labels, f"{facts.names.latency_by_view}_sum"
    items = prometheus_evidence.deltas(facts.run, facts.evidence, timed)
    if isinstance(items, NoData):
        return [] if len(facts.run.instances) < 2 else [inconclusive(ID, "instances", items.reason)]
    instances = {item.labels.get("instance", "") for item in items}
    if len(instances) < 2:
        return []
    seconds: dict[tuple[str, str, str], list[float]] = {}
    for item in items:
        view = item.labels.get(labels.view, "")
        if item.value and view not in facts.background:
            one = (item.labels.get("instance", ""), view, item.labels.get(labels.method, ""))
            seconds.setdefault(one, []).append(item.value)
    told: dict[tuple[str, str, float], list[str]] = {}
    for (instance, view, method), values in seconds.items():
        told.setdefault((view, method, math.fsum(values)), []).append(instance)
    if not told:
        return [inconclusive(ID, "instances", f"none of {len(instances)} instances timed a request of the load")]
    twins = {tuple(sorted(names)): key for key, names in told.items() if len(names) > 1}
    if not twins:
        why = f"each of {len(instances)} instances tells sums of its own"
        return [Verdict(ID, "instances", Status.PASS, why)]
    names, (view, method, value) = next(iter(twins.items()))
    why = (
        f"{' and '.join(names)} tell the same {value!r} s for {view} {method}, to the last digit: one process is "
        "scraped under two addresses, or two exporters serve the same directory, so every sum over the job is double"
    )
    return [Verdict(ID, "instances", Status.FAIL, why, expected=1, observed=len(names), unit="scrapes of one process")]


def background_requests(facts: Facts) -> tuple[int, int] | NoData:
    """Requests in the window that are not the load's: scrapes by their times, declared background by its own count."""
    own, items = (
        scrapes_itself(facts),
        prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view),
    )
    times = prometheus_evidence.scrape_times(facts.run, facts.evidence)
    if isinstance(own, NoData):
        return own
    if isinstance(items, NoData):
        return items
    if isinstance(times, NoData):
        return times
    scrapes = sum(max(len(at) - 1, 0) for at in times.values()) if own else 0
    declared = sum(prometheus_evidence.total(items, **{facts.names.labels.view: view}) for view in facts.run.background)
    return scrapes, round(declared)


CHECK = Check(ID, queries, judge)
