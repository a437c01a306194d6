"""The verdicts and figures of one run, ready to render."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.core.verdict import Cause, Finding, Status, Verdict

REPORT_SCHEMA = 2
"""Version of report.json; raised when a reader of the old one would err. Version 1 had neither codes nor labels."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Rate, errors and percentiles of one view, from one account; None where the account does not have it."""

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
    """One view and method: what the client measured, the app witnessed, and Prometheus reports."""

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
    client_errors: float | None = None
    """Responses with status 5xx per second."""
    metric_errors: float | None = None
    client_p95_s: float | None = None
    """To within 6 %."""
    metric_p95_s: float | None = None
    """As `histogram_quantile(rate())` gives it."""


class Limitation(StrEnum):
    """What keeps something from being proved."""

    BOUND = "bound"
    """A verdict passed that has a bound on one side only, or rests on an assumption."""
    PANEL = "panel"
    """A panel or an alert could not be compared."""
    UNJUDGED = "unjudged"
    """A check had nothing to judge, or not enough to decide."""
    ACCOUNT = "account"
    """An account lacks something that happened."""
    LAW = "law"
    """No run shows it: the laws do not compare it."""
    UNKNOWN = "unknown"
    """The report names one that this harness does not know."""

    @classmethod
    def _missing_(cls, value: object) -> "Limitation | None":
        """That of a newer harness; what is not text is an error all the same."""
        return cls.UNKNOWN if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class NotProved:
    """Something that the run leaves open; docs/conservation.md has the whole list, law by law."""

    id: str
    limitation: Limitation
    what: str
    """What cannot be seen."""
    why: str
    checks: tuple[str, ...] = ()
    """Those that it limits, of the run's; empty for all of them."""
    number: int | None = None
    """How much of the run it concerns; None where that is no number."""
    total: int | None = None
    """Of how many; None where that is not known."""
    unit: str = ""
    """Of both, e.g. `verdicts`, `panels`, `checks`."""


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
    percentile_ratio: float = 0.25
    """By how much a shown percentile may be off, as a share of the witnessed one, before the buckets are too coarse."""
    failed_requests: int | None = None
    """Requests that the scenario took for failures, whatever their status; None in a report of before it was stored."""
    because: tuple[Cause, ...] = ()
    """Why verdicts are inconclusive, the first on the path of a number first; empty when none is."""
    panel_queries: Mapping[str, str] = field(default_factory=dict)
    """The queries that the panels' figures by view come from: `rate`, `p50`, `p95`, `p99`."""
    buckets_setting: str = ""
    """Where the bounds of the latency histograms are set, e.g. a setting of Django; empty where that is not known."""
    not_proved: tuple[NotProved, ...] = ()
    """What the run leaves open; empty for a gate, and in a report of before it was stored."""
