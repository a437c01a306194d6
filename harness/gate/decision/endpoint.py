"""What is compared: p50, p95 and p99 of each gated view, throughput, and the error ratio."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What one endpoint measures."""

    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    THROUGHPUT = "throughput"
    ERRORS = "error ratio"


QUANTILES = {Kind.P50: 0.5, Kind.P95: 0.95, Kind.P99: 0.99}
"""The kinds that are latencies."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One number per unit; the gate judges each and shares its error rate among all."""

    kind: Kind
    view: str = ""
    """The view label of a latency; empty for the others, which are of the whole load."""

    @property
    def name(self) -> str:
        """What a verdict calls it, e.g. `shop:item p95`."""
        return f"{self.view} {self.kind}" if self.view else str(self.kind)

    @property
    def check(self) -> str:
        """The id of the check whose verdicts judge it."""
        match self.kind:
            case Kind.THROUGHPUT:
                return "gate-throughput"
            case Kind.ERRORS:
                return "gate-errors"
            case _:
                return "gate-latency"

    @property
    def unit(self) -> str:
        """The unit of its values, as in `harness.core.verdict.Verdict`."""
        match self.kind:
            case Kind.THROUGHPUT:
                return "requests/s"
            case Kind.ERRORS:
                return "ratio"
            case _:
                return "s"
