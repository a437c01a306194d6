"""What a check concludes: verdicts, findings, and the causes put together from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.core.codes import Code, FindingCode


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


MOST_SHOWN = 100.0
"""A larger change is shown as more than this: an interval of two or three pairs has no meaningful end."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How a gate's candidate differs from its base: as a share of it (0.1 is 10 % more), of a ratio the difference."""

    change: float
    low: float
    """The change is at least this, with 95 %."""
    high: float
    """The change is at most this, with 95 %; with `low` the 90 % interval."""
    detectable: float
    """The smallest change for the worse that this much data distinguishes from none in four cases of five."""


@dataclass(frozen=True, slots=True)
class Power:
    """What a verdict with a tolerance could have seen."""

    detectable: float | None
    """The smallest error on which it fails with a chance of 95 %; None when it fails on none, however large."""
    limit: float
    """The largest error that may go unseen by a verdict that counts as two-sided."""
    unit: str
    """Of both, e.g. `s per request`."""
    needed: int | None = None
    """How many requests would see an error of `limit`; None when these did, or when no number does."""

    @property
    def reaches(self) -> bool:
        """Whether an error of `limit` would have been seen."""
        return self.detectable is not None and self.detectable <= self.limit


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement. With a tolerance, PASS means `expected - below <= observed <= expected + above`."""

    check: str
    """The check's id, e.g. `request-counts`."""
    subject: str
    """What was judged, e.g. `shop:cart GET 200`; empty when the check has only one subject."""
    status: Status
    code: Code = field(kw_only=True)
    """The kind of outcome."""
    labels: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """What was judged, as labels, e.g. `view`, `method`, `status`; only those that apply."""
    why: str
    """One sentence: what was found, the limit, and how to fix a failure."""
    expected: float | None = None
    observed: float | None = None
    tolerance: Tolerance | None = None
    unit: str = ""
    strength: Strength = Strength.EXACT
    effect: Effect | None = None
    """Only of a gate."""
    power: Power | None = None
    """Only where the tolerance depends on how much was measured."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something true that a reader of the dashboards should know, which is not a failed check."""

    code: FindingCode
    """The kind of finding."""
    subject: str
    text: str
    check: str
    """The check that noticed it."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What it is about, as labels, as those of a verdict."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What is probably wrong with the monitoring, put together from the verdicts that failed."""

    id: str
    """That of the fault that leaves these signs, where the catalogue has it."""
    text: str
    evidence: tuple[int, ...] = ()
    """Places in the report's `verdicts` of those that gave it away."""
