"""One run: its window, its shards, how its generator performed, and what it was made of."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.limits import Budget, Limit
from harness.core.panel import Panel
from harness.core.rule import Rule
from harness.core.unsaid import Unsaid

SCHEMA_VERSION = 1
"""Version of the shards; raised when a reader of the old one would err."""
EVIDENCE_VERSION = 2
"""Version of evidence.json. From 2 on raw samples are in evidence.arrow."""
RUN_VERSION = 2
"""Version of run.json. From 2 on a manifest vouches for the run directory."""

SHELL = 128
"""A shell's exit code for a command that a signal killed is the signal's number above this."""
HIGHEST_SIGNAL = 64
LOCUST = "Locust"
MOST_SHARED_S = 0.05
"""A longer stall of the load generator is one of its own."""


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
    clock_skew_end_s: float | None = None
    """As `clock_skew_s`, after t1; None when it was not measured."""
    idle_views: tuple[str, ...] = ()
    """View labels of the requests by others, as far as they are known."""
    known_flying: tuple[int, int] = (0, 0)
    """Requests in flight at t0 and at t1 that are scrapes by others or declared background: a second Prometheus may
    scrape at the same moments."""
    known_torn: tuple[int, int] = (0, 0)
    """Requests of these that came while the target wrote out its counters at t0 and at t1: only some have them."""
    waited_ratio: float | None = None
    """Share of the window in which a process of this machine waited for a processor; None where it was not counted, or
    the target is on another machine."""

    @property
    def known_spare(self) -> tuple[int, int]:
        """How many fewer, and how many more, a counter may hold for both of these reasons."""
        (begun, ending), torn = self.known_flying, sum(self.known_torn)
        return begun + torn, ending + torn

    @property
    def length_s(self) -> float:
        """Seconds from t0 to t1."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of samples, as the recorder closed it."""

    file: str
    phase: str
    """`warmup`, `measure` or `probe`."""
    rows: int | None
    """The count the recorder wrote when it closed the file; None if it never did."""
    seen: int | None = None
    """How many samples the recorder of a file that it never closed had taken; None where nobody knows."""
    worker: str = ""
    """Name of the worker on another host that recorded it; empty where it was recorded here."""
    load: str = ""
    """The run and the number of the phase, as that worker knows them."""
    sha256: str = ""
    """Of the file, as that worker announced it; empty when it did not."""
    clock_error_s: float = 0.0
    """By how much the times of that worker may be wrong after they were moved onto this machine's clock."""
    missing: str = ""
    """What was not handed in when the run was judged; empty for a file that is here."""
    problem: str = ""
    """Why that worker's load did not end as it should; empty when it did."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The probe phase: single requests after t1, and the scrape that has counted them."""

    end_s: float
    """The time of that scrape."""


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
    """How the load generator itself performed in the measured phase."""

    planned_users: int
    peak_users: int
    planned_duration_s: float
    duration_s: float
    """From the first to the last pulse."""
    cpu_ratio: float | None
    """Median share of one core used by the busiest Locust process; of a command, of what it could use: one core by its
    busiest thread, or all by all of it. None when it was not seen."""
    loop_lag_s: float | None
    """95th percentile of how late the event loop woke, sampled ten times a second in each Locust process; of a command,
    how late the harness did beside it."""
    exit_code: int
    clock_skew_s: float = 0.0
    """Locust's clock minus this machine's; 0 when the two are one."""
    user_errors: int = 0
    """Tasks of the locustfile that raised."""
    first_user_error: str = ""
    """What the first of them raised: type and message."""
    shaped: bool = False
    """A LoadTestShape of the locustfile decided how many users there were, and for how long at the most."""
    elsewhere: int = 0
    """Requests to other hosts than the target; they are not recorded."""
    planned_arrivals: int | None = None
    """Of an open model; None in a closed one."""
    begun_arrivals: int | None = None
    """Of these, those for which a user was free before the load ended."""
    unrecorded: int = 0
    """Requests that were answered but whose end Locust never reported, e.g. a task raised inside `catch_response`."""
    loaded_s: float | None = None
    """From the start of the users to the moment at which they were asked to stop, in the process in which that was the
    shortest; None in a run of before it was recorded."""
    stalled_s: float | None = None
    """The longest time for which an event loop stood still; None as above, or when no pulse was seen."""
    stopped_by: int = 0
    """Number of the signal at which Locust ended the load; 0 for none. One that killed it is in `exit_code`."""
    oom_kills: int = 0
    """Processes that the system killed for want of memory during the load, where Locust was one that was killed."""
    processes: int = 1
    """Locust processes that ran users."""
    tool: str = LOCUST
    """What made the load: Locust, or the name of a command's program."""
    log: str = "logs/locust-measure.log"
    """What it printed, relative to the run directory."""
    accepted_exits: tuple[int, ...] = (0, 1)
    """Exit codes that are no failure of the generator: 1 is what the scenario makes of its requests."""
    start_resolution_s: float = 0.0
    """How far the true start of a request may be from that of its sample."""
    clock_error_s: float = 0.0
    """By how much the times of workers on other hosts may be wrong after they were moved onto this machine's clock."""

    @property
    def is_command(self) -> bool:
        """It is another load generator than Locust."""
        return self.tool != LOCUST


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; a number that the system has no name for as such."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def signal_of(exit_code: int) -> int:
    """Number of the signal that killed a process, as the system or a shell reports it; 0 when none did."""
    if exit_code < 0:
        return -exit_code
    return exit_code - SHELL if SHELL < exit_code <= SHELL + HIGHEST_SIGNAL else 0


