"""Was nothing in flight at both ends of the window, and did nobody else use the target?"""

from harness.checks.base import Check, Facts, inconclusive
from harness.core.query import NoData, Query, Reading
from harness.core.run import Run
from harness.core.verdict import Finding, Status, Strength, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry

ID = "quiescence"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests and responses, and whether the scrapes are requests themselves."""
    names = registry.of(run)
    metrics = (names.arrived, names.answered, names.responses_by_view)
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """In-flight requests at t0 and t1, then foreign traffic."""
    window = facts.run.window
    return (
        _judge_flying(facts, "in flight at t0", window.start_s),
        _judge_flying(facts, "in flight at t1", window.end_s),
        _judge_foreign(facts),
    )


def scrapes_itself(facts: Facts) -> bool | NoData:
    """True when Django serves the metrics, so that each scrape is a request that it counts."""
    items = prometheus_evidence.deltas(facts.run, facts.evidence, facts.names.responses_by_view)
    if isinstance(items, NoData):
        return items
    if items:
        return any(item.labels.get(facts.names.labels.view) == facts.metrics_view for item in items)
    # Nothing is reported by view. Then each scrape finds itself unanswered.
    counts = _counts_at(facts, facts.run.window.end_s)
    return not isinstance(counts, NoData) and counts[0] > counts[1]


def in_flight(facts: Facts, time_s: float) -> int | NoData:
    """Requests counted but not yet answered at the last scrape up to `time_s`, without the scrapes themselves."""
    own = scrapes_itself(facts)
    if isinstance(own, NoData):
        return own
    counts = _counts_at(facts, time_s)
    if isinstance(counts, NoData):
        return counts
    scrapers = len(facts.run.instances) if own else 0
    return round(counts[0] - counts[1]) - scrapers


def _counts_at(facts: Facts, time_s: float) -> tuple[float, float] | NoData:
    """Requests and responses at the last scrape up to `time_s`."""
    counts = []
    for metric in (facts.names.arrived, facts.names.answered):
        reading = facts.evidence.read(prometheus_evidence.raw_query(facts.run, metric))
        if isinstance(reading, NoData):
            return NoData(f"{metric}: {reading.reason}")
        counts.append(_sum_at(reading, time_s))
    return counts[0], counts[1]


def _sum_at(reading: Reading, time_s: float) -> float:
    limit_s = time_s + prometheus_evidence.CLOCK_RESOLUTION_S
    return sum(max(points)[1] for series in reading.series if (points := [p for p in series.points if p[0] <= limit_s]))


def _judge_flying(facts: Facts, subject: str, time_s: float) -> Verdict:
    flying = in_flight(facts, time_s)
    if isinstance(flying, NoData):
        return inconclusive(ID, subject, flying.reason)
    if flying == 0:
        return Verdict(
            ID, subject, Status.PASS, "every request counted was answered", expected=0, observed=0, unit="requests"
        )
    if facts.foreign:
        why = f"{flying} requests of others were in flight; what is counted here is a lower bound"
        return Verdict(ID, subject, Status.PASS, why, observed=flying, unit="requests", strength=Strength.ONE_SIDED)
    if flying < 0:
        why = f"{-flying} more responses than requests are counted: {facts.names.advice.unanswered_counter}"
        return Verdict(ID, subject, Status.FAIL, why, expected=0, observed=flying, unit="requests")
    why = (
        f"{flying} requests were counted and not answered: still in flight, killed with their worker, or hung up on; "
        "raise stop_timeout, or restart the target to clear old ones"
    )
    status = Status.FAIL if facts.run.embedded else Status.INCONCLUSIVE
    return Verdict(ID, subject, status, why, expected=0, observed=flying, unit="requests")


def _judge_foreign(facts: Facts) -> Verdict:
    window, subject = facts.run.window, "foreign traffic"
    seen = (window.idle_requests_start, window.idle_requests_end)
    if None in seen:
        return inconclusive(ID, subject, "the traffic before and after the load is not known")
    found = sum(number or 0 for number in seen)
    if found == 0 and not facts.run.foreign_traffic:
        why = "nobody else sent requests while the load was off"
        return Verdict(ID, subject, Status.PASS, why, expected=0, observed=0, unit="requests")
    why = f"others sent {found} requests between two scrapes while the load was off"
    if facts.run.foreign_traffic:
        why = (
            f"declared ({found} requests seen between two scrapes while the load was off): equalities are "
            "judged as lower bounds"
        )
        return Verdict(ID, subject, Status.PASS, why, observed=found, unit="requests", strength=Strength.ONE_SIDED)
    if facts.run.embedded:
        why += "; find who talks to the embedded target"
    else:
        why += "; set foreign_traffic = true in the profile to accept lower bounds, or measure without them"
    status = Status.FAIL if facts.run.embedded else Status.INCONCLUSIVE
    return Verdict(ID, subject, status, why, expected=0, observed=found, unit="requests", strength=Strength.ONE_SIDED)


CHECK = Check(ID, queries, judge)
