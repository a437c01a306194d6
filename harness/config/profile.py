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
    """How the embedded target is started; its placeholders are filled in.

    `{host}` and `{port}` are where it listens, `{secret}` is another text in each run, `{tmp}` a directory of this run
    that is gone afterwards, `{python}` the interpreter of `python` and `{project}` the directory of harness.toml. The
    services add their own, such as `{redis_port}`.
    """

    command: tuple[str, ...]
    cwd: str = "."
    """Relative to the directory of harness.toml."""
    python: str = ""
    """The interpreter that has the target's packages, relative to that directory or on PATH; empty: the harness's."""
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[tuple[str, ...], ...] = ()
    """Commands to run to their end before the start, e.g. migrations."""
    services: tuple[str, ...] = ()
    """Databases and caches to start for it, keys of `harness.config.variants.SERVICES`."""
    port: int = 0
    """0: any free port."""
    host: str = "127.0.0.1"
    """What `{host}` stands for: where the target listens. Set for workers on other hosts, never by harness.toml."""
    ready: str = "/healthz"
    """Path that answers 200 when the target can serve."""
    metrics: str = "/metrics"
    ready_timeout_s: float = 30.0
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with what the harness itself asks of a target that listens beyond loopback; placeholders are filled in."""
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
class Connection:
    """How a running service is reached, beside its URL; see docs/connection.md for each key."""

    headers: Mapping[str, str | Credentials] = field(default_factory=dict)
    """Sent with each request, by name."""
    username: str = ""
    password: Credentials | None = None
    token: Credentials | None = None
    """Sent as `Authorization: Bearer`."""
    credentials: Credentials | None = None
    """`user:password`, a token, or `Scheme value`."""
    tenant: str = ""
    """Sent as `X-Scope-OrgID`."""
    ca: str = ""
    """File of the authorities that are trusted, in PEM; empty for the system's."""
    verify: bool = True
    """Check the certificate."""
    client_certificate: str = ""
    """File in PEM; with its key, unless `client_key` has it."""
    client_key: str = ""
    proxy: str | Credentials = ""
    """URL of the proxy on the way; empty for none."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Added to the query of each request."""


@dataclass(frozen=True, slots=True)
class LoadCommand:
    """A command that makes the load, instead of Locust; see docs/generators.md."""

    command: tuple[str, ...]
    """`{samples}`, `{target}`, `{duration}` and `{users}` are filled in; `{{` and `}}` stand for braces."""
    format: str
    """Of what it writes to `{samples}`, one of `harness.config.load_command.FORMATS`."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What a column is for -> its name; empty: each is named by what it is for."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of `start`, `end` and `latency`; seconds where none is given."""
    methods: Mapping[str, str] = field(default_factory=dict)
    """Sample name -> HTTP method, where the results do not say it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One named set of settings; see docs/profiles.md for each key."""

    name: str
    scenario: str = "locustfile.py"
    load: LoadCommand | None = None
    """What makes the load instead of Locust; then `scenario` has no effect."""
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
    expect_workers: int = 0
    """Workers on other hosts that load; 0: this machine does."""
    bind: str = ""
    """HOST[:PORT] at which they find this machine; empty for loopback."""
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
    target_connection: Connection = field(default_factory=Connection)
    """How the target is reached, and what it asks for before it answers."""
    prometheus_connection: Connection = field(default_factory=Connection)
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
