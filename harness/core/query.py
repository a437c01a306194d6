"""A question to Prometheus, and its answer: a reading, or no data with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from harness.core.codes import Code
from harness.core.points import Point, Points

METRIC_NAME = "__name__"
"""The label that holds a metric's name."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question to Prometheus.

    With `start_s` and `step_s` it is a range query that ends at `time_s`; without, an instant query at `time_s`.
    """

    text: str
    time_s: float
    start_s: float | None = None
    step_s: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One time series of an answer: labels and `(time_s, value)` points in time order."""

    labels: Mapping[str, str]
    points: Sequence[Point]
    _sorted: dict[bool, tuple[tuple[str, str], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def sorted_labels(self, *, named: bool) -> tuple[tuple[str, str], ...]:
        """Pairs of name and value, sorted, empty values left out; the metric's name among them if `named`."""
        if named not in self._sorted:
            pairs = ((name, value) for name, value in self.labels.items() if value and (named or name != METRIC_NAME))
            self._sorted[named] = tuple(sorted(pairs))
        return self._sorted[named]

    @property
    def columns(self) -> Points:
        """The points as columns."""
        return Points.of(self.points)

    @property
    def last(self) -> float:
        """The value of the newest point; an instant answer has only this one."""
        return self.points[-1][1]


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer with at least one series."""

    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class NoData:
    """No answer, with the reason. It is never read as zero."""

    reason: str
    """For a reader."""
    code: Code
    """What is missing."""

    def of(self, what: str) -> Self:
        """The same, with what it was asked for in front of the reason."""
        return replace(self, reason=f"{what}: {self.reason}")


@dataclass(frozen=True, slots=True)
class NoSeries(NoData):
    """An answer without series: a good answer, unlike one that was never given."""

    reason: str = "Prometheus has no such series"
    code: Code = Code.NO_SERIES
