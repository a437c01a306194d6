"""Requests in the window that are not the load's: the scrapes themselves, and what the profile declares."""

from collections.abc import Mapping, Sequence

from harness.checks import churn
from harness.checks.base import Facts
from harness.core.query import NoData, Reading
from harness.evidence import prometheus_evidence
from harness.evidence.lives import WHOLE
from harness.promql.own_series import UP


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


def exporters(facts: Facts) -> frozenset[str]:
    """The targets whose scrapes may be requests of the app: those that export its first counter; all, if none does.

    A job may hold targets of another kind, such as an exporter of the database.
    """
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, facts.names.arrived))
    known = prometheus_evidence.targets(facts.run, facts.evidence)
    found = {known.name(series.labels) for series in reading.series} if isinstance(reading, Reading) else set()
    return frozenset(found or facts.run.instances)


def scrapes_by_others(facts: Facts) -> int:
    """Requests for the metrics that this Prometheus did not make: a second one of a pair, by the view's own count.

    That count is believed where the responses by view are as many as those that the first middleware counted. Scrapes
    that failed may or may not have been requests: these are believed, too.
    """
    names = facts.names
    items = prometheus_evidence.deltas(facts.run, facts.evidence, names.responses_by_view)
    times = prometheus_evidence.scrape_times(facts.run, facts.evidence)
    if isinstance(items, NoData) or isinstance(times, NoData) or not counts_by_view_fit(facts):
        return 0
    counted = prometheus_evidence.total(items, **{names.labels.view: facts.metrics_view})
    return max(round(counted) + churn.begun(facts) - _own_scrapes(facts, times), 0)


def counts_by_view_fit(facts: Facts) -> bool:
    """The responses by view are as many as the first middleware counted: none is lost, none counted twice."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    whole = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.answered)
    if isinstance(items, NoData) or isinstance(whole, NoData):
        return False
    if churn.lives(facts):
        return abs(prometheus_evidence.total(items) - prometheus_evidence.total(whole)) <= churn.in_between(facts)
    return prometheus_evidence.total(items) == prometheus_evidence.total(whole)


def _own_scrapes(facts: Facts, times: Mapping[str, Sequence[float]]) -> int:
    counting, known = exporters(facts), churn.lives(facts)
    if not known:
        return sum(max(len(at) - 1, 0) for instance, at in times.items() if instance in counting)
    well = well_scraped(facts)
    return sum(
        max(sum(time_s in well[name] for time_s in at) - 1, 0) + int(known[name].joined)
        for name, at in times.items()
        if name in counting and name in known
    )


def well_scraped(facts: Facts) -> Mapping[str, frozenset[float]]:
    """Times of the scrapes of each target that went well."""
    reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, UP))
    known, well = prometheus_evidence.targets(facts.run, facts.evidence), dict[str, frozenset[float]]()
    for series in reading.series if isinstance(reading, Reading) else ():
        name = known.name(series.labels)
        well[name] = well.get(name, frozenset()) | {time_s for time_s, value in series.points if value == 1}
    return well


def background_requests(facts: Facts) -> tuple[int, int] | NoData:
    """Requests in the window that are not the load's: scrapes by their times, declared background by its own count.

    Scrapes of others are in the first number, by their own count too.
    """
    names, own = facts.names, scrapes_itself(facts)
    items = prometheus_evidence.deltas(facts.run, facts.evidence, names.responses_by_view)
    times = prometheus_evidence.scrape_times(facts.run, facts.evidence)
    if isinstance(own, NoData):
        return own
    if isinstance(items, NoData):
        return items
    if isinstance(times, NoData):
        return times
    scrapes = _own_scrapes(facts, times) + scrapes_by_others(facts) if own else 0
    declared = sum(prometheus_evidence.total(items, **{names.labels.view: view}) for view in facts.run.background)
    return scrapes, round(declared)


def counts_at(facts: Facts, time_s: float) -> tuple[float, float] | NoData:
    """Requests and responses at the last scrape up to `time_s`."""
    counts = []
    known = prometheus_evidence.targets(facts.run, facts.evidence)
    for metric in (facts.names.arrived, facts.names.answered):
        reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
        if isinstance(reading, NoData):
            return reading.of(metric)
        there = [series for series in reading.series if is_there(facts, known.name(series.labels), time_s)]
        counts.append(_sum_at(Reading(tuple(there)), time_s))
    return counts[0], counts[1]


def is_there(facts: Facts, target: str, time_s: float) -> bool:
    """Whether a target was scraped at an end of the window: it had not joined later, nor left before."""
    life = churn.lives(facts).get(target, WHOLE)
    limit_s = time_s + prometheus_evidence.CLOCK_RESOLUTION_S
    return life.whole or (not (life.joined and life.first_s > limit_s) and not (life.left and life.gone_s < limit_s))


def _sum_at(reading: Reading, time_s: float) -> float:
    limit_s = time_s + prometheus_evidence.CLOCK_RESOLUTION_S
    return sum(max(points)[1] for series in reading.series if (points := [p for p in series.points if p[0] <= limit_s]))
