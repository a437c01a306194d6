"""The table of likely causes, as data: longer than other modules because it has one entry for each known fault.

The order is the priority: first what an expression itself gets wrong, which follows from nothing else; then the path
of a number, scrape, request, response, labels, time, and what lies behind the views; last names that a panel asks for
in vain, since a scrape job that drops a label makes them unknown too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from harness.checks.base import ELSEWHERE
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


ABSENT = ""
"""The value of a label that a verdict does not have, e.g. the view of a verdict on all of them."""


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
MORE_REQUESTS = Sign("request-conservation", frozenset({Code.OVER}), {"law": frozenset({"requests"})})
COUNTS_FELL = Sign("scrape-health", frozenset({Code.COUNTER_RESET}))
SUCCESSES = frozenset({"200", "201", "202", "204", "206"})
SERVER_ERRORS = frozenset({"500", "502", "503", "504"})
ERRORS = SERVER_ERRORS | {"400", "401", "403", "404", "405", "408", "409", "413", "429"}
REDIRECTS = frozenset({"301", "302", "303", "307", "308"})
OVERRIDES = frozenset({"PUT", "PATCH", "DELETE"})
"""Methods that a form cannot send, so that a header or a field stands for them."""
TIME_OUTS = frozenset({"408", "499", "504"})
STATUS_CLASSES = frozenset(f"{first}{rest}" for first in "12345" for rest in ("xx", "XX"))
LATE = frozenset({"yes"})
ALL_BEHIND = Sign("running-counts", frozenset({Code.BEHIND}), {"view": frozenset({ABSENT}), "late": LATE})
"""Even the first counter of all was behind what had been answered, and caught up."""
ONE_BEHIND = Sign("running-counts", frozenset({Code.BEHIND}), {"late": LATE})
BEYOND_BOUNDS = Sign("resolution", frozenset({Code.ABOVE_HIGHEST_BOUND}))
UNTIMED = Sign("latency-conservation", frozenset({Code.OVER}), {"law": frozenset({"unknown-latency"})})
OTHER_REQUESTS = (Sign("request-counts"), Sign("response-conservation"), Sign("scrape-health"))
"""Latencies that contradict the witness may be those of other requests."""
LATE_HISTOGRAMS = Sign("running-latency", frozenset({Code.BEHIND}), {"late": LATE})
MISCOUNTED = (*OTHER_REQUESTS, LATE_HISTOGRAMS)
"""Or those of another time."""
ALL_BUCKETS = Sign("latency-buckets", labels={"view": frozenset({ABSENT})})
BUCKETS_CONTRADICT = Sign("database", frozenset({Code.BUCKETS_CONTRADICT}))
SQL_SHORT = Sign("database", LESS)


SCRAPED_TWICE = (
    "one process is scraped twice, at two addresses, through two exporters or by two entries of one job, so sums over "
    "the job are doubled; list each process once"
)


def _unseen(*statuses: str) -> Sign:
    """Responses without a view that the metric does not have; of any status when none is given."""
    status = {"status": frozenset(statuses)} if statuses else {}
    return Sign("request-counts", frozenset({Code.MISSING}), {"view": frozenset({ELSEWHERE}), **status})


def _over(**labels: frozenset[str] | frozenset[str | View]) -> Sign:
    """More responses than the client's, with these labels."""
    return Sign("request-counts", frozenset({Code.OVER}), {name: frozenset(values) for name, values in labels.items()})


FAILED = (Code.TARGET_DOWN, Code.SCRAPES_TIMED_OUT)
"""Of scrapes, for whatever reason."""


def _scrapes(*codes: Code) -> Sign:
    return Sign("scrape-health", frozenset(codes))


def _mistake(name: str, check: str = "dashboards") -> Sign:
    """A panel whose expression has this mistake."""
    return Sign(check, frozenset({Code.WRONG_EXPRESSION}), {name: frozenset({"wrong"})})


def _also_recorded(cause: str, text: str, mistake: str) -> tuple[CauseRule, ...]:
    """A mistake of a panel, or of a record that it reads."""
    return tuple(CauseRule(cause, text, (_mistake(mistake, check),)) for check in ("dashboards", "records"))


