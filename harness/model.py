"""The values that pass between the stages: run, window, query, reading, verdict, report.

All are frozen. Times are Unix seconds on Prometheus's clock unless the name says otherwise, durations are seconds,
ratios are 0-1. `None` means "not known" and is never a number in disguise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SCHEMA_VERSION = 1
"""Version of run.json, evidence.json, report.json and the shards; raised when a reader of the old one would err."""


class Status(StrEnum):
    """The outcome of one verdict, and of a whole report."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Strength(StrEnum):
    """How much a verdict proves; see docs/verification.md."""

    EXACT = "exact"
    """Both sides are counts or settings that must be equal."""
    WITNESS = "two-sided (witness)"
    """Bounded from below and above by the app's own account of each request."""
    CALIBRATED = "two-sided (calibrated)"
    """Bounded from below by the client, from above by an offset measured on a no-op view."""
    ONE_SIDED = "one-sided"
    """Bounded from one side only: no witness, or foreign traffic on the target."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far the observed value may lie from the expected one, and why that far."""

    below: float
    above: float
    basis: str
    """The derivation in a few words; shown beside the numbers."""


MOST_TOLD = 100.0
"""A change above this share is told as that: an interval of two or three pairs ends beyond anything."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How a gate's candidate differs from its base: as a share of it (0.1 is 10 % more), of a ratio the difference."""

    change: float
    low: float
    """The change is at least this, with 95 %."""
    high: float
    """The change is at most this, with 95 %; with `low` the 90 % interval."""
    detectable: float
    """The smallest change for the worse that this much data tells from none in four cases of five."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement. With a tolerance, PASS means `expected - below <= observed <= expected + above`."""

    check: str
    """The check's id, e.g. `request-counts`."""
    subject: str
    """What was judged, e.g. `work:fast GET 200`; empty when the check has only one subject."""
    status: Status
    why: str
    """One sentence: what was found, the limit, and where a failure is to be mended."""
    expected: float | None = None
    observed: float | None = None
    tolerance: Tolerance | None = None
    unit: str = ""
    strength: Strength = Strength.EXACT
    effect: Effect | None = None
    """Only of a gate."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something true that a reader of the dashboards should know, which is not a failed check."""

    id: str
    """Names the kind, e.g. `double-observation`."""
    subject: str
    text: str
    check: str
    """The check that noticed it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What is probably wrong with the monitoring, put together from the verdicts that failed."""

    id: str
    """That of the fault that leaves these signs, where the catalogue has it."""
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """One question to Prometheus.

    With `start_s` and `step_s` it is a range query that ends at `time_s`; without, an instant query at `time_s`.
    """

    text: str
    time_s: float
    start_s: float | None = None
    step_s: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One time series of an answer: labels and `(time_s, value)` points in time order."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        """The value of the newest point; an instant answer has only this one."""
        return self.points[-1][1]


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer with at least one series."""

    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class NoData:
    """No answer, with the reason. It is never read as zero."""

    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch between two quiet scrapes that encloses the measured load."""

    start_s: float
    """t0: the time of the last quiet scrape before the load."""
    end_s: float
    """t1: the time of the first quiet scrape after the last response."""
    scrape_interval_s: float
    clock_skew_s: float = 0.0
    """This machine's clock minus Prometheus's, at t0."""
    idle_requests_start: int | None = 0
    """Requests by others than the harness seen while waiting for t0; None when it could not be read."""
    idle_requests_end: int | None = 0
    """The same after the load."""

    @property
    def length_s(self) -> float:
        """Seconds from t0 to t1."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of samples, as the recorder closed it."""

    file: str
    phase: str
    """`warmup` or `measure`."""
    rows: int | None
    """The count the recorder wrote when it closed the file; None if it never did."""


@dataclass(frozen=True, slots=True)
class ShardState:
    """How a shard stands now, beside what the recorder closed it with."""

    shard: Shard
    rows: int
    """Rows that can be read."""
    problem: str
    """Why the shard is not whole; empty when it is."""
    contradiction: str = ""
    """What no recorder can have written; empty when there is none."""


