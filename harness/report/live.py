"""What the live page shows while a run is on: the report's numbers for the moments until now, made by the same code."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harness.core.report import RatePoint
from harness.core.text import shorten
from harness.core.verdict import Finding, Status, Verdict
from harness.report.over_time import Accounts

QUANTILES = (0.5, 0.95, 0.99)
LONGEST = 1000
"""Characters of a sentence."""
RING_S = 15 * 60.0
"""The page shows so much; what is older is in the report."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the run is doing."""

    text: str
    began_s: float
    """Unix time."""
    expected_s: float | None = None
    """How long it should take; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Client:
    """The load's last second, as the load generator reports it."""

    phase: str
    users: int
    requests: int
    """Since the start of the phase."""
    requests_per_s: float
    errors: int
    """What the scenario takes for a failure, since the start of the phase."""
    p95_s: float | None
    cpu_ratio: float
    """Share of a core of the busiest process."""
    loop_lag_s: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One number at one moment, from both accounts."""

    name: str
    unit: str
    """`s`, or `rate` for a number per second."""
    client: float | None
    metric: float | None


@dataclass(frozen=True, slots=True)
class Law:
    """A check that can be held already, at the moments until now."""

    check: str
    outcome: str
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """All that the page shows; `/live.json`."""

    run_id: str
    profile: str
    scenario: str
    now_s: float
    """Unix time at which this was put together."""
    stage: Stage
    over: bool = False
    """The report is made: the page becomes the report."""
    client: Client | None = None
    t0_s: float | None = None
    """Unix time of t0 on Prometheus's clock; None before it."""
    interval_s: float | None = None
    """Between two scrapes."""
    scraped_s: float | None = None
    """Seconds from t0 to the newest scrape that Prometheus has."""
    behind_s: float | None = None
    """Seconds from that scrape until now."""
    figures_at_s: float | None = None
    """Seconds from t0 to the moment of the figures."""
    figures: tuple[Figure, ...] = ()
    points: tuple[RatePoint, ...] = ()
    laws: tuple[Law, ...] = ()
    problem: str = ""
    """Why the newest numbers are missing; the run goes on."""


def encode(document: Document) -> bytes:
    """As JSON on one line."""
    return msgspec.json.encode(document)


def figures(known: Accounts, point: RatePoint) -> tuple[Figure, ...]:
    """The numbers of one moment, its percentiles with them."""
    pairs = [(f"p{q * 100:g}", "s", *known.quantile(q, point.elapsed_s)) for q in QUANTILES]
    return (
        Figure("requests", "rate", point.client, point.metric),
        Figure("5xx responses", "rate", point.client_errors, point.metric_errors),
        *(Figure(*pair) for pair in pairs),
    )


def laws(results: Sequence[Verdict | Finding]) -> tuple[Law, ...]:
    """A line per check: what is wrong or unknown with it, or that it holds."""
    found: dict[str, list[Verdict]] = {}
    for each in results:
        if isinstance(each, Verdict):
            found.setdefault(each.check, []).append(each)
    severity = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)
    worst = (min(verdicts, key=lambda verdict: severity.index(verdict.status)) for verdicts in found.values())
    return tuple(Law(each.check, each.status.value, shorten(each.why, LONGEST)) for each in worst)
