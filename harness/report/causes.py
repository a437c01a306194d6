"""Failed verdicts -> what is probably wrong, most likely first. Pure; each rule is one sign that a fault leaves.

One fault breaks many laws at once. The rules ask in the order of the path a number takes: was it scraped, did the
request reach Django, was it answered, labelled, timed; the first that has an answer is the likely cause, for what comes
later on the path only follows from it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.checks.counts.request_counts import ELSEWHERE
from harness.checks.monitoring import dashboards
from harness.core.verdict import Cause, Finding, Status, Verdict
from harness.instrumentation.base import Instrumentation
from harness.monitoring.dashboards.corrections import Correction

PROXY_STATUSES = frozenset({"413", "502", "503", "504"})
SERVER_STATUSES = frozenset({"400", "408", "414", "431"})


@dataclass(frozen=True, slots=True)
class Signs:
    """What failed, to be asked for."""

    failed: tuple[Verdict, ...]
    findings: frozenset[str]
    unrouted: str
    """The view label of a request that no route matched."""

    def of(self, check: str, subject: str = "") -> tuple[Verdict, ...]:
        """Failed verdicts of a check whose subject ends in `subject`."""
        return tuple(v for v in self.failed if v.check == check and v.subject.endswith(subject))

    def short(self, check: str, subject: str = "") -> bool:
        """True when the metric has less than it should."""
        return any(_difference(verdict) < 0 for verdict in self.of(check, subject))

    def over(self, check: str, subject: str = "") -> bool:
        """True when the metric has more than it should."""
        return any(_difference(verdict) > 0 for verdict in self.of(check, subject))

    def none(self, check: str, subject: str = "") -> bool:
        """True when the metric has nothing of what it should have."""
        verdicts = self.of(check, subject)
        return bool(verdicts) and all(verdict.observed == 0 and verdict.expected for verdict in verdicts)

    def says(self, check: str, subject: str, word: str) -> bool:
        """True when a reason holds a word."""
        return any(word in verdict.why for verdict in self.of(check, subject))

    @property
    def unseen_statuses(self) -> frozenset[str]:
        """Statuses of responses that carry no view, and that the metric does not have."""
        lost = (
            v.subject.split() for v in self.of("request-counts") if v.subject.startswith(ELSEWHERE) and not v.observed
        )
        return frozenset(words[-1] for words in lost)


@dataclass(frozen=True, slots=True)
class Rule:
    """A cause, the sign that gives it away, and what to say about it."""

    id: str
    applies: Callable[[Signs], bool]
    text: str


def likely(verdicts: Sequence[Verdict], findings: Sequence[Finding], names: Instrumentation) -> tuple[Cause, ...]:
    """What is probably wrong, most likely first; nothing when no verdict failed."""
    failed = tuple(verdict for verdict in verdicts if verdict.status is Status.FAIL)
    signs = Signs(failed, frozenset(finding.id for finding in findings), names.unrouted)
    return tuple(Cause(rule.id, rule.text) for rule in RULES if failed and rule.applies(signs))


def _difference(verdict: Verdict) -> float:
    return (verdict.observed or 0.0) - (verdict.expected or 0.0)


def _timed(sign: int) -> Callable[[Signs], bool]:
    """The client's and the witness's latencies lie on one side of the metric's in most views."""

    def applies(signs: Signs) -> bool:
        found = signs.of("timer-span")
        return bool(signs.of("latency-buckets")) and sum(sign * (v.observed or 0.0) > 0 for v in found) * 2 > len(found)

    return applies


def _uncounted(signs: Signs) -> bool:
    return signs.short("request-conservation", "requests")


def _hung(signs: Signs) -> bool:
    return signs.short("response-conservation", "responses") and bool(signs.of("quiescence", "in flight at t1"))


def _panel_wrong(item: Correction) -> Callable[[Signs], bool]:
    return lambda signs: signs.says("dashboards", "", dashboards.WRONG[item])


