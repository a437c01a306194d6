"""Does the first counter of the middleware chain hold every request that was sent, and no other?"""

import math

from harness.checks import churn
from harness.checks.background import background_requests
from harness.checks.base import COUNTED, NO_DATA, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.checks.comparison import Count, equal
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.promql.own_series import UP

ID = "request-conservation"
OVER = "another client sends requests, this one retries or follows redirects unrecorded, or a request is counted twice"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests, and the views that the scrapes and the declared background use."""
    names = registry.of(run)
    metrics = (UP, names.arrived, names.answered, names.responses_by_view, f"{names.latency_by_view}_sum")
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """requests_before = client's requests + scrapes + declared background."""
    extra = background_requests(facts)
    if isinstance(extra, NoData):
        return (unanswered(ID, "requests", extra),)
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
        labels={"law": "requests"},
    )
    return (equal(count, facts, lost=facts.lost, left=churn.unaccounted(facts).total), *_judge_twins(facts))


def _judge_twins(facts: Facts) -> list[Verdict]:
    """No two processes took the same seconds to the last digit: instances that report the same are one process."""
    labels, timed = facts.names.labels, f"{facts.names.latency_by_view}_sum"
    items = prometheus_evidence.deltas(facts.run, facts.evidence, timed)
    if isinstance(items, NoData):
        return [] if len(facts.run.instances) < 2 else [unanswered(ID, "instances", items)]
    known = prometheus_evidence.targets(facts.run, facts.evidence)
    instances = {known.name(item.labels) for item in items}
    if len(instances) < 2:
        return []
    seconds: dict[tuple[str, str, str], list[float]] = {}
    for item in items:
        view = item.labels.get(labels.view, "")
        if item.value and view not in facts.background:
            one = (known.name(item.labels), view, item.labels.get(labels.method, ""))
            seconds.setdefault(one, []).append(item.value)
    by_sum: dict[tuple[str, str, float], list[str]] = {}
    for (instance, view, method), values in seconds.items():
        by_sum.setdefault((view, method, math.fsum(values)), []).append(instance)
    if not by_sum:
        why = f"none of {len(instances)} instances timed a request of the load"
        return [inconclusive(ID, "instances", Code.NOTHING_COUNTED, why)]
    twins = {tuple(sorted(names)): key for key, names in by_sum.items() if len(names) > 1}
    if not twins:
        why = f"each of {len(instances)} instances reports sums of its own"
        return [settled(ID, "instances", Code.AGREES, why)]
    names, (view, method, value) = next(iter(twins.items()))
    why = (
        f"{' and '.join(names)} report exactly the same {value!r} s for {view} {method}: one process is "
        "scraped at two addresses, or two exporters serve the same directory, so every sum over the job is doubled"
    )
    twice = {"view": view, "method": method, "instance": " ".join(names)}
    return [
        settled(
            ID,
            "instances",
            Code.SCRAPED_TWICE,
            why,
            expected=1,
            observed=len(names),
            unit="scrapes of one process",
            labels=twice,
        )
    ]


CHECK = Check(
    ID,
    queries,
    judge,
    COUNTED | NO_DATA | {Code.NOTHING_COUNTED, Code.SAMPLES_UNUSABLE, Code.SCRAPED_TWICE},
    unseen=(
        Unseen(
            "background-itself",
            "Scrapes and background requests that are counted wrongly",
            "how many there were is taken from Prometheus itself",
        ),
    ),
)