@dataclass(frozen=True, slots=True)
class GeneratorHealth:
    """How the load generator itself fared in the measured phase."""

    planned_users: int
    peak_users: int
    planned_duration_s: float
    duration_s: float
    """From the first to the last pulse."""
    cpu_ratio: float | None
    """Median share of one core used by the busiest Locust process; None when no pulse was seen."""
    loop_lag_s: float | None
    """95th percentile of how late the event loop woke, sampled ten times a second in each Locust process."""
    exit_code: int
    clock_skew_s: float = 0.0
    """Locust's clock minus this machine's; 0 when the two are one."""
    user_errors: int = 0
    """Tasks of the locustfile that raised."""
    elsewhere: int = 0
    """Requests to other hosts than the target; they are not recorded."""
    planned_arrivals: int | None = None
    """Of an open model; None in a closed one."""
    begun_arrivals: int | None = None
    """Of these, those for which a user was free before the load ended."""
    unrecorded: int = 0
    """Requests that were answered and of whose end Locust never told, e.g. a task raised inside `catch_response`."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold of a profile, parsed.

    `metric` is `p50`, `p95`, `p99`, `error_ratio`, `rate`, or a PromQL expression when `promql` is true.
    """

    text: str
    metric: str
    comparison: str
    """One of `<`, `<=`, `>`, `>=`, `==`."""
    value: float
    """Seconds, ratio or requests/s."""
    view: str = ""
    """Empty: over all views."""
    promql: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits a profile sets to the checks that have no exact truth."""

    resolution_ratio: float | None = None
    """Widest allowed bucket at p50/p95/p99, as a share of its upper bound; None: only advised."""
    resolution_floor_s: float = 0.001
    """A bucket narrower than this is always fine enough."""
    blind_spot_s: Mapping[str, float] = field(default_factory=dict)
    """Largest allowed difference between felt and measured latency by quantile name (`p95`); empty: only reported."""
    max_generator_cpu_ratio: float = 0.9
    max_loop_lag_s: float = 0.05
    max_clock_skew_s: float = 5.0
    """Only for a Prometheus on another machine's clock; the window never depends on it."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One query of a dashboard, its variables filled in."""

    dashboard: str
    title: str
    ref: str
    """The query's letter."""
    expression: str
    problem: str = ""
    """Why its variables could not be filled in; empty when they could."""
    other: str = ""
    """The type of its data source when that is not Prometheus."""
    presumed: bool = False
    """Its data source has a name that does not tell whether it is Prometheus."""
    source: str = ""
    """The file that it was read from."""
    whole_range: bool = False
    """It asks for the time range of the dashboard, which is the run's window."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a rule file, a record or an alert; its durations are those of the run."""

    file: str
    """The file's name, without its directory."""
    group: str
    name: str
    """What it records, or the alert's name."""
    alert: bool
    expression: str
    for_s: float = 0.0
    """How long the expression must give a value before the alert fires."""
    keep_firing_for_s: float = 0.0
    """How long it fires on after that."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Added to those of the result."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    interval_s: float = 0.0
    """Between two evaluations of its group."""
    limit: int = 0
    """Most series or alerts that it may make; 0: any number."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """What Prometheus says of a rule that it has loaded."""

    file: str
    group: str
    name: str
    health: str
    """`ok`, `err`, or `unknown` before its first evaluation."""
    error: str
    """Why its last evaluation failed."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything about one run that is neither a sample nor Prometheus's word; stored as run.json."""

    schema_version: int
    id: str
    profile: str
    scenario: str
    started_s: float
    target: str
    """Base URL of the target."""
    prometheus: str
    """Base URL of Prometheus."""
    prometheus_version: str
    """As Prometheus tells it, e.g. `2.42.0`; empty when it does not."""
    selector: str
    """PromQL label matchers that pick the target's series, e.g. `job="django"`."""
    instances: tuple[str, ...]
    """`instance` labels of the target seen at t0."""
    window: Window
    shards: tuple[Shard, ...]
    generator: GeneratorHealth
    versions: Mapping[str, str]
    """Interpreter, packages, and the servers started for the target."""
    machine: Mapping[str, str]
    thresholds: tuple[Limit, ...] = ()
    budget: Budget = Budget()
    views: Mapping[str, str] = field(default_factory=dict)
    """Sample name -> view label, for targets without a witness."""
    calibration: str = ""
    """Sample name of a no-op view; its client latency calibrates the upper bounds of a target without a witness."""
    foreign_traffic: bool = False
    """The user declared that others use the target too."""
    background: tuple[str, ...] = ()
    """View labels whose requests are made by others and declared so, e.g. a health check."""
    embedded: bool = True
    """The harness started the target itself, so nobody else has a reason to talk to it."""
    metrics_view: str = "prometheus-django-metrics"
    """The view label that the scrapes themselves get."""
    fault: str = ""
    variants: tuple[str, ...] = ()
    """What was merged into the start of its profile, e.g. `postgresql`."""
    ended: tuple[str, ...] = ()
    """Processes of the stack that had ended by themselves when the load was over, e.g. `the target (exit -9)`."""
    panels: tuple[Panel, ...] = ()
    """The queries of the profile's dashboards and rules."""
    rules: tuple[Rule, ...] = ()
    """The profile's rules, their durations scaled."""
    rule_scale: float = 1.0
    """By what their durations were multiplied."""
    arrival_rate: float | None = None
    """Arrivals per second in an open model; None in a closed one."""
    arrival_seed: int | None = None
    """From which the plan of arrivals can be made again."""
    checks: tuple[str, ...] = ()
    """Ids of the checks that judge it; empty for all of them."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the load and the target's start were made of, for comparing runs; texts of which only a digest is kept."""
    gated_views: tuple[str, ...] = ()
    """View labels whose latency a gate compares."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Rate, errors and percentiles of one view, from one account; None where the account cannot tell."""

    requests: int | None = None
    rate: float | None = None
    """Requests per second over the window."""
    error_ratio: float | None = None
    """Share of responses with status 5xx."""
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    statements: float | None = None
    """SQL statements per request."""
    sql_p50_s: float | None = None
    """Time in SQL per request, of the requests that ran any."""
    sql_p95_s: float | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """Cumulative shares of a latency distribution, ready to plot: `shares[i]` of the values are <= `latency_s[i]`."""

    latency_s: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ViewReport:
    """One view and method: what the client felt, the app witnessed, and Prometheus says."""

    view: str
    """Empty for the row over all views."""
    method: str
    client: Figures
    witness: Figures
    """The app's own account; only percentiles and SQL."""
    metric: Figures
    panel: Figures
    """What a dashboard shows: `rate()` and `histogram_quantile(rate())` over the window."""
    client_distribution: Distribution | None = None
    witness_distribution: Distribution | None = None
    metric_distribution: Distribution | None = None
    """At the histogram's bounds."""
    intended: Figures = Figures()
    """Percentiles of the client's latency from the intended start; of an open model only."""


@dataclass(frozen=True, slots=True)
class RatePoint:
    """Requests per second around one moment; None where the account has no value there."""

    elapsed_s: float
    """Seconds since t0."""
    client: float | None
    metric: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts and figures of one run; stored as report.json, and all that a renderer sees."""

    schema_version: int
    run_id: str
    status: Status
    exit_code: int
    profile: str
    scenario: str
    fault: str
    started_s: float
    window_s: float
    target: str
    prometheus: str
    prometheus_version: str
    versions: Mapping[str, str]
    machine: Mapping[str, str]
    samples: int
    """Requests of the measured phase, redirect hops included."""
    users: int
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    views: tuple[ViewReport, ...]
    """First the row over all views, then one per view and method, most requests first."""
    rate: tuple[RatePoint, ...]
    scrape_interval_s: float
    variants: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    """What is probably wrong, most likely first; empty when nothing failed."""
    rules: int = 0
    """How many rules Prometheus was given."""
    rule_scale: float = 1.0
    """By what the durations of the rules were multiplied for this run."""
    gate: str = ""
    """How a candidate was compared with its base: `pairs` or `stored`; empty for the report of a run."""
    arrival_rate: float | None = None
    """Arrivals per second that were planned in an open model; None in a closed one."""
