"""What is known of a running target and its Prometheus before any load, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.evidence.metrics_view import Basis, MetricsView

REPLICA_LABELS = ("prometheus_replica", "__replica__", "replica", "prometheus", "receive_replica", "rule_replica")
"""Labels by which the copies of one series are told apart in a pair of Prometheis."""


@dataclass(frozen=True, slots=True)
class Matched:
    """One target that the selector matches."""

    labels: Mapping[str, str]
    up: bool
    exports: bool
    """It exports the instrumentation's metrics."""
    error: str = ""
    """Of its last scrape, as Prometheus reports it."""

    @property
    def name(self) -> str:
        """As a reader knows it."""
        return f"{self.labels.get('job', '?')} {self.labels.get('pod') or self.labels.get('instance', '?')}"


@dataclass(frozen=True, slots=True)
class Job:
    """How a job scrapes, by Prometheus's own configuration."""

    name: str
    interval: str = ""
    timeout: str = ""
    honor_labels: bool = False
    honor_timestamps: bool = True
    relabelled: int = 0
    """Rules among `metric_relabel_configs`."""
    sample_limit: int = 0
    unclassic: bool = False
    """Classic histograms become native ones: their buckets are gone."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What the target answers."""

    status: int
    problem: str = ""
    """Why it cannot be loaded, with the remedy; empty when it can."""
    witness: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was found; what Prometheus did not answer is empty or None."""

    prometheus: str
    selector: str
    version: str = ""
    problem: str = ""
    """Why Prometheus cannot be asked, with the remedy; then nothing else of it is known."""
    evaluates_as: str | None = None
    """The oldest release of Prometheus that evaluates as it does; empty for none."""
    application: str = ""
    """What the server calls itself beside its version, or is known to be by what it answers."""
    matched: tuple[Matched, ...] = ()
    exporters: tuple[str, ...] = ()
    """Where nothing matches: matchers of jobs that export the instrumentation's metrics."""
    unbucketed: str = ""
    """The histogram that has no classic buckets although its app answers."""
    namespace: str | None = None
    """None when no request is counted."""
    several_namespaces: str = ""
    """What is wrong with them."""
    without_label: str = ""
    """Which counter lacks which label that tells its views apart."""
    extra_labels: tuple[str, ...] = ()
    """Labels of its counters that neither the instrumentation nor the scrape gives."""
    metrics_view: MetricsView = field(default_factory=lambda: MetricsView(Basis.TOO_FEW))
    given_view: str = ""
    """What the profile names."""
    interval_s: float | None = None
    jobs: tuple[Job, ...] | None = None
    """None where Prometheus does not report its configuration."""
    dropped: tuple[str, ...] = ()
    """Metrics that the jobs drop by their names."""
    samples_dropped: int = 0
    """In the newest scrape of each target, of whatever name."""
    features: tuple[str, ...] | None = None
    """Feature flags; None where they are not reported."""
    skew_s: float | None = None
    """This machine's clock minus Prometheus's."""
    lag_s: float | None = None
    """From the time of a sample to the moment at which a query found it; None when no new one came."""
    waited_s: float = 0.0
    """How long a new sample was awaited."""
    others: Mapping[str, float] = field(default_factory=dict)
    """Requests of other clients while the harness sent none, by view."""
    watched_s: float = 0.0
    """In how long a time."""
    took_s: float = 0.0
    """The whole preflight."""
    headless: str = ""
    """The format of the load's results where these hold no headers, so no witness; empty where they do."""
    target: str = ""
    reached: Reached | None = None

    @property
    def counting(self) -> tuple[Matched, ...]:
        """The targets that export the instrumentation's metrics."""
        return tuple(each for each in self.matched if each.exports)
