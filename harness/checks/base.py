"""What a check is: an id, the queries it needs, and a pure judgement of the answers."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.core.query import Query
from harness.core.run import Run, ShardState
from harness.core.verdict import Finding, Status, Strength, Verdict
from harness.evidence.client.summary import ClientSummary, ViewKey
from harness.evidence.prometheus_evidence import Evidence
from harness.instrumentation import registry
from harness.instrumentation.base import Instrumentation

ALPHA = 1e-3
"""Chance that a correct system fails one check of one run, shared by all its comparisons."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a check may judge."""

    run: Run
    client: ClientSummary
    evidence: Evidence
    shards: tuple[ShardState, ...]
    """The shards of the measured phase."""

    @property
    def names(self) -> Instrumentation:
        """What the target's metrics are called, under the run's namespace."""
        return registry.of(self.run)

    @property
    def metrics_view(self) -> str:
        """The view label that the scrapes themselves get: the profile's, or else the instrumentation's own."""
        return self.run.metrics_view or self.names.metrics_view

    @property
    def unusable(self) -> str:
        """Why the samples cannot be counted on; empty when they can."""
        for state in self.shards:
            if state.problem or state.contradiction:
                return f"{state.shard.file}: {state.problem or state.contradiction}"
        if not self.shards:
            return "no shard of samples was recorded"
        if not self.client.responses:
            lost = self.client.lost
            return f"none of {lost} requests was answered" if lost else "no request was recorded"
        return ""

    @property
    def lost(self) -> int:
        """Requests that may have been counted and whose response nobody recorded."""
        return self.client.lost + self.run.generator.unrecorded

    @property
    def foreign(self) -> bool:
        """True when others use the target too: declared, or seen while it should have been quiet."""
        window = self.run.window
        return self.run.foreign_traffic or bool(window.idle_requests_start) or bool(window.idle_requests_end)

    @property
    def saturated(self) -> str:
        """Why the generator's own latencies are not to be trusted; empty when they are."""
        health, budget = self.run.generator, self.run.budget
        if health.cpu_ratio is None or health.loop_lag_s is None:
            return "the load generator's CPU and loop lag are not known"
        if health.cpu_ratio > budget.max_generator_cpu_ratio:
            return (
                f"a Locust process used {health.cpu_ratio:.0%} of a core (limit {budget.max_generator_cpu_ratio:.0%})"
            )
        if health.loop_lag_s > budget.max_loop_lag_s:
            return (
                f"Locust's event loop lagged by {health.loop_lag_s * 1000:.0f} ms "
                f"(limit {budget.max_loop_lag_s * 1000:.0f} ms)"
            )
        return ""

    @property
    def never_begun(self) -> int:
        """Planned arrivals of an open model for which no user was free; whoever came then had no answer."""
        health = self.run.generator
        return max((health.planned_arrivals or 0) - (health.begun_arrivals or 0), 0)

    @property
    def witnessed(self) -> bool:
        """True when the app gave its own account of at least one request."""
        return self.client.witnessed > 0

    @property
    def background(self) -> frozenset[str]:
        """View labels that others than the load cause: the scrapes, and what the profile declares."""
        return frozenset({self.metrics_view, *self.run.background})

    def is_known(self, view: str) -> bool:
        """True when samples of this view carry the metric's own view label: witnessed or mapped."""
        return view in self.client.witnessed_views or view in self.run.views.values()


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `judge` yields at least one verdict, whatever the facts; but for `optional` ones.

    These yield none where neither the app nor the metric tells of their subject: not every app has a database.
    """

    id: str
    queries: Callable[[Run], tuple[Query, ...]]
    judge: Callable[[Facts], tuple[Verdict | Finding, ...]]
    optional: bool = False


def name_of(key: ViewKey) -> str:
    """How a view and method are called in verdicts; the key of everything is `all views`."""
    return " ".join(key) if any(key) else "all views"


def inconclusive(check: str, subject: str, why: str, strength: Strength = Strength.EXACT) -> Verdict:
    """The verdict when something could not be measured."""
    return Verdict(check, subject, Status.INCONCLUSIVE, why, strength=strength)
