"""What a selector of an expression asks for: the metric, its labels, and when it looks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from harness.promql.query_text import label_value
from harness.promql.relabelling import FLAGS
from harness.promql.vectors import UnsupportedError


@dataclass(frozen=True, slots=True)
class Matcher:
    """What is asked of one label."""

    label: str
    operator: str
    value: str

    def accepts(self, value: str) -> bool:
        """Whether a series with this value, empty for none, matches."""
        if self.operator in ("=", "!="):
            return (value == self.value) == (self.operator == "=")
        return (_pattern(self.value).fullmatch(value) is not None) == (self.operator == "=~")

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{label_value(self.value)}"


@dataclass(frozen=True, slots=True)
class Selection:
    """One selector of an expression."""

    metric: str
    matchers: tuple[Matcher, ...]
    range_s: float | None
    """How far back it looks; None for an instant selector."""
    rate_s: float | None = None
    """The range in which a function such as `rate` needs two of its samples; None where none does."""
    offset_s: float = 0.0
    """How much before its time it is evaluated, with the subqueries around it; below zero for after it."""
    at_s: float | None = None
    """The time that `@` names, in Unix seconds; None for that of the query."""
    pinned: bool = False
    """It has a time by `@`, so that what stands around it does not change when it looks."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels without which no series matches."""
        return tuple(matcher.label for matcher in self.matchers if not matcher.accepts(""))

    def inside(self, outer: "Selection") -> "Selection":
        """The same in a subquery, or in what another selection reads, with how far and where that looks."""
        if self.pinned:
            return self
        ranges = [each for each in (self.range_s, outer.range_s) if each is not None]
        return replace(
            self,
            range_s=sum(ranges) if ranges else None,
            offset_s=self.offset_s + outer.offset_s,
            at_s=outer.at_s,
            pinned=outer.pinned,
        )

    def reach_s(self, least_s: float = 0.0) -> float:
        """How far back a query looks for it, at least `least_s` before its offset.

        Raises UnsupportedError where `@` names a time, which is not so far from each query.
        """
        if self.at_s is not None:
            raise UnsupportedError("@ with a time is not evaluated where a rule is followed through its evaluations")
        return (self.range_s or least_s) + max(self.offset_s, 0.0)

    def stretch(self, query_s: float) -> tuple[float, float]:
        """The first and the last moment at which a query at `query_s` looks."""
        end_s = (query_s if self.at_s is None else self.at_s) - self.offset_s
        return end_s - (self.range_s or 0.0), end_s

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a series of the metric with these labels is selected."""
        return all(matcher.accepts(labels.get(matcher.label, "")) for matcher in self.matchers)


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, FLAGS)
