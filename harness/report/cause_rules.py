"""The table of likely causes, as data: longer than other modules because it has one entry for each known fault.

The order is the priority: first what an expression itself gets wrong, which follows from nothing else; then the path
of a number, scrape, request, response, labels, time, and what lies behind the views; last names that a panel asks for
in vain, since a scrape job that drops a label makes them unknown too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from harness.checks.response_counts import ELSEWHERE
from harness.core.codes import Code, FindingCode


class Share(StrEnum):
    """How many of a check's failed verdicts must show a sign."""

    ANY = "any"
    MOST = "most"
    """More than half."""
    ALL = "all"
    """All, and at least one."""


class View(Enum):
    """A view whose label every instrumentation calls by a name of its own."""

    UNROUTED = "unrouted"
    """Of requests that no route matched."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Failed verdicts of a check with one of the codes, and with each of the labels at one of its values."""

    check: str
    codes: frozenset[Code] = frozenset()
    """Empty: any."""
    labels: Mapping[str, frozenset[str | View]] = field(default_factory=dict)
    share: Share = Share.ANY


@dataclass(frozen=True, slots=True)
class Noticed:
    """A finding of this kind."""

    code: FindingCode


@dataclass(frozen=True, slots=True)
class CauseRule:
    """A cause, the signs that give it away together, those that contradict it, and what to say about it."""

    id: str
    text: str
    signs: tuple[Sign | Noticed, ...]
    """All of them must be there."""
    unless: tuple[Sign | Noticed, ...] = ()
    """None of them may be there."""


LESS = frozenset({Code.SHORT, Code.MISSING})
FEWER_REQUESTS = Sign("request-conservation", LESS, {"law": frozenset({"requests"})})
UNANSWERED = (
    Sign("response-conservation", LESS, {"law": frozenset({"responses"})}),
    Sign("quiescence", frozenset({Code.IN_FLIGHT, Code.UNREQUESTED}), {"end": frozenset({"t1"})}),
)
"""Requests were counted whose responses never came."""
BY_STATUS = {"law": frozenset({"responses-by-status"})}
CACHED_BETWEEN = Noticed(FindingCode.CACHED_BETWEEN)
TIMED_OTHERWISE = Sign("latency-buckets")


def _unseen(*statuses: str) -> Sign:
    """Responses without a view that the metric does not have; of any status when none is given."""
    status = {"status": frozenset(statuses)} if statuses else {}
    return Sign("request-counts", frozenset({Code.MISSING}), {"view": frozenset({ELSEWHERE}), **status})


def _scrapes(*codes: Code) -> Sign:
    return Sign("scrape-health", frozenset(codes))


def _mistake(name: str) -> Sign:
    """A panel whose expression has this mistake."""
    return Sign("dashboards", frozenset({Code.WRONG_EXPRESSION}), {name: frozenset({"wrong"})})


