"""The counters of SQL, as they grew: part of `database`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from harness.checks.base import Facts
from harness.core.query import NoData
from harness.evidence import prometheus_evidence
from harness.instrumentation.roles import Database, Labels


def metrics_of(database: Database) -> tuple[str, ...]:
    """The counters of statements, errors and connections."""
    return (
        database.executes,
        database.executes_many,
        database.errors,
        f"{database.query_duration}_count",
        f"{database.query_duration}_sum",
        database.connections,
        database.connection_errors,
    )


@dataclass(frozen=True, slots=True)
class SqlCounters:
    """How much each counter grew, and what the counters and their labels are called."""

    deltas: Mapping[str, tuple[prometheus_evidence.CounterIncrease, ...]]
    names: Database
    labels: Labels

    def total(self, metric: str, alias: str) -> float:
        """The growth of a counter on one alias."""
        return prometheus_evidence.total(self.deltas[metric], **{self.labels.alias: alias})

    @property
    def aliases(self) -> set[str]:
        """Those that the metric has ever counted something on."""
        metrics = (self.names.executes, self.names.connections)
        return {item.labels.get(self.labels.alias, "") for metric in metrics for item in self.deltas[metric]}

    def tests_by_cursor(self, alias: str) -> bool:
        """Whether the metric counts Django's tests of this alias's connections."""
        return any(
            item.labels.get(self.labels.alias) == alias
            and item.labels.get(self.labels.vendor) in self.names.tests_by_cursor
            for item in self.deltas[self.names.executes]
        )


def longest_s(facts: Facts, names: Database, number: int) -> float:
    """What so many statements took at the most, by the bounds of the buckets in which the longest are."""
    if not number:
        return 0.0
    items = prometheus_evidence.deltas(facts.run, facts.evidence, f"{names.query_duration}_bucket")
    if isinstance(items, NoData):
        return math.inf
    total_s, left = 0.0, float(number)
    for (bound_s, count), (_, below) in pairwise((*reversed(prometheus_evidence.buckets(items)), (0.0, 0.0))):
        taken = min(left, max(count - below, 0.0))
        total_s += taken * bound_s if taken else 0.0
        left -= taken
    return total_s
