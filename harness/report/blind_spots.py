"""What the checks cannot show, as data: longer than other modules because it has one entry for each blind spot.

docs/conservation.md is made from this table (`make docs`), and so is the section "Not proved" of each report, with
those entries that apply to its run. Entries match on checks, codes, strengths, findings and facts, never on sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from harness.checks import CHECKS
from harness.checks.dropped import NEEDING
from harness.core.codes import Code, FindingCode
from harness.core.report import Limitation
from harness.core.unsaid import Unsaid
from harness.core.verdict import Strength


class Always(Enum):
    """It applies to every run that its checks judge."""

    EVERY_RUN = "every run"


class Bound(Enum):
    """Why a verdict that passed is one-sided; each has the first reason that applies, in this order."""

    FEW = "too few requests"
    """An error of the limit would have been seen with more requests."""
    WIDE = "too wide buckets or gaps"
    """No number of requests would show an error of the limit."""
    FOREIGN = "foreign traffic"
    NO_WITNESS = "no witness"
    OTHER = "another reason"


class Fact(Enum):
    """Something about the run, with a number."""

    UNWITNESSED = "responses without a witness"
    LOST = "requests without a response"
    REPLAYED = "responses that a cache before the app gave again"
    OTHER_HOSTS = "requests to other hosts"
    BACKGROUND = "declared background"
    IDLE_VIEWS = "views with a series and no request"
    SCALED_RULES = "scaled durations of rules"
    SILENT = "checks without a verdict"
    UNPROBED = "no probe phase"
    NOT_ASKED = "checks that the run does not name"


class Undecided(Enum):
    """Why a verdict is inconclusive, by its code; see `UNDECIDED`."""

    NO_DATA = "no value from Prometheus"
    NO_LOAD = "no usable load"
    NO_ACCOUNT = "no account to compare with"
    OTHER = "another reason"


@dataclass(frozen=True, slots=True)
class Noticed:
    """Findings of this kind by its checks."""

    code: FindingCode


@dataclass(frozen=True, slots=True)
class Passed:
    """Verdicts that passed with this strength."""

    strength: Strength


Condition = Always | Bound | Fact | Noticed | Undecided | Unsaid | Passed


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """One thing that cannot be seen, why, of which checks, and when."""

    id: str
    limitation: Limitation
    what: str
    why: str
    checks: tuple[str, ...] = ()
    """Those that it limits, in the order of `CHECKS`; empty for all."""
    when: Condition = Always.EVERY_RUN
    unit: str = field(default="", kw_only=True)
    """What is counted."""


LATENCIES = ("latency-buckets", "percentiles", "timer-span")
COUNTERS = (
    "request-conservation",
    "response-conservation",
    "side-counters",
    "latency-conservation",
    "request-counts",
    "error-ratio",
)
WITNESSED = ("attributes", "identity", "exceptions", "timer-span", "database", "cache", "model-ops")
"""What is compared with the witness alone."""
MAY_LACK = (
    *("side-counters", "attributes", "latency-conservation", "request-counts", "running-counts", "exceptions"),
    *("database", "cache", "model-ops", "migrations"),
)
"""Checks that need metrics which a team may drop."""
DROPPED = tuple(check.id for check in CHECKS if check.id in NEEDING)
UNDECIDED: Mapping[Undecided, frozenset[Code]] = MappingProxyType(
    {
        Undecided.NO_DATA: frozenset(
            {
                Code.NO_ANSWER,
                Code.NO_SERIES,
                Code.NO_SCRAPE,
                Code.NO_VALUE,
                Code.NOT_A_NUMBER,
                Code.REFUSED,
                Code.UNREADABLE,
                Code.UNKNOWN_VERSION,
                Code.NOTHING_COUNTED,
            }
        ),
        Undecided.NO_LOAD: frozenset(
            {
                Code.SAMPLES_UNUSABLE,
                Code.SAMPLES_LOST,
                Code.NO_SAMPLES,
                Code.GENERATOR_CRASHED,
                Code.GENERATOR_STALLED,
                Code.LOAD_CUT,
                Code.NOT_DELIVERED,
                Code.SATURATED,
            }
        ),
        Undecided.NO_ACCOUNT: frozenset({Code.NO_WITNESS, Code.NO_REFERENCE, Code.NO_BUCKETS}),
    }
)
"""All other codes are those of `Undecided.OTHER`."""

BLIND_SPOTS: tuple[BlindSpot, ...] = (
    # Verdicts that bound one side only.
    BlindSpot(
        "too-few-requests",
        Limitation.BOUND,
        "An error of the limit in the latencies of a rare view",
        "the tolerance depends on how many requests there were; each verdict says how many would do",
        (*LATENCIES, "probes"),
        Bound.FEW,
        unit="verdicts",
    ),
    BlindSpot(
        "too-wide-tolerance",
        Limitation.BOUND,
        "An error of the limit in latencies, however many requests there are",
        "all of them lie in the first bucket, or the longest gap of the run explains more than the limit",
        (*LATENCIES, "probes"),
        Bound.WIDE,
        unit="verdicts",
    ),
    BlindSpot(
        "foreign-traffic",
        Limitation.BOUND,
        "What is counted too much, and a lost request that one of another client masks",
        "others use the target, so the client's number is only a lower bound",
        (),
        Bound.FOREIGN,
        unit="verdicts",
    ),
    BlindSpot(
        "client-only",
        Limitation.BOUND,
        "Latencies that are reported too low",
        "without a witness the client's own latency is the only bound, and it is never below the app's",
        (*LATENCIES, "running-latency", "probes", "blind-spot"),
        Bound.NO_WITNESS,
        unit="verdicts",
    ),
    BlindSpot(
        "one-bound",
        Limitation.BOUND,
        "An error on the other side of the bound",
        "requests without a response or a witness, background, a delay that is known from below only, or statements "
        "faster than a layer of Python leave one bound; each verdict names it",
        (),
        Bound.OTHER,
        unit="verdicts",
    ),
    BlindSpot(
        "calibrated",
        Limitation.BOUND,
        "Latencies that are reported too low by what queue and transfer differ between views",
        "without a witness the upper bound is the client's latency of a no-op view, which assumes that both cost the "
        "same on every view",
        ("latency-buckets", "percentiles"),
        Passed(Strength.CALIBRATED),
        unit="verdicts",
    ),
    # Panels and alerts.
    BlindSpot(
        "empty-panels",
        Limitation.PANEL,
        "Whether a panel without data would show the right value",
        "this run produced nothing of its kind; extend the scenario",
        ("dashboards",),
        Noticed(FindingCode.EMPTY_PANEL),
        unit="panels",
    ),
    BlindSpot(
        "first-values-only",
        Limitation.PANEL,
        "Whether a panel is right about what happened only in the first values of series",
        "rate() omits them, so the panel shows nothing; export the series at 0 from the start",
        ("dashboards",),
        Noticed(FindingCode.FIRST_COUNT_HIDDEN),
        unit="panels",
    ),
    BlindSpot(
        "unproved-panels",
        Limitation.PANEL,
        "Whether a panel about other metrics, or with functions that cannot be evaluated, shows the right value",
        "there is nothing to compare it with; its finding names the reason",
        ("dashboards",),
        Noticed(FindingCode.UNPROVED_PANEL),
        unit="panels",
    ),
    BlindSpot(
        "unproved-alerts",
        Limitation.PANEL,
        "Whether an alert fires when it must",
        "its expression cannot be evaluated a second time, so it is not known when that is",
        ("alerts",),
        Noticed(FindingCode.UNPROVED_ALERT),
        unit="alerts",
    ),
    BlindSpot(
        "scaled-rules",
        Limitation.PANEL,
        "What the rules give with the durations of their files",
        "the durations were scaled to fit into the run",
        ("alerts",),
        Fact.SCALED_RULES,
        unit="rules",
    ),
    # What had nothing to judge, or not enough.
    BlindSpot(
        "nothing-to-judge",
        Limitation.UNJUDGED,
        "Everything that these checks are about",
        "neither the app nor its metrics reported anything of it",
        (),
        Fact.SILENT,
        unit="checks",
    ),
    BlindSpot(
        "probes-off",
        Limitation.UNJUDGED,
        "Label, count and timer of rare views, exactly",
        "there was no probe phase: the profile switches it off, others use the target, or no view could be probed",
        ("probes",),
        Fact.UNPROBED,
        unit="checks",
    ),
    BlindSpot(
        "not-asked",
        Limitation.UNJUDGED,
        "Everything that these checks are about",
        "the run was made before there were these checks, and is judged as it was then; run again",
        (),
        Fact.NOT_ASKED,
        unit="checks",
    ),
    BlindSpot(
        "dropped-histograms",
        Limitation.UNJUDGED,
        "Latencies in a histogram that Prometheus drops as a whole, and whether that was meant",
        "nothing of it is stored (metric_relabel_configs)",
        DROPPED,
        Noticed(FindingCode.UNPROVED),
        unit="checks",
    ),
    BlindSpot(
        "dropped-metrics",
        Limitation.UNJUDGED,
        "What a metric shows that the scrape job drops by its name",
        "it is not stored (metric_relabel_configs)",
        MAY_LACK,
        Noticed(FindingCode.DROPPED_METRIC),
        unit="checks",
    ),
    BlindSpot(
        "metric-alone",
        Limitation.UNJUDGED,
        "Whether what the metric counts of exceptions, SQL, caches or models happened",
        "no witness reports it",
        ("exceptions", "database", "cache", "model-ops"),
        Noticed(FindingCode.UNPROVED),
        unit="checks",
    ),
    BlindSpot(
        "no-data",
        Limitation.UNJUDGED,
        "What inconclusive verdicts are about",
        "Prometheus did not answer, or has no value there",
        (),
        Undecided.NO_DATA,
        unit="verdicts",
    ),
    BlindSpot(
        "no-load",
        Limitation.UNJUDGED,
        "What inconclusive verdicts are about",
        "the load was not the planned one, its samples are unusable, or its latencies cannot be trusted",
        (),
        Undecided.NO_LOAD,
        unit="verdicts",
    ),
    BlindSpot(
        "no-account",
        Limitation.UNJUDGED,
        "What inconclusive verdicts are about",
        "neither a witness nor a histogram says it",
        (),
        Undecided.NO_ACCOUNT,
        unit="verdicts",
    ),
    BlindSpot(
        "undecided",
        Limitation.UNJUDGED,
        "What inconclusive verdicts are about",
        "the numbers allow both outcomes, or cannot be compared",
        (),
        Undecided.OTHER,
        unit="verdicts",
    ),
    # What an account lacks.
    BlindSpot(
        "unwitnessed-responses",
        Limitation.ACCOUNT,
        "What the app did for these responses: their view's exact time, exceptions, SQL, caches, models, attributes",
        "they carry no witness, or something on the way removed it",
        WITNESSED,
        Fact.UNWITNESSED,
        unit="responses",
    ),
    BlindSpot(
        "lost-requests",
        Limitation.ACCOUNT,
        "Up to as many requests that are counted too much",
        "the client cannot know whether a request that it gave up on reached the app",
        (*COUNTERS, "running-counts", "running-latency", "database"),
        Fact.LOST,
        unit="requests",
    ),
    BlindSpot(
        "cached-answers",
        Limitation.ACCOUNT,
        "Anything about answers that came again",
        "a cache before the app gave them, so they are left out of every expectation",
        (),
        Fact.REPLAYED,
        unit="responses",
    ),
    BlindSpot(
        "background",
        Limitation.ACCOUNT,
        "How long requests of the declared background took, and what they did",
        "only the load's own requests carry a witness; their number is taken from Prometheus itself",
        (*COUNTERS, *LATENCIES, "database", "cache", "model-ops"),
        Fact.BACKGROUND,
        unit="views",
    ),
    BlindSpot(
        "other-hosts",
        Limitation.ACCOUNT,
        "Requests of the scenario to other hosts than the target",
        "they are not recorded",
        ("generator-health",),
        Fact.OTHER_HOSTS,
        unit="requests",
    ),
    BlindSpot(
        "unsaid-headers",
        Limitation.ACCOUNT,
        "What the witness would say: latencies that are reported too low, SQL, caches, models, exceptions, processes",
        "the load generator records no headers of responses; vegeta does, and a CSV may (docs/generators.md)",
        (*LATENCIES, "probes", *(check for check in WITNESSED if check != "timer-span")),
        Unsaid.HEADERS,
        unit="requests",
    ),
    BlindSpot(
        "unsaid-redirects",
        Limitation.ACCOUNT,
        "As many requests that are counted too much as there were redirects that the load generator followed",
        "its results have the last answer only; let it not follow redirects (vegeta: -redirects=-1)",
        (*COUNTERS, "running-counts", *LATENCIES),
        Unsaid.REDIRECTS,
        unit="requests",
    ),
    BlindSpot(
        "unsaid-in-flight",
        Limitation.ACCOUNT,
        "As many requests that are counted too much as may have been in flight when the load ended",
        "the load generator writes nothing of them; let its users finish (k6: gracefulStop)",
        (*COUNTERS, "running-counts", "running-latency"),
        Unsaid.IN_FLIGHT,
        unit="requests",
    ),
    BlindSpot(
        "unsaid-rows",
        Limitation.ACCOUNT,
        "Requests of which the load command wrote no row",
        "the command alone decides what it writes; the target counts them, so a failed count may be one of these",
        (*COUNTERS, "running-counts", "running-latency"),
        Unsaid.ABSENT,
        unit="requests",
    ),
    BlindSpot(
        "unsaid-starts",
        Limitation.ACCOUNT,
        "A delay of the counters that is shorter than the load generator's times are exact",
        "it writes rounded times, so what it had sent and answered at a scrape is known to that only",
        ("running-counts", "running-latency"),
        Unsaid.START,
        unit="requests",
    ),
    BlindSpot(
        "unsaid-fractions",
        Limitation.ACCOUNT,
        "Latencies that are reported too high by less than the last digit that the load generator writes",
        "that much is added to each of its latencies, so that none is taken for shorter than it was",
        (*LATENCIES, "running-latency", "probes", "blind-spot"),
        Unsaid.LATENCY,
        unit="requests",
    ),
    BlindSpot(
        "unsaid-connect",
        Limitation.ACCOUNT,
        "How long users waited for a connection",
        "the load generator's latencies begin when there is one",
        ("blind-spot", "thresholds"),
        Unsaid.CONNECT,
        unit="requests",
    ),
    BlindSpot(
        "unsaid-plan",
        Limitation.ACCOUNT,
        "Requests that were due and were never sent",
        "the load generator's results do not say how much was planned",
        ("generator-health", "thresholds"),
        Unsaid.PLAN,
        unit="requests",
    ),
    BlindSpot(
        "idle-views",
        Limitation.ACCOUNT,
        "Views that have a series and got no request",
        "nothing was counted, so nothing could be wrong; load them",
        ("request-counts", "running-counts", *LATENCIES),
        Fact.IDLE_VIEWS,
        unit="views",
    ),
    BlindSpot(
        "unmapped-views",
        Limitation.ACCOUNT,
        "Counts and latencies of single views whose label is not known",
        "neither a witness nor the profile names it, so they are judged together only",
        ("request-counts", "latency-buckets"),
        Noticed(FindingCode.UNMAPPED_VIEW),
        unit="views",
    ),
    BlindSpot(
        "own-timestamps",
        Limitation.ACCOUNT,
        "Gaps in series that bear timestamps of their own",
        "which scrape brought a sample is not known",
        ("series-presence",),
        Noticed(FindingCode.OWN_TIMESTAMPS),
        unit="instances",
    ),
    BlindSpot(
        "coarse-buckets",
        Limitation.ACCOUNT,
        "What a percentile is, closer than its bucket",
        "the bucket is wide, and the profile sets no budget for that",
        ("resolution",),
        Noticed(FindingCode.COARSE_BUCKETS),
        unit="percentiles",
    ),
    BlindSpot(
        "coarser-histogram",
        Limitation.ACCOUNT,
        "How many values lie below bounds that a histogram lacks and others have",
        "only the bounds that all have can be compared",
        ("latency-conservation", "database"),
        Noticed(FindingCode.COARSER_HISTOGRAM),
        unit="histograms",
    ),
    BlindSpot(
        "get-many",
        Limitation.ACCOUNT,
        "Reads by get_many",
        "these cache backends do not count it",
        ("cache",),
        Noticed(FindingCode.GET_MANY_UNCOUNTED),
        unit="backends",
    ),
    BlindSpot(
        "bulk-operations",
        Limitation.ACCOUNT,
        "What querysets do to these models in bulk",
        "the library does not count it",
        ("model-ops",),
        Noticed(FindingCode.BULK_UNCOUNTED),
        unit="models",
    ),
    # What no run shows.
    BlindSpot(
        "not-loaded",
        Limitation.LAW,
        "Views, statuses and engines that the scenario never uses",
        "every law is about the requests of the run; where nothing was counted, nothing could be wrong",
    ),
    BlindSpot(
        "common-error",
        Limitation.LAW,
        "An error that client, witness and metric share",
        "what is wrong upstream of all three is in all of them; a witness that is wrong in the same way as the metric "
        "is limited only by the order metric <= witness <= client",
    ),
    BlindSpot(
        "own-metrics",
        Limitation.LAW,
        "The app's own metrics",
        "they are known only through the panels and rules that use them",
    ),
    BlindSpot(
        "view-names",
        Limitation.LAW,
        "A URL pattern with the wrong name",
        "witness and metric both take the name of a view from Django's resolver",
        ("latency-conservation", "request-counts", "running-counts", "exceptions", *LATENCIES, "probes"),
    ),
    BlindSpot(
        "bodies",
        Limitation.LAW,
        "A wrong body under the right status: an error page with 200, a body that was cut off",
        "only statuses and sizes are compared, unless the scenario asserts the body",
        ("attributes", "request-counts", "error-ratio"),
    ),
    BlindSpot(
        "errors-that-cancel",
        Limitation.LAW,
        "Two errors within one view, method and status, or within one alias, that cancel",
        "a law compares sums: it sees their difference, not which request it was",
        (*COUNTERS, "exceptions", "database", "cache", "model-ops"),
    ),
    BlindSpot(
        "between-scrapes",
        Limitation.LAW,
        "A value that was wrong between two scrapes and right again at the next",
        "Prometheus reads the counters once per interval, so no sample has it",
        ("scrape-health", "series-presence", "running-counts", "running-latency"),
    ),
    BlindSpot(
        "ends-only",
        Limitation.LAW,
        "An error that came after t0 and was gone at t1",
        "these are compared at the ends of the window; between them only the counters and latencies by view and "
        "those of all requests are",
        (
            "side-counters",
            "attributes",
            "latency-conservation",
            "identity",
            "rate",
            "error-ratio",
            "exceptions",
            *LATENCIES,
            "database",
            "cache",
            "model-ops",
            "migrations",
        ),
    ),
    BlindSpot(
        "moved-clock",
        Limitation.LAW,
        "A clock that was moved inside the window and moved back",
        "clocks are compared at t0 and after t1",
        ("scrape-health", "running-counts", "running-latency"),
    ),
    BlindSpot(
        "who-answered",
        Limitation.LAW,
        "Which requests never reached Django, and who answered them",
        "a proxy's or a server's own answers are a deficit, and metrics have only its size",
        ("request-conservation", "response-conservation", "error-ratio"),
    ),
    BlindSpot(
        "same-in-both",
        Limitation.LAW,
        "What is wrong in both of two counters",
        "one is compared with the other; request-counts and exceptions compare them with client and witness",
        ("response-conservation", "side-counters", "latency-conservation"),
    ),
    BlindSpot(
        "attributes-of-scrapes",
        Limitation.LAW,
        "As many responses under a wrong charset or transport as there were scrapes, and an error of a sum of sizes "
        "that the scrapes' pages may explain",
        "the scrapes are in the same counters, with sizes that are known only to their buckets",
        ("side-counters", "attributes"),
    ),
    BlindSpot(
        "unnamed-processes",
        Limitation.LAW,
        "Instances and labels that a process does not name itself, and which worker behind one address answered",
        "nobody else knows them; workers behind one address share one instance",
        ("running-counts", "identity"),
    ),
    BlindSpot(
        "common-clock",
        Limitation.LAW,
        "A slow clock of the app's machine",
        "timer, witness and the known delay of a view read the same clock; the client measures at its own end",
        (*LATENCIES, "running-latency", "probes", "blind-spot"),
    ),
    BlindSpot(
        "layer-of-python",
        Limitation.LAW,
        "Time that a timer misses within what a layer of Python takes: 50 to 150 us, more when a thread is switched",
        "between the timer and the witness lies such a layer; docs/benchmarks.md has measured ones",
        (*LATENCIES, "probes", "database"),
    ),
    BlindSpot(
        "assumed-gaps",
        Limitation.LAW,
        "Whether the gaps of a view are drawn from the same distribution as the reference's",
        "the two enclose different middlewares, and thread switches come in bursts: the upper bounds assume it",
        LATENCIES,
    ),
    BlindSpot(
        "shifted-time",
        Limitation.LAW,
        "Time that is lost on one request and gained on another",
        "the sum stays the same; the buckets show it only if a bound lies between",
        (*LATENCIES, "probes"),
    ),
    BlindSpot(
        "inside-a-bucket",
        Limitation.LAW,
        "Where requests lie within their bucket, and percentiles other than p50, p95 and p99",
        "a histogram holds counts at its bounds only, and these three are compared",
        ("latency-buckets", "percentiles", "resolution"),
    ),
    BlindSpot(
        "right-question",
        Limitation.LAW,
        "Whether a panel or an alert asks the right question: its title, its limit, how long it waits",
        "it is compared with what its own expression must give",
        ("dashboards", "alerts"),
    ),
    BlindSpot(
        "unanswered-latency",
        Limitation.LAW,
        "How long requests without a response waited",
        "they have no latency; set a limit of the error ratio beside each limit of a latency",
        ("blind-spot", "thresholds"),
    ),
    # What one check alone cannot see in any run, each with its check.
    *(
        BlindSpot(unseen.id, Limitation.LAW, unseen.what, unseen.why, (check.id,))
        for check in CHECKS
        for unseen in check.unseen
    ),
)
