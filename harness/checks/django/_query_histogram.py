"""Is the histogram of SQL time whole, and are its labels those of the other database metrics? Part of `database`.

What each statement took is known to nobody but the metric, so its buckets are held against its own count and sum, and
its bounds against those of the latency histograms: the library gives all of them the same.
"""

import math
from collections.abc import Mapping
from itertools import pairwise

from harness.checks.base import Facts, settled, unanswered
from harness.checks.comparison import Count, within
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Tolerance, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation.django_prometheus.metrics import LATENCY_BY_VIEW, QUERY_DURATION

ID = "database"
PARTS = tuple(f"{QUERY_DURATION}_{part}" for part in ("bucket", "count", "sum"))
BOUNDS = f"{LATENCY_BY_VIEW}_bucket"
DROPPED = "dropped or altered in the scrape configuration"
ROUNDING = 1e-9
"""Share of a sum that adding floats in another order may change."""
Deltas = Mapping[str, tuple[prometheus_evidence.CounterIncrease, ...]]


def queries(run: Run) -> tuple[Query, ...]:
    """Raw parts of the histogram, and the buckets whose bounds it shares."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in (*PARTS, BOUNDS))


def judge(facts: Facts, deltas: Deltas) -> list[Verdict | Finding]:
    """Labels of all metrics in `deltas`; per alias +Inf = count, and a sum that the buckets allow."""
    parts = prometheus_evidence.growth(facts.run, facts.evidence, (*PARTS, BOUNDS))
    if isinstance(parts, NoData):
        return [unanswered(ID, "query histogram", parts)]
    counted = {**deltas, **{metric: parts[metric] for metric in PARTS}}
    aliases = sorted({item.labels.get("alias", "") for metric in PARTS for item in parts[metric]})
    if not aliases:
        return []
    return [
        _judge_labels(counted),
        *(within(_infinity(parts, alias), facts) for alias in aliases),
        *(_judge_sum(parts, alias) for alias in aliases),
        *_tell_coarser(parts),
    ]


def _judge_labels(deltas: Deltas) -> Verdict:
    """An alias of one process has one vendor, and each part of the histogram has every alias."""
    vendors: dict[tuple[str, str], dict[str, str]] = {}
    for metric, items in sorted(deltas.items()):
        for item in items:
            key = (item.labels.get("instance", ""), item.labels.get("alias", ""))
            vendors.setdefault(key, {}).setdefault(item.labels.get("vendor", ""), metric)
    torn = [(alias, found) for (_, alias), found in sorted(vendors.items()) if len(found) > 1]
    pairs = {metric: {_pair(item) for item in deltas[metric]} for metric in PARTS}
    every = set().union(*pairs.values())
    lost = [(metric, *pair) for metric in PARTS for pair in sorted(every - pairs[metric])]
    code, labels = Code.AGREES, dict[str, str]()
    why = f"each alias has one vendor, and all parts of the query histogram: {', '.join(_told(vendors))}"
    if torn:
        code = Code.LABEL_ALTERED
        alias, found = torn[0]
        told = " and ".join(f"{vendor!r} in {metric}" for vendor, metric in found.items())
        why = f"the alias {alias} has vendor {told}: a label was {DROPPED}"
        labels = {"alias": alias}
    elif lost:
        code = Code.SERIES_LOST
        metric, instance, alias = lost[0]
        why = f"{metric} has no series of the alias {alias} at {instance}: series or label {DROPPED}"
        labels = {"alias": alias, "instance": instance, "metric": metric}
    return settled(ID, "labels", code, why, labels=labels)


def _told(vendors: Mapping[tuple[str, str], Mapping[str, str]]) -> list[str]:
    return sorted({f"{alias} ({next(iter(found))})" for (_, alias), found in vendors.items()})


def _tell_coarser(parts: Deltas) -> list[Finding]:
    """The library gives all histograms of time the same bounds."""
    lost = sorted(prometheus_evidence.bounds(parts[BOUNDS]) - prometheus_evidence.bounds(parts[PARTS[0]]))
    text = (
        f"the query histogram has no bucket le={', le='.join(lost)}, and the latency histograms have: it was dropped "
        "in the scrape configuration, and percentiles of SQL time are coarser"
    )
    return [Finding(FindingCode.COARSER_HISTOGRAM, "query histogram", text, ID)] if lost else []


def _pair(item: prometheus_evidence.CounterIncrease) -> tuple[str, str]:
    return item.labels.get("instance", ""), item.labels.get("alias", "")


def _infinity(parts: Deltas, alias: str) -> Count:
    return Count(
        ID,
        f"{alias} +Inf bucket",
        round(prometheus_evidence.total(parts[PARTS[1]], alias=alias)),
        prometheus_evidence.total(parts[PARTS[0]], alias=alias, le="+Inf"),
        "timings",
        f"the histogram is not whole: its +Inf bucket was {DROPPED}",
        "the histogram's buckets hold more than its count",
        expected_by="_count",
        observed_by="the +Inf bucket",
        labels={"alias": alias, "le": "+Inf"},
    )


def _judge_sum(parts: Deltas, alias: str) -> Verdict:
    """Buckets rise with their bounds, and allow a sum between the lower and the upper bounds of what is in them."""
    subject = f"{alias} SQL time by buckets"
    buckets = prometheus_evidence.buckets(item for item in parts[PARTS[0]] if item.labels.get("alias") == alias)
    total_s = prometheus_evidence.total(parts[PARTS[2]], alias=alias)
    steps = [(low, high, upto - below) for (low, below), (high, upto) in pairwise([(0.0, 0.0), *buckets])]
    falls = [(low, high) for low, high, held in steps if held < 0]
    least_s = sum(low * held for low, _, held in steps)
    most_s = sum(high * held for _, high, held in steps if held)
    fine = not falls and least_s * (1 - ROUNDING) <= total_s <= most_s * (1 + ROUNDING)
    why = f"the buckets allow {least_s:.6g} s to {most_s:.6g} s, the sum is {total_s:.6g} s"
    if falls:
        low, high = falls[0]
        why = f"the bucket le={high:g} holds less than le={low:g}, which is a part of it: a bucket was {DROPPED}"
    elif not fine:
        why += f": a bucket or the sum was {DROPPED}, or one of them has another unit"
    limits = None if falls or math.isinf(most_s) else Tolerance(0, most_s - least_s, "the bounds of the buckets")
    return settled(
        ID,
        subject,
        Code.AGREES if fine else Code.BUCKETS_CONTRADICT,
        why,
        expected=least_s,
        observed=total_s,
        tolerance=limits,
        unit="s",
        labels={"alias": alias},
    )
