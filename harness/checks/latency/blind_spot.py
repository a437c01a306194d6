"""How much of the users' waiting can the metric not see?

Time spent waiting for a worker, in the network and in the client passes outside Django. The metric is not wrong, and
no dashboard shows it.
"""

import math

from harness.checks import histograms
from harness.checks.base import Check, Facts, Unseen, inconclusive, labels_of, name_of, settled
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Tolerance, Verdict
from harness.evidence.client.summary import ALL, QUANTILES, Latency, ViewKey
from harness.promql import histogram_quantile

ID = "blind-spot"
NOTABLE_RATIO = 2.0
"""Users wait at least this many times what the metric reports: worth a finding."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw buckets of both histograms, for targets without a witness."""
    return histograms.queries(run)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Client minus outer witness (or minus the metric, without one) per quantile, over all and per view."""
    found = histograms.read(facts)
    results: list[Verdict | Finding] = []
    for key in sorted(key for key in facts.client.latency if key == ALL or facts.is_known(key[0])):
        latency = facts.client.latency[key]
        for q in QUANTILES if latency.client.n else ():
            results += _judge_quantile(facts, key, q, latency, found)
    return tuple(results) or (inconclusive(ID, "", Code.SAMPLES_UNUSABLE, "no latency was recorded"),)


def _judge_quantile(
    facts: Facts, key: ViewKey, q: float, latency: Latency, found: dict[ViewKey, histograms.Histogram] | NoData
) -> list[Verdict | Finding]:
    quantile = f"p{q * 100:g}"
    subject, labels = f"{name_of(key)} {quantile}", labels_of(key, quantile=quantile)
    felt_s = latency.client.quantiles_s[q]
    strength = Strength.WITNESS
    if latency.outer.n == latency.client.n:
        measured_s = latency.outer.quantiles_s[q]
    elif isinstance(found, NoData) or key not in found:
        why = "neither a witness nor a histogram says what the server measured"
        return [inconclusive(ID, subject, Code.NO_WITNESS, why, labels=labels)]
    else:
        measured_s, strength = histogram_quantile(q, found[key].buckets), Strength.ONE_SIDED
    if not math.isfinite(measured_s):
        why = "the histogram has no bound that could say what the server measured"
        return [inconclusive(ID, subject, Code.NO_BUCKETS, why, labels=labels)]
    hidden_s = felt_s - measured_s
    queue = (
        f"; the {quantile} of the wait for a worker is {latency.queue.quantiles_s[q] * 1000:.3g} ms"
        if latency.queue.n
        else ""
    )
    why = f"users waited {felt_s * 1000:.4g} ms, the server measured {measured_s * 1000:.4g} ms{queue}"
    results: list[Verdict | Finding] = []
    if key == ALL and felt_s > NOTABLE_RATIO * measured_s:
        text = f"{why}: at {quantile} a dashboard shows {measured_s / felt_s:.0%} of the users' wait"
        results.append(Finding(FindingCode.BLIND_SPOT, subject, text, ID, labels))
    if facts.delivery.saturated:
        why = f"{why}; {facts.delivery.saturated}"
        return [
            inconclusive(ID, subject, facts.delivery.saturated_code, why, strength=strength, labels=labels),
            *results,
        ]
    limit_s = facts.run.budget.blind_spot_s.get(quantile)
    fine = limit_s is None or hidden_s <= limit_s
    why += (
        "; no budget is set"
        if limit_s is None
        else ""
        if fine
        else (
            f"; the budget for the difference is {limit_s * 1000:g} ms: users wait in a queue that the metric cannot "
            "see; add workers or threads"
        )
    )
    verdict = settled(
        ID,
        subject,
        Code.AGREES if fine else Code.OVER_BUDGET,
        why,
        expected=measured_s,
        observed=felt_s,
        tolerance=None if limit_s is None else Tolerance(felt_s, limit_s, "the profile's budget"),
        unit="s",
        strength=strength,
        labels=labels,
    )
    return [verdict, *results]


CHECK = Check(
    ID,
    queries,
    judge,
    frozenset(
        {
            Code.AGREES,
            Code.NO_BUCKETS,
            Code.NO_WITNESS,
            Code.OVER_BUDGET,
            Code.SAMPLES_UNUSABLE,
            Code.GENERATOR_STALLED,
            Code.SATURATED,
        }
    ),
    needs_samples=True,
    unseen=(
        Unseen(
            "where-users-wait",
            "Whether the hidden time is queue, network or client, and how far away real users are",
            "only an app that reports its queue says more, and the client of the load sits beside the target",
        ),
    ),
)