def _rules() -> Iterator[Rule]:
    """First what an expression itself gets wrong, which follows from nothing else.

    Then in the order of the path: scrape, request, response, labels, time, and what lies behind the views;
    last names that a panel asks for in vain, since a scrape job that drops a label makes them unknown too.
    """
    yield Rule(
        "rate-of-sum",
        _panel_wrong(Correction.RESETS),
        "a panel takes rate() of a sum, so the restart of one replica looks like a burst of requests: write "
        "sum(rate(...))",
    )
    yield Rule(
        "averaged-percentiles",
        _panel_wrong(Correction.AVERAGES),
        "a panel averages percentiles: take histogram_quantile() of the buckets summed by le",
    )
    yield Rule(
        "filtered-buckets",
        _panel_wrong(Correction.FILTERS),
        "a panel filters buckets by value inside of histogram_quantile(): leave the filter out",
    )
    yield Rule(
        "scrapes-as-traffic",
        _panel_wrong(Correction.BACKGROUND),
        "a panel counts scrapes or health checks as traffic: take a counter by view, and leave their views out",
    )
    yield Rule(
        "short-range",
        lambda s: s.says("dashboards", "", dashboards.WINDOW),
        "the range of a panel holds less than four scrapes: take $__rate_interval, or scrape more often",
    )
    yield Rule(
        "clock-skew",
        lambda s: bool(s.of("scrape-health", "clock")),
        "two clocks differ, so what users felt is looked for at the wrong place of a graph: synchronise them",
    )
    yield Rule(
        "no-multiproc-dir",
        lambda s: s.says("scrape-health", "process start", "in turn"),
        "several workers answer scrapes in turn, each with counts of its own: set PROMETHEUS_MULTIPROC_DIR before the "
        "workers import prometheus_client, or export a port per worker",
    )
    yield Rule(
        "labels-collide",
        # A scrape that failed leaves nothing stored, whatever its labels are.
        lambda s: bool(s.of("scrape-health", "stored series")) and not s.says("scrape-health", "scrapes", "up = 0"),
        "series became one and only the first of each was kept: metric_relabel_configs of the scrape job drop a "
        "label that tells them apart",
    )
    yield Rule(
        "restart",
        lambda s: bool(s.of("scrape-health", "counter resets")),
        "the target restarted while it was watched, or several processes answer scrapes in turn: what was counted "
        "since the last scrape is lost; keep a replica up while another restarts, and share "
        "PROMETHEUS_MULTIPROC_DIR",
    )
    yield Rule(
        "sample-limit",
        lambda s: s.says("scrape-health", "scrapes", "up = 0"),
        "scrapes failed: the page of Prometheus's targets has the reason (a sample_limit that is exceeded, a "
        "timeout); meanwhile panels go on with old values",
    )
    yield Rule(
        "prometheus-paused",
        lambda s: bool(s.of("scrape-health", "scrapes")),
        "Prometheus left out scrapes: it was down, paused or overloaded; look at its machine",
    )
    yield Rule(
        "wiped-directory",
        lambda s: bool(s.of("scrape-health", "raw samples")),
        "counters vanished while the target ran: somebody emptied PROMETHEUS_MULTIPROC_DIR; empty it before the "
        "first worker starts, never later",
    )
    yield Rule(
        "two-exporters",
        lambda s: bool(s.of("request-conservation", "instances")),
        "one process is scraped twice, under two addresses or by two exporters in one job, so sums over the job are "
        "double; name each process once",
    )
    yield Rule(
        "before-missing",
        lambda s: s.none("request-conservation", "requests"),
        "no request was counted at all: PrometheusBeforeMiddleware is missing; add it as first line of MIDDLEWARE",
    )
    yield Rule(
        "after-missing",
        lambda s: s.none("response-conservation", "responses by status"),
        "no response was told by view or status: PrometheusAfterMiddleware is missing; add it as last line of "
        "MIDDLEWARE",
    )
    yield Rule(
        "proxy-answers",
        lambda s: _uncounted(s) and bool(s.unseen_statuses & PROXY_STATUSES),
        "a proxy in front answered by itself: these responses never reached Django, so no metric of Django can tell "
        "them; monitor the proxy too",
    )
    yield Rule(
        "gunicorn-rejects",
        lambda s: _uncounted(s) and bool(s.unseen_statuses & SERVER_STATUSES),
        "the application server refused requests before Django saw them (a header too long, a malformed line), so "
        "no metric of Django can tell them; watch its log or the proxy",
    )
    yield Rule(
        "before-not-first",
        lambda s: _uncounted(s) and bool(s.unseen_statuses),
        "something in front of PrometheusBeforeMiddleware answers by itself: make it the first line of MIDDLEWARE",
    )
    yield Rule(
        "unscraped-processes",
        _uncounted,
        "part of the requests is in processes that are not scraped: workers without a shared "
        "PROMETHEUS_MULTIPROC_DIR, fewer ports than workers, or replicas that the scrape job does not name",
    )
    yield Rule(
        "health-checks",
        lambda s: s.over("quiescence", "foreign traffic"),
        "others use the target, e.g. health checks: they raise the rate and dilute the error ratio; leave their "
        "view out of the panels, and name it in `background`",
    )
    yield Rule(
        "client-retries",
        lambda s: s.over("request-conservation", "requests"),
        "more requests arrived than the client tells of: its library retries unseen, somebody else sends requests, "
        "or each is counted twice",
    )
    yield Rule(
        "asgi-hang-up",
        lambda s: _hung(s) and "no-response" in s.findings,
        "clients hung up before the answer, and the server cancelled the requests: they are counted, their "
        "responses never; compare the clients' time limits with the slowest view",
    )
    yield Rule(
        "worker-killed",
        _hung,
        "requests were counted and never answered: their worker was killed, by gunicorn's timeout or for its memory",
    )
    yield Rule(
        "listed-twice",
        lambda s: s.over("response-conservation", "responses by status"),
        "responses are counted more than once: PrometheusAfterMiddleware is listed twice in MIDDLEWARE",
    )
    yield Rule(
        "middleware-between",
        lambda s: s.short("response-conservation", "responses by status") and bool(s.unseen_statuses),
        "a middleware between the two of django-prometheus answers by itself, so its responses have no status and "
        "no view; move it in front of both, or give it a metric of its own",
    )
    yield Rule(
        "dropped-observations",
        lambda s: s.short("response-conservation", "responses by status"),
        "a few responses are not told by status: the code that counts has a way out of it",
    )
    yield Rule(
        "after-not-last",
        lambda s: any(v.subject.startswith(s.unrouted) and _difference(v) > 0 for v in s.of("request-counts")),
        "requests of known views are told as `<unnamed view>`: a middleware after PrometheusAfterMiddleware answers "
        "by itself; make PrometheusAfterMiddleware the last line of MIDDLEWARE",
    )
    yield Rule(
        "append-slash",
        lambda s: bool(s.unseen_statuses),
        "a middleware changes responses after they were counted, as CommonMiddleware does with APPEND_SLASH: "
        "clients get another status than the metric tells; write URLs in full",
    )
    yield Rule(
        "swapped-labels",
        lambda s: s.short("request-counts") and s.over("request-counts"),
        "requests are told under the labels of others, while their sum is right: the code that names the view",
    )
    yield Rule(
        "milliseconds",
        _timed(-1),
        "latencies are told as far longer than they were: recorded in milliseconds under a name that says seconds",
    )
    yield Rule(
        "part-timed",
        _timed(+1),
        "latencies are told as shorter than they were: the timer does not span all of the work",
    )
    yield Rule(
        "wrong-bound",
        lambda s: bool(s.of("latency-buckets")) and not s.of("timer-span") and not s.of("request-counts"),
        "buckets hold other counts than their bounds say while the sums of latency are right: a bound is "
        "mislabelled, in the code or by metric_relabel_configs",
    )
    yield Rule(
        "plain-engine",
        lambda s: s.none("database"),
        "no SQL is counted: the ENGINE in DATABASES is Django's own; take that of django_prometheus.db.backends",
    )
    yield Rule(
        "plain-cache",
        lambda s: s.none("cache"),
        "no cache read is counted: the BACKEND in CACHES is Django's own; take that of "
        "django_prometheus.cache.backends",
    )
    yield Rule(
        "stale-migrations",
        lambda s: bool(s.of("migrations")),
        "the gauges of migrations tell another state than the database: they are set once, when a process starts; "
        "restart the workers after each migration",
    )
    yield Rule(
        "low-top-bucket",
        lambda s: any(v.observed is None for v in s.of("resolution")),
        "requests take longer than the highest finite bucket bound, so high percentiles are pinned to it; add "
        "bounds to PROMETHEUS_LATENCY_BUCKETS",
    )
    yield Rule(
        "coarse-buckets",
        lambda s: bool(s.of("resolution")),
        "buckets are too wide where the requests are: percentiles may be off by a bucket; set "
        "PROMETHEUS_LATENCY_BUCKETS",
    )
    yield Rule(
        "unknown-label",
        lambda s: (
            s.says("dashboards", "", dashboards.UNKNOWN_LABEL) or s.says("dashboards", "", dashboards.UNKNOWN_METRIC)
        ),
        "a panel asks for a metric or a label that the target does not have, and its emptiness reads as 0: take the "
        "names from the target's own /metrics",
    )


RULES: tuple[Rule, ...] = tuple(_rules())
