"""What a profile is: how the target is started, how it is loaded, and what is asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.limits import Budget, Limit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts that may be loaded without being named in `allow_hosts`."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A process that runs beside the embedded target: a proxy, a replica.

    `{port}` is its own, `{target_port}` the target's; its own port and pid are `{<name>_port}` and `{<name>_pid}` to
    those that follow.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: str = "/healthz"
    """Path that answers 200 when it can serve; empty when it serves nothing."""


@dataclass(frozen=True, slots=True)
class Act:
    """A command that is run while the load is on, e.g. a signal to a process."""

    at_s: float
    """Seconds after Locust was started."""
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetStart:
    """How the embedded target is started; `{port}`, `{tmp}`, `{python}` and `{project}` are filled in.

    `{tmp}` is a directory of this run that is gone afterwards, `{python}` the interpreter that runs the harness and
    `{project}` the directory of harness.toml. The services add their own, such as `{redis_port}`.
    """

    command: tuple[str, ...]
    cwd: str = "."
    """Relative to the directory of harness.toml."""
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[tuple[str, ...], ...] = ()
    """Commands to run to their end before the start, e.g. migrations."""
    services: tuple[str, ...] = ()
    """Databases and caches to start for it, keys of `harness.config.variants.SERVICES`."""
    port: int = 0
    """0: any free port."""
    ready: str = "/healthz"
    """Path that answers 200 when the target can serve."""
    metrics: str = "/metrics"
    ready_timeout_s: float = 30.0
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the target's series in Prometheus, beside `job` and `instance`."""
    settings: str = ""
    """The Django settings module that a fault's settings extend; needed for such faults only."""
    sidecars: tuple[Sidecar, ...] = ()
    """As the four below set by a fault, never by harness.toml."""
    entry: str = ""
    """The name of the sidecar that takes the load; empty: the target itself."""
    scrape: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the scrape job, over those that the stack writes."""
    acts: tuple[Act, ...] = ()
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """More placeholders, by name, and what they stand for."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where a credential is read from; one of them is set."""

    env: str = ""
    """Name of an environment variable."""
    file: str = ""
    """Relative to the directory of harness.toml."""
    command: tuple[str, ...] = ()
    """What it prints; run in that directory."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One named set of settings; see docs/profiles.md for each key."""

    name: str
    scenario: str = "locustfile.py"
    users: int = 10
    spawn_rate: float = 10.0
    arrival_rate: float | None = None
    """Arrivals per second in an open model, whatever the target answers; None: users wait for their answers."""
    arrival_seed: int = 1
    """Of the plan of arrivals; the same seed gives the same plan."""
    duration_s: float = 15.0
    warmup_s: float = 3.0
    stop_timeout_s: float = 10.0
    workers: int = 1
    tags: tuple[str, ...] = ()
    """Locust runs only tasks with one of these tags; empty: all."""
    exclude_tags: tuple[str, ...] = ()
    """Locust runs no task with one of these tags."""
    locust_arguments: tuple[str, ...] = ()
    """Arguments of the locustfile's own, which it adds to Locust's command line."""
    pace: str = "own"
    """`own`: the scenario's wait times; `closed`: no waiting, each user sends its next request at once."""
    scrape_interval_s: float = 1.0
    quiet_timeout_s: float = 15.0
    """How long to wait for a quiet scrape before the traffic counts as somebody else's."""
    start: TargetStart | None = None
    variants: tuple[str, ...] = ()
    """What is merged into `start`; a profile of `Config.profile` has it merged already."""
    target: str = ""
    """URL of a running target; then nothing is started."""
    prometheus: str = ""
    """URL of the Prometheus that scrapes it."""
    target_credentials: Credentials | None = None
    """What the target asks for before it answers; None: nothing."""
    prometheus_credentials: Credentials | None = None
    """The same of Prometheus."""
    selector: str = 'job="django"'
    allow_hosts: tuple[str, ...] = ()
    witness_token_env: str = ""
    """Name of the environment variable that holds the token of the target's witness; empty: none is sent."""
    foreign_traffic: bool = False
    background: tuple[str, ...] = ()
    probe: bool | None = None
    """Send single requests to rare views after the load; None: where the harness started the target for itself."""
    instrumentation: str = "django-prometheus"
    """Id of what counts in the target."""
    metric_namespace: str | None = None
    """What the target puts before the name of each of its metrics; None: to be found in its series."""
    metrics_view: str = ""
    """View label of the scrapes themselves; empty for the instrumentation's own."""
    views: Mapping[str, str] = field(default_factory=dict)
    known_delay: Mapping[str, str] = field(default_factory=dict)
    """Sample name -> query parameter that asks the view to take so many milliseconds."""
    calibration: str = ""
    state: str = ""
    """Path at which the target reports its rows and migrations as JSON."""
    sql_log: str = ""
    """Path at which the target reports the totals of its SQL log as JSON."""
    dashboards: tuple[str, ...] = ()
    """Files of Grafana dashboards, or directories of them, relative to harness.toml."""
    dashboard_variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of the dashboards' variables, before those that they choose or ask for themselves."""
    rules: tuple[str, ...] = ()
    """Files of Prometheus rules, or directories of them, relative to harness.toml."""
    rule_scale: float = 1.0
    """By what every duration of the rules is multiplied for the run."""
    gated_views: tuple[str, ...] = ()
    """View labels whose p50, p95 and p99 `harness gate` compares."""
    slowdown: Mapping[str, str] = field(default_factory=dict)
    """Environment that makes the target slower by `{percent}` per cent, for the gate's test of itself."""
    thresholds: tuple[Limit, ...] = ()
    budget: Budget = Budget()
    load_prefix: tuple[str, ...] = ()
    """Arguments before the command of Locust; set by a fault, never by harness.toml."""
    fault: str = ""
    """The id of the fault that was injected on purpose."""
