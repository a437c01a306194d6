"""Was nothing in flight at both ends of the window, and did nobody else use the target?"""

from harness.checks.background import counts_at, exporters, is_there, scrapes_by_others, scrapes_itself
from harness.checks.base import NO_DATA, Check, Facts, Unseen, inconclusive, settled, unanswered
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query, Reading
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Verdict
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.promql.own_series import UP

ID = "quiescence"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests and responses, and whether the scrapes are requests themselves."""
    names = registry.of(run)
    metrics = (UP, names.arrived, names.answered, names.responses_by_view)
    return tuple(prometheus_evidence.raw_query(run, metric) for metric in metrics)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """In-flight requests at t0 and t1, then foreign traffic."""
    window = facts.run.window
    return (
        _judge_flying(facts, "t0", window.start_s),
        _judge_flying(facts, "t1", window.end_s),
        _judge_foreign(facts),
        *_other_scrapers(facts),
    )


def in_flight(facts: Facts, time_s: float) -> int | NoData:
    """Requests counted but not yet answered at the last scrape up to `time_s`, without the scrapes themselves."""
    own = scrapes_itself(facts)
    if isinstance(own, NoData):
        return own
    counts = counts_at(facts, time_s)
    if isinstance(counts, NoData):
        return counts
    scrapers = sum(is_there(facts, target, time_s) for target in exporters(facts)) if own else 0
    window = facts.run.window
    known = window.known_flying[time_s > window.start_s]
    return round(counts[0] - counts[1]) - scrapers - known


def _judge_flying(facts: Facts, end: str, time_s: float) -> Verdict:
    """`end` of the window is `t0` or `t1`."""
    subject, labels = f"in flight at {end}", {"end": end}
    flying = in_flight(facts, time_s)
    if isinstance(flying, NoData):
        return unanswered(ID, subject, flying, labels=labels)
    if flying == 0:
        why = "every request counted was answered"
        return settled(ID, subject, Code.AGREES, why, expected=0, observed=0, unit="requests", labels=labels)
    if facts.foreign:
        why = f"{flying} requests of other clients were in flight; this count is a lower bound"
        one_sided = Strength.ONE_SIDED
        return settled(
            ID, subject, Code.AGREES, why, observed=flying, unit="requests", strength=one_sided, labels=labels
        )
    if flying < 0:
        why = f"{-flying} more responses than requests are counted: {facts.names.advice.unanswered_counter}"
        return settled(ID, subject, Code.UNREQUESTED, why, expected=0, observed=flying, unit="requests", labels=labels)
    why = (
        f"{flying} requests were counted and not answered: still in flight, killed with their worker, or abandoned by "
        "the client; raise stop_timeout, or restart the target to clear old ones"
    )
    found = settled if facts.run.embedded else inconclusive
    return found(ID, subject, Code.IN_FLIGHT, why, expected=0, observed=flying, unit="requests", labels=labels)


def _judge_foreign(facts: Facts) -> Verdict:
    window, subject = facts.run.window, "foreign traffic"
    seen = (window.idle_requests_start, window.idle_requests_end)
    if None in seen:
        return inconclusive(ID, subject, Code.NO_SCRAPE, "the traffic before and after the load is not known")
    found = sum(number or 0 for number in seen)
    if found == 0 and not facts.run.foreign_traffic:
        why = "no other client sent requests while the load was off"
        return settled(ID, subject, Code.AGREES, why, expected=0, observed=0, unit="requests")
    asked = f" ({', '.join(window.idle_views)})" if window.idle_views else ""
    why = f"other clients sent {found} requests{asked} between two scrapes while the load was off"
    if facts.run.foreign_traffic:
        why = (
            f"declared ({found} requests seen between two scrapes while the load was off): equalities are "
            "judged as lower bounds"
        )
        return settled(ID, subject, Code.AGREES, why, observed=found, unit="requests", strength=Strength.ONE_SIDED)
    if facts.run.embedded:
        why += "; find out which process uses the embedded target"
    else:
        if window.idle_views:
            listed = ", ".join(f'"{view}"' for view in window.idle_views)
            why += f"; if these are probes or health checks, list them: background = [{listed}]"
        why += "; set foreign_traffic = true in the profile to accept lower bounds, or measure without them"
    judged, one_sided = settled if facts.run.embedded else inconclusive, Strength.ONE_SIDED
    code = Code.FOREIGN_TRAFFIC
    return judged(ID, subject, code, why, expected=0, observed=found, unit="requests", strength=one_sided)


def _other_scrapers(facts: Facts) -> list[Finding]:
    """A second Prometheus is no traffic, and worth knowing: it is a load too."""
    own = scrapes_itself(facts)
    number = scrapes_by_others(facts) - _failed(facts) if own is True else 0  # one that timed out was a request
    if number <= 0:
        return []
    text = (
        f"others asked for the metrics {number} times in the window, as the second Prometheus of a pair does; these "
        "requests are counted by their own view and left out"
    )
    return [Finding(FindingCode.OTHER_SCRAPERS, "other scrapers", text, ID)]


def _failed(facts: Facts) -> int:
    """Scrapes of the window that failed: each was a request, or none."""
    up, window = facts.evidence.read(prometheus_evidence.raw_query(facts.run, UP)), facts.run.window
    known, counting = prometheus_evidence.targets(facts.run, facts.evidence), exporters(facts)
    return sum(
        value != 1 and window.start_s < at <= window.end_s + prometheus_evidence.CLOCK_RESOLUTION_S
        for series in (up.series if isinstance(up, Reading) else ())
        if known.name(series.labels) in counting
        for at, value in series.points
    )


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA | {Code.AGREES, Code.FOREIGN_TRAFFIC, Code.IN_FLIGHT, Code.NO_SERIES, Code.UNREQUESTED},
    unseen=(
        Unseen(
            "traffic-under-load",
            "Foreign traffic only while the load runs",
            "the target is watched while the load is off; request-conservation counts what is too much",
        ),
        Unseen(
            "never-answered",
            "A request in flight, beside one from long before that was never answered",
            "both make the same difference between requests and responses",
        ),
    ),
)
