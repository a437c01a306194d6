"""Does the first counter of the middleware chain hold every request that was sent, and no other?"""

from harness import readings
from harness.checks.check import Check, Count, Facts, equal, inconclusive
from harness.checks.quiescence import scrapes_itself
from harness.instrumentation import REQUESTS, RESPONSES_BY_VIEW
from harness.model import Finding, NoData, Query, Run, Verdict

ID = "request-conservation"
SHORT = (
    "requests that never reached Django (a proxy or gunicorn answered by itself), PrometheusBeforeMiddleware "
    "missing or "
    "not first, or workers and replicas whose metrics are not scraped"
)
OVER = "somebody else sends requests, the client retries or follows redirects unseen, or one request is counted twice"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw requests, and the views that the scrapes and the declared background use."""
    return readings.raw_query(run, "up"), readings.raw_query(run, REQUESTS), readings.raw_query(run, RESPONSES_BY_VIEW)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """requests_before = client's requests + scrapes + declared background."""
    extra = background_requests(facts)
    if isinstance(extra, NoData):
        return (inconclusive(ID, "requests", extra.reason),)
    items = readings.deltas(facts.run, facts.evidence, REQUESTS)
    scrapes, declared = extra
    count = Count(
        ID,
        "requests",
        facts.truth.responses + scrapes + declared,
        items if isinstance(items, NoData) else readings.total(items),
        "requests",
        SHORT,
        OVER,
        expected_by=f"the client ({facts.truth.responses:,}) with {scrapes} scrapes"
        + (f" and {declared} of declared background" if declared else ""),
        observed_by=REQUESTS,
    )
    return (equal(count, facts, lost=facts.lost),)


def background_requests(facts: Facts) -> tuple[int, int] | NoData:
    """Requests in the window that are not the load's: scrapes by their times, declared background by its own count."""
    own, items = scrapes_itself(facts), readings.deltas(facts.run, facts.evidence, RESPONSES_BY_VIEW)
    times = readings.scrape_times(facts.run, facts.evidence)
    if isinstance(own, NoData):
        return own
    if isinstance(items, NoData):
        return items
    if isinstance(times, NoData):
        return times
    scrapes = sum(max(len(at) - 1, 0) for at in times.values()) if own else 0
    declared = sum(readings.total(items, view=view) for view in facts.run.background)
    return scrapes, round(declared)


CHECK = Check(ID, queries, judge)