RULES: tuple[CauseRule, ...] = (
    CauseRule(
        "rate-of-sum",
        "a panel takes rate() of a sum, so the restart of one replica looks like a burst of requests: write "
        "sum(rate(...))",
        (_mistake("resets"),),
    ),
    CauseRule(
        "averaged-percentiles",
        "a panel averages percentiles: apply histogram_quantile() to the buckets summed by le",
        (_mistake("averages"),),
    ),
    CauseRule(
        "filtered-buckets",
        "a panel filters buckets by value inside histogram_quantile(): remove the filter",
        (_mistake("filters"),),
    ),
    CauseRule(
        "scrapes-as-traffic",
        "a panel counts scrapes or health checks as traffic: use a counter by view, and exclude their views",
        (_mistake("background"),),
    ),
    CauseRule(
        "short-range",
        "the range of a panel holds fewer than four scrapes: use $__rate_interval, or scrape more often",
        (Sign("dashboards", frozenset({Code.SHORT_RANGE})),),
    ),
    CauseRule(
        "clock-skew",
        "two clocks differ, so graphs show the load at the wrong time: synchronise the clocks",
        (_scrapes(Code.CLOCK_SKEW),),
    ),
    CauseRule(
        "no-multiproc-dir",
        "several workers answer scrapes in turn, each with its own counts: set PROMETHEUS_MULTIPROC_DIR before the "
        "workers import prometheus_client, or export a port per worker",
        (_scrapes(Code.IN_TURN),),
    ),
    CauseRule(
        "labels-collide",
        "several series were merged and only the first sample of each scrape was kept: metric_relabel_configs of the "
        "scrape job drop a label that distinguishes them",
        (_scrapes(Code.LABELS_COLLIDE),),
        unless=(_scrapes(Code.TARGET_DOWN),),  # a scrape that failed leaves nothing stored, whatever its labels are
    ),
    CauseRule(
        "restart",
        "the target restarted during the run, or several processes answer scrapes in turn: what was counted "
        "since the last scrape is lost; keep a replica up while another restarts, and share "
        "PROMETHEUS_MULTIPROC_DIR",
        (_scrapes(Code.COUNTER_RESET),),
    ),
    CauseRule(
        "sample-limit",
        "scrapes failed: Prometheus's targets page has the reason (sample_limit exceeded, timeout); meanwhile panels "
        "show old values",
        (_scrapes(Code.TARGET_DOWN),),
    ),
    CauseRule(
        "prometheus-paused",
        "Prometheus missed scrapes: it was down, paused or overloaded; check its machine",
        (_scrapes(Code.SCRAPES_MISSING, Code.TARGET_DOWN, Code.TARGET_GONE),),
    ),
    CauseRule(
        "wiped-directory",
        "counters vanished because PROMETHEUS_MULTIPROC_DIR was emptied while the target ran: empty it before the "
        "first worker starts, never later",
        (_scrapes(Code.RAW_DIFFERS),),
    ),
    CauseRule(
        "two-exporters",
        "one process is scraped twice, at two addresses or through two exporters in one job, so sums over the job are "
        "doubled; list each process once",
        (Sign("request-conservation", frozenset({Code.SCRAPED_TWICE})),),
    ),
    CauseRule(
        "cache-between",
        "a cache stands between the two middlewares of django-prometheus, as Django's per-site cache may: what it "
        "answers has no status, no view and no latency, and a metrics page that it keeps stands still; move "
        "UpdateCacheMiddleware and FetchFromCacheMiddleware outside PrometheusBeforeMiddleware, or count its hits",
        (CACHED_BETWEEN,),
    ),
    CauseRule(
        "before-missing",
        "no request was counted at all: PrometheusBeforeMiddleware is missing; add it as the first line of MIDDLEWARE",
        (Sign("request-conservation", frozenset({Code.MISSING}), {"law": frozenset({"requests"})}),),
        unless=(CACHED_BETWEEN,),
    ),
    CauseRule(
        "after-missing",
        "no response was counted by view or status: PrometheusAfterMiddleware is missing; add it as the last line of "
        "MIDDLEWARE",
        (Sign("response-conservation", frozenset({Code.MISSING}), BY_STATUS),),
    ),
    CauseRule(
        "proxy-answers",
        "a proxy answered requests itself: they never reached Django, so no metric of Django can report them; monitor "
        "the proxy too",
        (FEWER_REQUESTS, _unseen("413", "502", "503", "504")),
    ),
    CauseRule(
        "gunicorn-rejects",
        "the application server refused requests before Django saw them (a header too long, a malformed line), so "
        "no metric of Django can report them; monitor its log or the proxy",
        (FEWER_REQUESTS, _unseen("400", "408", "414", "431")),
    ),
    CauseRule(
        "before-not-first",
        "something before PrometheusBeforeMiddleware answers requests itself: make PrometheusBeforeMiddleware the "
        "first line of MIDDLEWARE",
        (FEWER_REQUESTS, _unseen()),
    ),
    CauseRule(
        "unscraped-processes",
        "some requests went to processes that are not scraped: workers without a shared "
        "PROMETHEUS_MULTIPROC_DIR, fewer ports than workers, or replicas that the scrape job does not name",
        (FEWER_REQUESTS,),
        unless=(CACHED_BETWEEN,),
    ),
    CauseRule(
        "health-checks",
        "other clients use the target, e.g. health checks: they raise the rate and dilute the error ratio; exclude "
        "their view from the panels, and list it in `background`",
        (Sign("quiescence", frozenset({Code.FOREIGN_TRAFFIC})),),
    ),
    CauseRule(
        "client-retries",
        "more requests arrived than the client recorded: its library retries silently, another client sends requests, "
        "or each request is counted twice",
        (Sign("request-conservation", frozenset({Code.OVER}), {"law": frozenset({"requests"})}),),
    ),
    CauseRule(
        "asgi-hang-up",
        "clients disconnected before the response, and the server cancelled the requests: these are counted, their "
        "responses are not; compare the clients' time-outs with the slowest view",
        (*UNANSWERED, Noticed(FindingCode.NO_RESPONSE)),
    ),
    CauseRule(
        "worker-killed",
        "requests were counted but never answered: their worker was killed, by gunicorn's timeout or for its memory",
        UNANSWERED,
    ),
    CauseRule(
        "listed-twice",
        "responses are counted more than once: PrometheusAfterMiddleware is listed twice in MIDDLEWARE",
        (Sign("response-conservation", frozenset({Code.OVER}), BY_STATUS),),
    ),
    CauseRule(
        "middleware-between",
        "a middleware between the two of django-prometheus answers requests itself, so its responses have no status "
        "and no view; move it before both, or give it its own metric",
        (Sign("response-conservation", LESS, BY_STATUS), _unseen()),
        unless=(CACHED_BETWEEN,),
    ),
    CauseRule(
        "dropped-observations",
        "some responses are not counted by status: the code that counts them has an early exit",
        (Sign("response-conservation", LESS, BY_STATUS),),
        unless=(CACHED_BETWEEN,),
    ),
    CauseRule(
        "after-not-last",
        "requests of known views are reported as `<unnamed view>`: a middleware after PrometheusAfterMiddleware "
        "answers them itself; make PrometheusAfterMiddleware the last line of MIDDLEWARE",
        (Sign("request-counts", frozenset({Code.OVER}), {"view": frozenset({View.UNROUTED})}),),
    ),
    CauseRule(
        "append-slash",
        "a middleware changes responses after they were counted, as CommonMiddleware does with APPEND_SLASH: "
        "clients get another status than the metric reports; write URLs in full",
        (_unseen(),),
        unless=(CACHED_BETWEEN,),
    ),
    CauseRule(
        "swapped-labels",
        "requests are reported under the labels of others, while their sum is right: check the code that names the "
        "view",
        (Sign("request-counts", LESS), Sign("request-counts", frozenset({Code.OVER}))),
    ),
    CauseRule(
        "wrong-identity",
        "series carry the name of another process than the one that answered: instances are swapped or labels are "
        "wrong in relabel_configs or in the targets of the scrape job",
        (Sign("identity"),),
    ),
    CauseRule(
        "wrong-sizes",
        "the sizes of bodies are reported in another unit than bytes, or of other bodies: check the code that observes "
        "them",
        (Sign("attributes", labels={"attribute": frozenset({"request-size", "response-size"})}),),
        unless=(Sign("request-conservation"), Sign("response-conservation"), Sign("side-counters")),
    ),
    CauseRule(
        "milliseconds",
        "reported latencies are far too high: they are recorded in milliseconds under a name that says seconds",
        (TIMED_OTHERWISE, Sign("timer-span", frozenset({Code.TOO_HIGH}), share=Share.MOST)),
    ),
    CauseRule(
        "part-timed",
        "reported latencies are too low: the timer does not span all of the work",
        (TIMED_OTHERWISE, Sign("timer-span", frozenset({Code.TOO_LOW}), share=Share.MOST)),
    ),
    CauseRule(
        "wrong-bound",
        "bucket counts contradict their bounds while the latency sums are right: a bound is mislabelled, in "
        "the code or by metric_relabel_configs",
        (TIMED_OTHERWISE,),
        unless=(Sign("timer-span"), Sign("request-counts")),
    ),
    CauseRule(
        "plain-engine",
        "no SQL is counted: the ENGINE in DATABASES is Django's own; use one of django_prometheus.db.backends",
        (Sign("database", frozenset({Code.MISSING}), share=Share.ALL),),
        unless=(CACHED_BETWEEN,),
    ),
    CauseRule(
        "plain-cache",
        "no cache read is counted: the BACKEND in CACHES is Django's own; use one of django_prometheus.cache.backends",
        (Sign("cache", frozenset({Code.MISSING}), share=Share.ALL),),
        unless=(CACHED_BETWEEN,),
    ),
    CauseRule(
        "stale-migrations",
        "the gauges of migrations report another state than the database: they are set once, when a process starts; "
        "restart the workers after each migration",
        (Sign("migrations"),),
    ),
    CauseRule(
        "low-top-bucket",
        "requests take longer than the highest finite bucket bound, so high percentiles are pinned to it; add "
        "bounds to PROMETHEUS_LATENCY_BUCKETS",
        (Sign("resolution", frozenset({Code.ABOVE_HIGHEST_BOUND})),),
    ),
    CauseRule(
        "coarse-buckets",
        "buckets are too wide where the requests are: percentiles may be off by a bucket; set "
        "PROMETHEUS_LATENCY_BUCKETS",
        (Sign("resolution"),),
    ),
    CauseRule(
        "unknown-label",
        "a panel names a metric or a label that the target does not have, and missing data is shown as 0: take the "
        "names from the target's own /metrics",
        (Sign("dashboards", frozenset({Code.UNKNOWN_LABEL, Code.UNKNOWN_METRIC})),),
    ),
)