NOT_MODIFIED = Sign("request-counts", LESS, {"status": frozenset({"304"})})
OVERRIDDEN = _over(method=OVERRIDES)
FALLEN_BACK = Sign(
    "request-counts", LESS, {"status": SUCCESSES | REDIRECTS, "view": frozenset({View.UNROUTED, ELSEWHERE})}
)
HABITS = (NOT_MODIFIED, OVERRIDDEN, FALLEN_BACK)
"""Of middlewares that change what was counted or what is sent; each has a cause of its own."""


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
        "seconds-as-ms",
        "a panel draws a time or a share in another unit than its expression gives: set the panel's unit, or multiply",
        (_mistake("unit"),),
    ),
    CauseRule(
        "misnamed-panel",
        "a legend, a title or a rule's name says another percentile or status than its expression shows: change one",
        (_mistake("caption"),),
    ),
    CauseRule(
        "bare-counter",
        "a panel shows a counter without rate(), which is all since its process started: write rate() or increase()",
        (_mistake("bare-counter"),),
    ),
    CauseRule(
        "constant-ratio",
        "a panel divides each series by itself: sum both sides before they are divided",
        (_mistake("constant-ratio"),),
    ),
    CauseRule(
        "idle-average",
        "a panel averages ratios, and one idle series makes the whole NaN: divide the sums",
        (_mistake("idle-average"),),
    ),
    CauseRule(
        "dropped-series",
        "the sides of an operator of a panel do not match each other whole: aggregate both by the same labels",
        (_mistake("dropped-series"),),
    ),
    CauseRule(
        "sparse-irate",
        "a panel takes irate() with long steps, so it sees two scrapes of many: write rate()",
        (_mistake("sparse-irate"),),
    ),
    CauseRule(
        "largest-of-parts",
        "a panel takes one instance for all of them: write sum()",
        (_mistake("largest-of-parts"),),
    ),
    CauseRule(
        "recorded-ratios",
        "a panel or alert averages recorded ratios, so a view with one request counts as much as one with thousands: "
        "divide the sum of the numerators by the sum of the denominators",
        (_mistake("ratios", "records"),),
    ),
    CauseRule(
        "recorded-percentiles",
        "a panel or alert averages recorded percentiles: record the buckets summed by le, and apply "
        "histogram_quantile() to their sum",
        (_mistake("averages", "records"),),
    ),
    CauseRule(
        "recorded-parts",
        "a panel or alert takes for a whole what a rule records in parts: the rule keeps labels that the record's name "
        "does not say; correct its `by`, or add up the parts",
        (_mistake("parts", "records"),),
    ),
    CauseRule(
        "rated-record",
        "a panel or alert takes rate() of a recorded rate, and shows how the rate changes: read the record as it is",
        (_mistake("rates", "records"),),
    ),
    CauseRule(
        "lost-label",
        "a panel or alert asks for a label that a recording rule sums away: add the label to the rule's `by`",
        (Sign("records", frozenset({Code.UNKNOWN_LABEL})),),
    ),
    CauseRule(
        "filtered-buckets",
        "a panel filters buckets by value inside histogram_quantile(): remove the filter",
        (_mistake("filters"),),
    ),
    *_also_recorded(
        "scrapes-as-traffic",
        "a panel counts scrapes or health checks as traffic: use a counter by view, and exclude their views",
        "background",
    ),
    CauseRule(
        "short-range",
        "the range of a panel holds fewer than four scrapes: use $__rate_interval, or scrape more often",
        (Sign("dashboards", frozenset({Code.SHORT_RANGE})),),
    ),
    *_also_recorded(
        "hidden-404s",
        "a panel excludes <unnamed view>, and with it every request that no URL pattern matched: exclude only the "
        "views of scrapes and health checks",
        "unnamed",
    ),
    CauseRule(
        "impossible-panel",
        "a panel asks for what no target can have: a quantile beyond 1, or a label value that does not exist; correct "
        "the expression",
        (Sign("dashboards", frozenset({Code.IMPOSSIBLE})),),
    ),
    CauseRule(
        "fragile-rule",
        "Prometheus cannot evaluate a rule with the series that there are now: aggregate both sides of its operator by "
        "the labels on which they match",
        (Sign("alerts", frozenset({Code.RULE_ERROR})),),
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
        "two-exporters",
        SCRAPED_TWICE,
        (_scrapes(Code.LABELS_COLLIDE), MORE_REQUESTS),  # more series are stored than a scrape kept
        unless=(Sign("request-counts", LESS), COUNTS_FELL),
    ),
    CauseRule(
        "labels-collide",
        "several series were merged and only the first sample of each scrape was kept: metric_relabel_configs of the "
        "scrape job drop a label that distinguishes them",
        (_scrapes(Code.LABELS_COLLIDE),),
        # Of a scrape that failed or was never made nothing is stored, whatever its labels are.
        unless=(_scrapes(*FAILED, Code.TARGET_GONE, Code.SCRAPES_MISSING),),
    ),
    CauseRule(
        "recycled-workers",
        "counters fell while their totals grew: metrics files of some workers were deleted, by gunicorn's child_exit "
        "or a clean-up job; leave the files of PROMETHEUS_MULTIPROC_DIR alone until the app starts anew",
        (COUNTS_FELL, Sign("response-conservation", frozenset({Code.OVER}), {"law": frozenset({"responses-by-view"})})),
        unless=(_scrapes(Code.RESTARTED, *FAILED),),
    ),
    CauseRule(
        "restart",
        "counts vanished with the processes that made them: the target restarted, a hook such as gunicorn's child_exit "
        "deleted the files of workers that ended, or several processes answer scrapes in turn; keep a replica up while "
        "another restarts, share PROMETHEUS_MULTIPROC_DIR, and leave its files alone while the app runs",
        (_scrapes(Code.COUNTER_RESET),),
    ),
    CauseRule(
        "slow-scrapes",
        "scrapes failed after the longest time that any took: the page of the metrics takes longer than "
        "scrape_timeout, or the target's machine is too busy; meanwhile panels show old values",
        (_scrapes(Code.SCRAPES_TIMED_OUT),),
        unless=(_scrapes(Code.PROCESS_ENDED, Code.TARGET_GONE, Code.TARGET_DOWN),),
    ),
    CauseRule(
        "sample-limit",
        "scrapes failed: Prometheus's targets page has the reason (sample_limit exceeded, connection refused, "
        "timeout); meanwhile panels show old values",
        (_scrapes(Code.TARGET_DOWN),),
        unless=(_scrapes(Code.PROCESS_ENDED, Code.TARGET_GONE),),
    ),
    CauseRule(
        "deregistered-replica",
        "a target that was scraped at the start is no longer one: service discovery lost it, though it may still "
        "serve; alert on absent(up) or on the number of targets",
        # Its series end where those of a Prometheus that only paused go on.
        (_scrapes(Code.TARGET_GONE, Code.SCRAPES_MISSING), _scrapes(Code.TARGET_GONE, Code.RAW_DIFFERS)),
        unless=(COUNTS_FELL, _scrapes(*FAILED)),
    ),
    CauseRule(
        "prometheus-paused",
        "Prometheus missed scrapes: it was down, paused or overloaded; check its machine",
        (_scrapes(Code.SCRAPES_MISSING),),
        unless=(_scrapes(Code.RAW_DIFFERS, Code.TARGET_GONE),),
    ),
    CauseRule(
        "wiped-directory",
        "counters vanished because PROMETHEUS_MULTIPROC_DIR was emptied while the target ran: empty it before the "
        "first worker starts, never later",
        (_scrapes(Code.RAW_DIFFERS), FEWER_REQUESTS),
        unless=(COUNTS_FELL, _scrapes(Code.SCRAPES_MISSING, Code.TARGET_GONE, *FAILED)),
    ),
    CauseRule(
        "two-exporters",
        SCRAPED_TWICE,
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
        "cut-page",
        "series have gaps at scrapes that went well: the metrics page was cut on its way to Prometheus; have the proxy "
        "pass on the whole body or an error",
        (Sign("series-presence", frozenset({Code.GAP})),),
        unless=(FEWER_REQUESTS, COUNTS_FELL),
    ),
    CauseRule(
        "stale-page",
        "all counters lag behind what had been answered, and catch up: the metrics page is cached, polled or held back "
        "between the app and Prometheus; scrape the app itself",
        (ALL_BEHIND,),
        # What a proxy answered in the app's place may not have come to it yet.
        unless=(COUNTS_FELL, _scrapes(Code.RAW_DIFFERS, *FAILED), _unseen(*TIME_OUTS)),
    ),
    CauseRule(
        "batched-counters",
        "some counters lag behind the first of all, and catch up: they are written in batches; count at once",
        (ONE_BEHIND,),
        # A batch brings what there was, and never more: what is over in the end was not only late.
        unless=(ALL_BEHIND, _over(), COUNTS_FELL, _scrapes(Code.RAW_DIFFERS, *FAILED)),
    ),
    CauseRule(
        "late-histograms",
        "histograms lag behind what had been answered, and catch up, and the other counters do not: an exporter or a "
        "gateway keeps them; answer with all metrics of one moment",
        (LATE_HISTOGRAMS,),
        # A series that is first seen late was behind, too.
        unless=(Sign("running-counts"), Sign("series-presence"), *OTHER_REQUESTS),
    ),
    CauseRule(
        "counted-early",
        "counters run ahead of what had been sent, and are right in the end: counts are reserved or estimated, or "
        "samples bear times before their counters were read",
        (Sign("running-counts", frozenset({Code.AHEAD})),),
        unless=(MORE_REQUESTS, _over(), Sign("response-conservation"), COUNTS_FELL),
    ),
    CauseRule(
        "head-as-get",
        "HEAD requests are reported as GET: a middleware or a server changes the method before it is counted",
        (
            Sign("request-counts", LESS, {"method": frozenset({"HEAD"})}),
            _over(method=frozenset({"GET"})),
        ),
        unless=(_unseen(),),
    ),
    CauseRule(
        "conditional-get",
        "clients get a 304 where the metric reports a 200 of the same view: ConditionalGetMiddleware changes responses "
        "after PrometheusAfterMiddleware counted them",
        (NOT_MODIFIED, _over(status=frozenset({"200"}))),
        unless=(FEWER_REQUESTS, MORE_REQUESTS, _over(status=STATUS_CLASSES)),
    ),
    CauseRule(
        "fallback-page",
        "clients get a page where the metric reports a 404 without a view: a middleware answers on the way out what no "
        "URL pattern matched, as flatpages and the redirects of a CMS do, after the response was counted; expect the "
        "404 in panels, or give such pages a URL pattern",
        (
            FALLEN_BACK,
            _over(status=frozenset({"404"}), view=frozenset({View.UNROUTED, ELSEWHERE})),
        ),
        unless=(FEWER_REQUESTS, MORE_REQUESTS, CACHED_BETWEEN, _unseen(*REDIRECTS)),
    ),
    CauseRule(
        "method-override",
        "requests are reported under another method than the client's: a middleware changes the method before the "
        "request is counted by view, as a method override does; expect the new method in panels",
        (
            Sign("request-counts", LESS, {"method": frozenset({"POST"})}),
            OVERRIDDEN,
        ),
        unless=(FEWER_REQUESTS, MORE_REQUESTS, _unseen()),
    ),
    CauseRule(
        "status-class",
        "responses are reported by the class of their status, such as 2xx, so panels that ask for one status are "
        "empty: keep the label `status` as it is",
        (Sign("request-counts", frozenset({Code.MISSING})), _over(status=STATUS_CLASSES)),
    ),
    CauseRule(
        "replaced-label",
        "views, methods or statuses are reported under values that the client does not know, and nothing under those "
        "that it does: a label is rewritten by a relabelling rule, a label of the scrape job's targets or the code "
        "that sets it",
        (Sign("request-counts", frozenset({Code.MISSING})), _over()),
        unless=(_unseen(), Sign("request-counts", frozenset({Code.SHORT})), *HABITS),
    ),
    CauseRule(
        "proxy-answers",
        "a proxy answered requests itself: they never reached Django, so no metric of Django can report them; monitor "
        "the proxy too",
        (FEWER_REQUESTS, _unseen("413", "502", "503", "504")),
    ),
    CauseRule(
        "gunicorn-rejects",
        "the application server refused requests before Django saw them (a header too long, a malformed line), so no "
        "metric of Django can report them; monitor its log or the proxy",
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
        "some requests went to processes that are not scraped: workers without a shared PROMETHEUS_MULTIPROC_DIR, "
        "fewer ports than workers, or replicas that the scrape job does not name",
        (FEWER_REQUESTS,),
        unless=(
            CACHED_BETWEEN,
            _unseen(),
            ALL_BEHIND,
            COUNTS_FELL,
            _scrapes(Code.RAW_DIFFERS, *FAILED, Code.TARGET_GONE),
        ),
    ),
    CauseRule(
        "health-checks",
        "other clients use the target, e.g. health checks: they raise the rate and dilute the error ratio; exclude "
        "their view from the panels, and list it in `background`",
        (Sign("quiescence", frozenset({Code.FOREIGN_TRAFFIC})),),
    ),
    CauseRule(
        "client-retries",
        "more failed requests arrived than the client recorded: its library retries them silently, or a proxy repeats "
        "them on another replica (proxy_next_upstream); turn retries off, or count what reaches the app",
        (MORE_REQUESTS, _over(status=ERRORS)),
        unless=(_over(status=SUCCESSES),),
    ),
    CauseRule(
        "shared-directory",
        "more requests succeeded than the client sent: another site writes to the same PROMETHEUS_MULTIPROC_DIR, or "
        "another client uses the target",
        (MORE_REQUESTS, _over(status=SUCCESSES)),
        unless=(
            _over(status=SERVER_ERRORS),
            Sign("request-conservation", frozenset({Code.SCRAPED_TWICE})),
            COUNTS_FELL,
        ),
    ),
    CauseRule(
        "asgi-hang-up",
        "clients disconnected before the response, and the server cancelled the requests: these are counted, their "
        "responses are not; compare the clients' time-outs with the slowest view",
        (*UNANSWERED, Noticed(FindingCode.NO_RESPONSE)),
    ),
    CauseRule(
        "worker-killed",
        "requests were counted but never answered: their worker was killed, by gunicorn's timeout or for its memory; "
        "see its log, and raise the timeout or the memory",
        UNANSWERED,
    ),
    CauseRule(
        "listed-twice",
        "responses are counted more than once: PrometheusAfterMiddleware is listed twice in MIDDLEWARE; list it once",
        (Sign("response-conservation", frozenset({Code.OVER}), BY_STATUS),),
        unless=(COUNTS_FELL,),
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
        "some responses are not counted by status: the code that counts them has an early exit; count on every path",
        (Sign("response-conservation", LESS, BY_STATUS),),
        unless=(CACHED_BETWEEN, _unseen(), COUNTS_FELL),
    ),
    CauseRule(
        "dropped-series",
        "some views are in the counters by status, and have no series of their own: metric_relabel_configs of the "
        "scrape job drop them",
        (
            Sign("response-conservation", LESS, {"law": frozenset({"responses-by-view"})}),
            Sign("request-counts", frozenset({Code.MISSING}), share=Share.ALL),
        ),
        unless=(COUNTS_FELL,),
    ),
    CauseRule(
        "after-not-last",
        "requests of known views are reported as `<unnamed view>`: a middleware after PrometheusAfterMiddleware "
        "answers them itself; make PrometheusAfterMiddleware the last line of MIDDLEWARE",
        (Sign("request-counts", frozenset({Code.OVER}), {"view": frozenset({View.UNROUTED})}),),
        unless=(MORE_REQUESTS, Sign("response-conservation"), _over(status=STATUS_CLASSES)),
    ),
    CauseRule(
        "conditional-get",
        "clients get a 304 where the metric reports a 200: ConditionalGetMiddleware, or a proxy that knows ETags, "
        "changes responses after they were counted",
        (_unseen("304"),),
        unless=(FEWER_REQUESTS,),
    ),
    CauseRule(
        "error-page",
        "clients get a success where the metric reports an error: a proxy replaces error pages (error_page with "
        "`=200`), or a middleware outside answers errors; keep the status",
        (_unseen(*SUCCESSES), _over(status=ERRORS)),
        unless=(FEWER_REQUESTS,),
    ),
    CauseRule(
        "proxy-timeout",
        "clients get a time-out (504, 499, 408) for what the app answered: a proxy gives up before the app does; "
        "compare its time-outs with the slowest view, and monitor it too",
        (_unseen(*TIME_OUTS),),
        unless=(FEWER_REQUESTS,),
    ),
    CauseRule(
        "late-exception",
        "clients get a 500 for what was counted as another status: a middleware outside PrometheusAfterMiddleware "
        "raises on the way out; mend it, and alert on the proxy's errors too",
        (_unseen("500"), Sign("request-counts", frozenset({Code.OVER}))),
        unless=(FEWER_REQUESTS, _over(status=frozenset({"500"}))),
    ),
    CauseRule(
        "append-slash",
        "a middleware redirects after the response was counted, as CommonMiddleware does with APPEND_SLASH: clients "
        "get a redirect, the metric reports a 404; write URLs in full",
        (_unseen(*REDIRECTS), _over(status=frozenset({"404"}))),
        unless=(CACHED_BETWEEN, FEWER_REQUESTS),
    ),
    CauseRule(
        "swapped-labels",
        "requests are reported under the labels of others, while their sum is right: check the code that names the "
        "view, in a middleware or a class of your own, and whether requests share its state",
        (Sign("request-counts", LESS), _over()),
        unless=(_unseen(), Sign("request-conservation"), Sign("response-conservation"), COUNTS_FELL, *HABITS),
    ),
    CauseRule(
        "unstarted-timer",
        "some responses were counted and not timed: the start of their timer was lost, by code that replaces the "
        "request or its attributes; have a middleware between the two of django-prometheus keep the request it got",
        (UNTIMED,),
        unless=MISCOUNTED,
    ),
    CauseRule(
        "observed-twice",
        "some requests were timed more often than counted: other code observes the same histogram; give it one of its "
        "own",
        (Sign("latency-conservation", frozenset({Code.OVER})),),
        unless=(UNTIMED, *MISCOUNTED),
    ),
    CauseRule(
        "lost-infinity",
        "histograms lack their bucket +Inf, so that no percentile has a value: metric_relabel_configs of the scrape "
        "job drop it",
        (Sign("latency-conservation", LESS, {"le": frozenset({"+Inf"})}),),
        unless=MISCOUNTED,
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
        # Whatever multiplies every histogram makes latencies too high as well.
        unless=(
            Sign("request-conservation"),
            Sign("response-conservation"),
            Sign("side-counters"),
            Sign("timer-span", frozenset({Code.TOO_HIGH})),
        ),
    ),
    CauseRule(
        "milliseconds",
        "reported latencies are far too high: they are recorded in milliseconds under a name that says seconds; "
        "observe seconds",
        (TIMED_OTHERWISE, Sign("timer-span", frozenset({Code.TOO_HIGH}), share=Share.MOST), BEYOND_BOUNDS),
    ),
    CauseRule(
        "over-timed",
        "reported latencies are too high: the timer starts before the request arrives or ends after its response, and "
        "so counts a queue; start it where the request reaches Django, and stop it with the response",
        (TIMED_OTHERWISE, Sign("timer-span", frozenset({Code.TOO_HIGH}), share=Share.MOST)),
        unless=(BEYOND_BOUNDS, *MISCOUNTED),
    ),
    CauseRule(
        "part-timed",
        "reported latencies are too low: the timer does not span all of the work; start it before the view and stop it "
        "after",
        (Sign("timer-span", frozenset({Code.TOO_LOW}), share=Share.MOST),),
        unless=(Sign("latency-conservation"), *MISCOUNTED),
    ),
    CauseRule(
        "lowered-tail",
        "requests are counted in lower buckets than they took, while the sum of their time is right: the code that "
        "observes rounds or replaces the duration; observe what was measured",
        (Sign("latency-buckets", frozenset({Code.TOO_LOW}), share=Share.ALL),),
        unless=(ALL_BUCKETS, Sign("timer-span"), Sign("latency-conservation"), *MISCOUNTED),
    ),
    CauseRule(
        "mixed-bounds",
        "the buckets of several histograms contradict each other: replicas have different bounds, as while a release "
        "with other bounds is rolled out; change bounds everywhere at once",
        (ALL_BUCKETS, BUCKETS_CONTRADICT),
        unless=MISCOUNTED,
    ),
    CauseRule(
        "wrong-bound",
        "bucket counts contradict their bounds while the latency sums are right: a bound is mislabelled, in the code "
        "or by metric_relabel_configs",
        (ALL_BUCKETS,),
        unless=(BUCKETS_CONTRADICT, Sign("timer-span"), Sign("latency-conservation"), *MISCOUNTED),
    ),
    CauseRule(
        "plain-engine",
        "no SQL is counted: the ENGINE in DATABASES is Django's own; use one of django_prometheus.db.backends",
        (Sign("database", frozenset({Code.MISSING}), share=Share.ALL),),
        unless=(
            CACHED_BETWEEN,
            Sign("database", labels={"le": frozenset({"+Inf"})}),
        ),
    ),
    CauseRule(
        "double-sql",
        "more SQL statements are counted than ran: a second wrapper around the cursor counts them too; keep one of "
        "them",
        (Sign("database", frozenset({Code.OVER})),),
        unless=(SQL_SHORT, Sign("request-counts"), Sign("request-conservation")),
    ),
    CauseRule(
        "sql-milliseconds",
        "the time of SQL is far too high: it is recorded in milliseconds under a name that says seconds, or timed "
        "around more than the statement; observe seconds, around the statement alone",
        (Sign("database", frozenset({Code.TOO_HIGH})),),
        unless=(SQL_SHORT, Sign("database", frozenset({Code.OVER})), Sign("request-counts")),
    ),
    CauseRule(
        "plain-cache",
        "no cache read is counted: the BACKEND in CACHES is Django's own; use one of django_prometheus.cache.backends",
        (Sign("cache", frozenset({Code.MISSING}), share=Share.ALL),),
        unless=(CACHED_BETWEEN,),
    ),
    CauseRule(
        "hits-on-set",
        "more cache hits are counted than there were: other calls than get() count as hits, in the backend that CACHES "
        "names; count them in get() alone",
        (Sign("cache", frozenset({Code.OVER}), {"counter": frozenset({"hits"})}),),
        unless=(Sign("cache", LESS), Sign("request-counts"), Sign("request-conservation")),
    ),
    CauseRule(
        "double-saves",
        "more rows are counted than were written: a signal or a second mixin counts them too, or a signal is connected "
        "twice; keep one of them, connected once",
        (Sign("model-ops", frozenset({Code.OVER})),),
        unless=(Sign("model-ops", LESS), Sign("request-counts"), Sign("request-conservation")),
    ),
    CauseRule(
        "exception-types",
        "exceptions are reported under other types or views than they had: check the code that sets the labels",
        (Sign("exceptions", LESS), Sign("exceptions", frozenset({Code.OVER}))),
        unless=(Sign("request-counts"), Sign("request-conservation"), Sign("response-conservation")),
    ),
    CauseRule(
        "wrong-transport",
        "requests are reported under another transport than the client's: check SECURE_PROXY_SSL_HEADER and what the "
        "proxy sets it to",
        (Sign("side-counters", frozenset({Code.OVER}), {"transport": frozenset({"http", "https"})}),),
        unless=(Sign("request-counts"), Sign("request-conservation")),
    ),
    CauseRule(
        "stale-migrations",
        "the gauges of migrations report another state than the database: they are set once, when a process starts; "
        "migrate first, then stop and start the server (a reload keeps what ended workers reported)",
        (Sign("migrations"),),
    ),
    CauseRule(
        "low-top-bucket",
        "requests take longer than the highest finite bucket bound, so high percentiles are pinned to it; add bounds "
        "to PROMETHEUS_LATENCY_BUCKETS",
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
