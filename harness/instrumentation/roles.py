"""What an instrumentation is made of: labels, laws, the counters of each kind, advice."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Labels:
    """The names of the labels that distinguish series; the app may add others, which are summed over."""

    view: str
    """The route or view that answered."""
    method: str
    status: str
    transport: str
    """`http` or `https`."""
    exception: str
    """The class of an exception that left a view, and of a database error."""
    alias: str
    """The database's name in the app."""
    vendor: str
    """The kind of database, e.g. `postgresql`."""
    backend: str
    """The cache."""
    model: str
    connection: str
    """The database whose migrations a gauge counts."""


@dataclass(frozen=True, slots=True)
class Law:
    """A counter that must grow by as much as others together."""

    id: str
    """The label `law` of its verdict."""
    subject: str
    """The subject of its verdict."""
    whole: str
    """The counter that is taken as right."""
    parts: tuple[str, ...]
    """The counters that must add up to it."""
    unit: str
    short: str
    """What is probably wrong when the parts hold too few."""
    over: str
    """What is probably wrong when they hold too many."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """How requests of scrapes and health checks are distinguished from the load's; the default knows of none."""

    view: str = ""
    """The label that names the view; empty: no series has one."""
    unrouted: str = ""
    """Its value for a request that no route matched."""
    mixed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Counters without a view that hold background traffic too, and the labels by which their part of it is known."""
    inseparable: frozenset[str] = frozenset()
    """Series in which the scrapes are counted too, and whose labels do not distinguish them."""


@dataclass(frozen=True, slots=True)
class Database:
    """Counters of SQL by alias and vendor."""

    executes: str
    """Statements, each parameter set of an executemany as one."""
    executes_many: str
    """Parameter sets of executemany."""
    errors: str
    """By type of exception too."""
    query_duration: str
    """Histogram in seconds."""
    connections: str
    """Attempts to connect, failed ones included."""
    connection_errors: str
    tests_by_cursor: frozenset[str]
    """Vendors whose connections the framework tests with a statement past its own execute wrappers."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Counters of cache reads by backend."""

    gets: str
    hits: str
    misses: str
    fails: str
    gets_each_of_many: frozenset[str]
    """Backends whose read of many keys counts as a read of each."""
    counts_failures: frozenset[str]
    """Backends that count a read that raised; the others count it as neither hit nor miss."""


@dataclass(frozen=True, slots=True)
class Models:
    """Counters of operations by model."""

    inserts: str
    updates: str
    deletes: str


@dataclass(frozen=True, slots=True)
class Migrations:
    """Gauges of migrations by connection."""

    applied: str
    unapplied: str


@dataclass(frozen=True, slots=True)
class Attributes:
    """Counters of what requests and responses had, apart from view, method and status; the scrapes are in them too."""

    request_bodies: str
    """Histogram of sizes in bytes."""
    response_bodies: str
    """The same, of responses that do not stream."""
    charset: str
    """Counter of responses by `charset_label`."""
    charset_label: str
    template: str
    """Counter of responses by `template_label`, of those whose template the framework renders."""
    template_label: str
    transport: str
    """Counter of requests by transport."""
    ajax: str
    """Counter of requests of browsers' scripts."""
    streaming: str
    """Counter of responses."""

    @property
    def sizes(self) -> tuple[str, str]:
        """The histograms."""
        return self.request_bodies, self.response_bodies


@dataclass(frozen=True, slots=True)
class Advice:
    """What is probably wrong in the app, in the terms of its own settings; used in messages."""

    library: str
    """What it is called in a sentence."""
    not_arrived: str
    """Fewer requests are counted than were sent."""
    other_labels: str
    """Requests are counted under other labels than they should be: too few under these."""
    foreign_labels: str
    """The same: too many under these."""
    missed_exceptions: str
    untimed_views: str
    """Fewer latencies by view than responses."""
    retimed_views: str
    """More latencies by view than responses."""
    unknown_start: str
    """Requests whose latency could not be taken."""
    timed_twice: str
    """How the exceptions come to be in the latency histogram twice, after their number."""
    known_fault: str
    """Whose fault that is."""
    overall_timer: str
    """Whose timer the histogram over all requests is."""
    unanswered_counter: str
    """More responses than requests are counted."""
    not_installed: str
    """A question: there is no latency by view at all."""
    unscraped: str
    """A question: there is no counter of requests at all."""
    latency_buckets: str
    """The setting with the bounds of latency buckets."""
    shared_counters: str
    """The setting that lets several workers of one server count together."""
    plain_database: str
    """Statements are missing."""
    plain_cache: str
    """Cache reads are missing."""
    plain_model: str
    """Operations on a model are missing."""
    export_migrations: str
    """The setting that exports gauges of migrations."""
