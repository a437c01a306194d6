"""Is the histogram of SQL time whole, and are its labels those of the other database metrics? Part of `database`.

Only the metric knows what each statement took, so its buckets are compared with its own count and sum, and its bounds
with those of the latency histograms: the library gives all of them the same.
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
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation
from harness.instrumentation.roles import Database, Labels

ID = "database"
DROPPED = "dropped or altered in the scrape configuration"
ROUNDING = 1e-9
"""Share of a sum that adding floats in another order may change."""
Increases = tuple[prometheus_evidence.CounterIncrease, ...]
Deltas = Mapping[str, Increases]


def queries(run: Run) -> tuple[Query, ...]:
    """Raw parts of the histogram, and the buckets whose bounds it shares."""
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in _metrics(registry.of(run)))


def _metrics(names: Instrumentation) -> tuple[str, ...]:
    return (*_parts(names.database), f"{names.latency_by_view}_bucket") if names.database else ()


def _parts(database: Database) -> tuple[str, str, str]:
    """Buckets, count and sum."""
    name = database.query_duration
    return f"{name}_bucket", f"{name}_count", f"{name}_sum"


def judge(facts: Facts, database: Database, deltas: Deltas) -> list[Verdict | Finding]:
    """Labels of all metrics in `deltas`; per alias +Inf = count, and a sum that the buckets allow."""
    names, labels = facts.names, facts.names.labels
    found = prometheus_evidence.growth(facts.run, facts.evidence, _metrics(names))
    if isinstance(found, NoData):
        return [unanswered(ID, "query histogram", found)]
    parts = {metric: found[metric] for metric in _parts(database)}
    aliases = sorted({item.labels.get(labels.alias, "") for items in parts.values() for item in items})
    if not aliases:
        return []
    buckets, counts, sums = parts.values()
    return [
        _judge_labels(labels, {**deltas, **parts}, parts),
        *(within(_infinity(buckets, counts, {labels.alias: alias}), facts) for alias in aliases),
        *(_judge_sum(buckets, sums, {labels.alias: alias}) for alias in aliases),
        *_coarser(buckets, found[f"{names.latency_by_view}_bucket"]),
    ]


def _judge_labels(labels: Labels, deltas: Deltas, parts: Deltas) -> Verdict:
    """An alias of one process has one vendor, and each part of the histogram has every alias."""

    def pair(item: prometheus_evidence.CounterIncrease) -> tuple[str, str]:
        return item.labels.get("instance", ""), item.labels.get(labels.alias, "")

    vendors: dict[tuple[str, str], dict[str, str]] = {}
    for metric, items in sorted(deltas.items()):
        for item in items:
            vendors.setdefault(pair(item), {}).setdefault(item.labels.get(labels.vendor, ""), metric)
    torn = [(alias, found) for (_, alias), found in sorted(vendors.items()) if len(found) > 1]
    pairs = {metric: set(map(pair, items)) for metric, items in parts.items()}
    every = set().union(*pairs.values())
    lost = [(metric, *each) for metric, found in pairs.items() for each in sorted(every - found)]
    code, where = Code.AGREES, dict[str, str]()
    why = f"each alias has one vendor, and all parts of the query histogram: {', '.join(_descriptions(vendors))}"
    if torn:
        code = Code.LABEL_ALTERED
        alias, found = torn[0]
        several = " and ".join(f"{vendor!r} in {metric}" for vendor, metric in found.items())
        why = f"the alias {alias} has vendor {several}: a label was {DROPPED}"
        where = {"alias": alias}
    elif lost:
        code = Code.SERIES_LOST
        metric, instance, alias = lost[0]
        why = f"{metric} has no series for the alias {alias} at {instance}: series or label {DROPPED}"
        where = {"alias": alias, "instance": instance, "metric": metric}
    return settled(ID, "labels", code, why, labels=where)


def _descriptions(vendors: Mapping[tuple[str, str], Mapping[str, str]]) -> list[str]:
    return sorted({f"{alias} ({next(iter(found))})" for (_, alias), found in vendors.items()})


def _coarser(buckets: Increases, latencies: Increases) -> list[Finding]:
    """The library gives all histograms of time the same bounds."""
    lost = sorted(prometheus_evidence.bounds(latencies) - prometheus_evidence.bounds(buckets))
    text = (
        f"the query histogram lacks le={', le='.join(lost)}, which the latency histograms have: dropped in the scrape "
        "configuration; percentiles of SQL time are coarser"
    )
    return [Finding(FindingCode.COARSER_HISTOGRAM, "query histogram", text, ID)] if lost else []


def _infinity(buckets: Increases, counts: Increases, alias: Mapping[str, str]) -> Count:
    return Count(
        ID,
        f"{_name(alias)} +Inf bucket",
        round(prometheus_evidence.total(counts, **alias)),
        prometheus_evidence.total(buckets, **alias, le="+Inf"),
        "timings",
        f"the histogram is incomplete: its +Inf bucket was {DROPPED}",
        "the histogram's buckets hold more than its count",
        expected_by="_count",
        observed_by="the +Inf bucket",
        labels={"alias": _name(alias), "le": "+Inf"},
    )


def _name(alias: Mapping[str, str]) -> str:
    return next(iter(alias.values()))


def _judge_sum(observed: Increases, sums: Increases, alias: Mapping[str, str]) -> Verdict:
    """Buckets rise with their bounds, and allow a sum between the lower and the upper bounds of what is in them."""
    subject = f"{_name(alias)} SQL time by buckets"
    buckets = prometheus_evidence.buckets(item for item in observed if alias.items() <= item.labels.items())
    total_s = prometheus_evidence.total(sums, **alias)
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
        why += f": a bucket or the sum was {DROPPED}, or one of them has the wrong unit"
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
        labels={"alias": _name(alias)},
    )
