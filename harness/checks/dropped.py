"""Histograms that Prometheus is told to drop: what needs them is not proved, and nothing is wrong.

A histogram of latencies is taken for dropped on purpose (`metric_relabel_configs`) when

- none of its series is stored, all through the window;
- the counter that the same middleware keeps has grown, so the middleware is there and times what it counts;
- each scrape kept fewer samples than it read, by as many as the histogram has series at least: a bucket, the count and
  the sum for each combination of labels.

Whoever drops a part of it, or lacks the middleware, still fails.
"""

from collections.abc import Iterable

from harness.checks.background import exporters
from harness.checks.base import Facts
from harness.core.codes import Code, FindingCode
from harness.core.query import NoSeries, Query, Reading
from harness.core.run import Run
from harness.core.verdict import Finding, Status, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation.base import PARTS
from harness.promql.own_series import SAMPLES_KEPT, SAMPLES_READ

NEEDING = frozenset(
    {
        *("latency-conservation", "latency-buckets", "running-latency", "percentiles", "timer-span"),
        *("resolution", "blind-spot"),
    }
)
"""The checks that judge the histograms of latencies."""
ABSENT = frozenset({Code.COUNTS_DIFFER, Code.MISSING, Code.NO_SERIES, Code.NOTHING_COUNTED})
"""What they say of one that is not there."""


def queries(run: Run) -> tuple[Query, ...]:
    """How many samples each scrape read and kept; not asked in runs of before that was stored."""
    if run.recorded is None:
        return ()
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in (SAMPLES_READ, SAMPLES_KEPT))


def histograms(facts: Facts) -> tuple[str, ...]:
    """Those that are dropped on purpose."""
    names, labels = facts.names, facts.names.labels
    spare = _spare(facts)
    keys = prometheus_evidence.deltas(facts.run, facts.evidence, names.responses_by_view)
    whole = prometheus_evidence.deltas(facts.run, facts.evidence, names.answered)
    views = (
        {(item.labels.get(labels.view), item.labels.get(labels.method)) for item in keys if item.value}
        if isinstance(keys, tuple)
        else set()
    )
    found = []
    if views and spare >= len(PARTS) * len(views) and _is_absent(facts, names.latency_by_view):
        found.append(names.latency_by_view)
    grown = isinstance(whole, tuple) and bool(prometheus_evidence.total(whole))
    if grown and spare >= len(PARTS) and _is_absent(facts, names.latency_all):
        found.append(names.latency_all)
    return tuple(found)


def spared(facts: Facts, check: str, results: Iterable[Verdict | Finding]) -> tuple[Verdict | Finding, ...]:
    """The results of a check, with one finding in place of its verdicts on what is dropped on purpose."""
    given = tuple(results)
    if check not in NEEDING or not (gone := histograms(facts)):
        return given
    by_view = facts.names.latency_by_view in gone
    kept = tuple(result for result in given if not _is_about(result, by_view=by_view))
    if len(kept) == len(given):
        return given
    text = (
        f"Prometheus drops {' and '.join(gone)} (metric_relabel_configs): {len(given) - len(kept)} verdicts of {check} "
        "need it and are not proved; keep it to have latencies checked"
    )
    return (*kept, Finding(FindingCode.UNPROVED, gone[0], text, check, {"metric": gone[0]}))


def _is_about(result: Verdict | Finding, *, by_view: bool) -> bool:
    if not isinstance(result, Verdict) or result.status is Status.PASS or result.code not in ABSENT:
        return False
    return by_view or "view" not in result.labels


def _is_absent(facts: Facts, histogram: str) -> bool:
    answers = (facts.evidence.read(prometheus_evidence.raw_query(facts.run, f"{histogram}_{part}")) for part in PARTS)
    return all(isinstance(answer, NoSeries) for answer in answers)


def _spare(facts: Facts) -> int:
    """The fewest samples that a scrape of the target read and did not keep; 0 when that is not known."""
    if facts.run.recorded is None:
        return 0
    read, kept = (facts.evidence.read(query) for query in queries(facts.run))
    if not isinstance(read, Reading) or not isinstance(kept, Reading):
        return 0
    counting, spare = exporters(facts), []
    known = prometheus_evidence.targets(facts.run, facts.evidence)
    stored = {known.name(series.labels): dict(series.points) for series in kept.series}
    for series in read.series:
        instance = known.name(series.labels)
        if instance in counting:
            spare += [value - stored.get(instance, {}).get(time_s, value) for time_s, value in series.points if value]
    return int(min(spare, default=0))
