"""What an instrumentation exports, as a value: names, labels, laws, and what to write in an app that uses it.

Checks and figures ask by role ("responses by view") and never by name, so that one more exporter is one more value
(docs/instrumentation.md). A histogram is named without its suffix: `_bucket`, `_count` or `_sum` is added to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace

from harness.instrumentation.diagnosis import Diagnosis
from harness.instrumentation.page import MetricsFacts
from harness.instrumentation.roles import Advice, Attributes, Cache, Database, Labels, Law, Migrations, Models, Traffic

PARTS = ("bucket", "count", "sum")
"""Of a histogram."""


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """One exporter: what it counts, under which names and labels, and the laws that its counters keep."""

    id: str
    """As in the profile's key `instrumentation` and in run.json."""
    arrived: str
    """Requests before any middleware."""
    answered: str
    """Responses after all middlewares; `arrived` less these are in flight."""
    requests_by_method: str
    requests_by_view: str
    """By view and method, of requests that a route matched."""
    requests_by_transport: str
    responses_by_status: str
    responses_by_view: str
    """By status, view and method."""
    exceptions_by_view: str
    exceptions_by_type: str
    latency_by_view: str
    """Histogram in seconds by view and method."""
    latency_all: str
    """Histogram in seconds over all requests, middlewares included, scrapes too."""
    untimed: tuple[str, ...]
    """Counters of requests whose latency could not be taken; a rightly wired app has none."""
    exceptions_timed_again: bool
    """A request that raised is in the latency histogram once more."""
    database: Database | None
    """None, as for the next three: it counts nothing of the kind."""
    cache: Cache | None
    models: Models | None
    migrations: Migrations | None
    attributes: Attributes | None
    labels: Labels
    metrics_view: str
    """The view label that the scrapes themselves get."""
    methods: frozenset[str]
    """Methods that are their own label."""
    invalid_method: str
    """The label of all others."""
    label_values: Mapping[str, tuple[str, ...]]
    """Every value that a label may have, where that is known."""
    response_laws: tuple[Law, ...]
    """From the request on: each level of counters holds what the one before it does."""
    side_laws: tuple[Law, ...]
    """Counters of the same requests and responses by something else."""
    latency_law: Law
    """Responses, and the observations over all."""
    exception_law: Law
    traffic: Traffic
    counters: tuple[str, ...]
    """Every counter series that a check reads, parts of histograms included."""
    names: frozenset[str]
    """Every series that it exports once something of its kind has happened."""
    advice: Advice
    diagnose_page: Callable[[MetricsFacts], tuple[Diagnosis, ...]]
    """Its doctor's judgement of a live page of metrics."""
    namespace: str = ""
    """What the app puts before each name, with an underscore; empty for none."""

    @property
    def unrouted(self) -> str:
        """The view label of a request that no route matched."""
        return self.traffic.unrouted

    @property
    def written_later(self) -> tuple[str, ...]:
        """Counters that have each response once and stand after `answered` on the page, the last one at its end."""
        return f"{self.latency_all}_count", *((self.attributes.charset,) if self.attributes else ())

    @property
    def droppable(self) -> frozenset[str]:
        """Series that a team may drop and still have what the laws on requests and their latencies need."""
        needed = {self.arrived, self.answered, self.responses_by_status, self.responses_by_view}
        timed = {f"{each}_{part}" for each in (self.latency_by_view, self.latency_all) for part in PARTS}
        return frozenset(self.names - needed - timed)

    def method_label(self, method: str) -> str:
        """The method label that the counters give to a request with this method."""
        return method if method in self.methods else self.invalid_method

    def under(self, namespace: str) -> "Instrumentation":
        """The same with every metric renamed `<namespace>_<name>`; unchanged for an empty one.

        Raises ValueError when it has a namespace already.
        """
        if self.namespace:
            raise ValueError(f"{self.id} is under the namespace {self.namespace!r} already")
        if not namespace:
            return self
        known = {*self.names, *_histograms(self.names)}
        renamed = _renamed(self, known, namespace)
        assert isinstance(renamed, Instrumentation)
        return replace(renamed, namespace=namespace)

    def namespaces(self, names: Iterable[str]) -> tuple[str, ...]:
        """Under which namespaces a target that exports `names` counts its requests; empty text for none of its own."""
        return namespaces(self.arrived, names)


def namespaces(metric: str, names: Iterable[str]) -> tuple[str, ...]:
    """What stands before `metric` and an underscore in those of `names` that end in it; empty text for nothing."""
    mark = f"_{metric}"
    return tuple(sorted({f"_{name}".removesuffix(mark)[1:] for name in names if f"_{name}".endswith(mark)}))


def _histograms(names: Iterable[str]) -> frozenset[str]:
    """The names of histograms, given those of their buckets."""
    return frozenset(name.removesuffix("_bucket") for name in names if name.endswith("_bucket"))


def _renamed(value: object, known: set[str], namespace: str) -> object:
    """A value with each metric's name in it renamed; only `known` texts are names, so labels and advice stay."""
    match value:
        case str():
            return f"{namespace}_{value}" if value in known else value
        case tuple():
            return tuple(_renamed(item, known, namespace) for item in value)
        case frozenset():
            return frozenset(_renamed(item, known, namespace) for item in value)
        case Mapping():
            return {_renamed(key, known, namespace): _renamed(item, known, namespace) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{each.name: _renamed(getattr(value, each.name), known, namespace) for each in fields(value)}
            )
        case _:
            return value
