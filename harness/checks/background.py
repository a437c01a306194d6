"""Requests in the window that are not the load's: the scrapes themselves, and what the profile declares."""

from harness.checks.base import Facts
from harness.core.query import NoData, Reading
from harness.evidence import prometheus_evidence


def scrapes_itself(facts: Facts) -> bool | NoData:
    """True when Django serves the metrics, so that each scrape is a request that it counts."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    if isinstance(items, NoData):
        return items
    if items:
        return any(item.labels.get(facts.names.labels.view) == facts.metrics_view for item in items)
    # Nothing is reported by view. Then each scrape finds itself unanswered.
    counts = counts_at(facts, facts.run.window.end_s)
    return not isinstance(counts, NoData) and counts[0] > counts[1]


def background_requests(facts: Facts) -> tuple[int, int] | NoData:
    """Requests in the window that are not the load's: scrapes by their times, declared background by its own count."""
    names, own = facts.names, scrapes_itself(facts)
    items = prometheus_evidence.deltas(facts.run, facts.evidence, names.responses_by_view)
    times = prometheus_evidence.scrape_times(facts.run, facts.evidence)
    if isinstance(own, NoData):
        return own
    if isinstance(items, NoData):
        return items
    if isinstance(times, NoData):
        return times
    scrapes = sum(max(len(at) - 1, 0) for at in times.values()) if own else 0
    declared = sum(prometheus_evidence.total(items, **{names.labels.view: view}) for view in facts.run.background)
    return scrapes, round(declared)


def counts_at(facts: Facts, time_s: float) -> tuple[float, float] | NoData:
    """Requests and responses at the last scrape up to `time_s`."""
    counts = []
    for metric in (facts.names.arrived, facts.names.answered):
        reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
        if isinstance(reading, NoData):
            return reading.of(metric)
        counts.append(_sum_at(reading, time_s))
    return counts[0], counts[1]


def _sum_at(reading: Reading, time_s: float) -> float:
    limit_s = time_s + prometheus_evidence.CLOCK_RESOLUTION_S
    return sum(max(points)[1] for series in reading.series if (points := [p for p in series.points if p[0] <= limit_s]))