@dataclass(frozen=True, slots=True)
class Run:
    """Everything about one run that is neither a sample nor an answer of Prometheus; stored as run.json."""

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
    """As Prometheus reports it, e.g. `2.42.0`; empty when it does not."""
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
    metrics_view: str = ""
    """The view label that the scrapes themselves get; empty for the instrumentation's own."""
    fault: str = ""
    variants: tuple[str, ...] = ()
    """What was merged into the start of its profile, e.g. `postgresql`."""
    ended: tuple[str, ...] = ()
    """Processes of the stack that had ended by themselves when the load was over, e.g. `the target (exit -9)`."""
    panels: tuple[Panel, ...] = ()
    """The queries of the profile's dashboards and rules."""
    rules: tuple[Rule, ...] = ()
    """The profile's rules, their durations scaled."""
    recorded: tuple[str, ...] | None = None
    """Series that rules of Prometheus record, whoever wrote these; None in a run of before they were stored."""
    dropped: tuple[str, ...] = ()
    """Metrics of the instrumentation that the scrape job drops by their names, by Prometheus's own configuration."""
    rule_scale: float = 1.0
    """By what their durations were multiplied."""
    arrival_rate: float | None = None
    """Arrivals per second in an open model; None in a closed one."""
    arrival_seed: int | None = None
    """From which the plan of arrivals can be made again."""
    checks: tuple[str, ...] = ()
    """Ids of the checks that judge it; empty in a run of before they were stored."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the load and the target's start were made of, for comparing runs; texts of which only a digest is kept."""
    gated_views: tuple[str, ...] = ()
    """View labels whose latency a gate compares."""
    instrumentation: str = "django-prometheus"
    """Id of what counts in the target."""
    metric_namespace: str = ""
    """What the target puts before the name of each of its metrics, with an underscore; empty for nothing."""

    target_labels: tuple[str, ...] = ()
    """The labels that name a target, where several targets share an `instance`; empty where `instance` does."""
    narrowed_by: str = ""
    """Matchers that the harness added to the selector, since each series was there several times; empty for none."""
    evaluates_as: str | None = None
    """A version of Prometheus that evaluates as the server does; empty for none, None where that was not asked."""

    other_times: bool = False
    """Panels that look at another time, with `offset` or `@`, were asked about it; not in a run of before."""
    default_step_s: float | None = None
    """The step of subqueries that name none, as the server has it; None in a run of before, or where it is unknown."""

    probe: Probe | None = None
    """None where nothing was probed."""
    unsaid: tuple[Unsaid, ...] = ()
    """What its samples cannot say, by what recorded them."""

    @property
    def dialect_of(self) -> str:
        """The version as which the server evaluates: what was asked, or in a run of before what it announced."""
        return self.prometheus_version if self.evaluates_as is None else self.evaluates_as

    @property
    def shared_stall_s(self) -> float:
        """For how long the load generator stood still where it shares a machine with the target; 0 elsewhere.

        One that lasted longer than `MOST_SHARED_S` is taken for its own work.
        """
        return min(self.generator.stalled_s or 0.0, MOST_SHARED_S) if self.embedded else 0.0

    @property
    def has_load(self) -> bool:
        """False for a target that was only watched: then there are neither samples nor figures."""
        return bool(self.scenario)
