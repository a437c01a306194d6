"""What a check is: an id, the queries it needs, and a pure judgement of the answers."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.model import Finding, NoData, Query, Run, ShardState, Status, Strength, Tolerance, Verdict
from harness.readings import Evidence
from harness.truth import Truth, ViewKey

ALPHA = 1e-3
"""Chance that a correct system fails one check of one run, shared by all its comparisons."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a check may judge."""

    run: Run
    truth: Truth
    evidence: Evidence
    shards: tuple[ShardState, ...]
    """The shards of the measured phase."""

    @property
    def unusable(self) -> str:
        """Why the samples cannot be counted on; empty when they can."""
        for state in self.shards:
            if state.problem or state.contradiction:
                return f"{state.shard.file}: {state.problem or state.contradiction}"
        if not self.shards:
            return "no shard of samples was recorded"
        if not self.truth.responses:
            lost = self.truth.lost
            return f"none of {lost} requests was answered" if lost else "no request was recorded"
        return ""

    @property
    def lost(self) -> int:
        """Requests that may have been counted and whose response nobody recorded."""
        return self.truth.lost + self.run.generator.unrecorded

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
        return self.truth.witnessed > 0

    @property
    def background(self) -> frozenset[str]:
        """View labels that others than the load cause: the scrapes, and what the profile declares."""
        return frozenset({self.run.metrics_view, *self.run.background})

    def is_known(self, view: str) -> bool:
        """True when samples of this view carry the metric's own view label: witnessed or mapped."""
        return view in self.truth.witnessed_views or view in self.run.views.values()


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


@dataclass(frozen=True, slots=True)
class Count:
    """A count that must be equal on both sides, and what to say about it."""

    check: str
    subject: str
    expected: int
    observed: float | NoData
    unit: str
    short: str
    """What is probably wrong when the metric counted too few."""
    over: str
    """What is probably wrong when it counted too many."""
    expected_by: str = "the client"
    observed_by: str = "the metric"


def within(count: Count, facts: Facts) -> Verdict:
    """Judge a law between two of the metric's own counters: exact, whatever the samples are.

    Prometheus reads the counters of a busy target one after the other, so others' requests may be in one and not yet in
    the next; as many as they send between two scrapes, at the most, at each end of the window.
    """
    if isinstance(count.observed, NoData):
        return inconclusive(count.check, count.subject, count.observed.reason)
    window = facts.run.window
    spare = (window.idle_requests_start or 0) + (window.idle_requests_end or 0)
    difference = count.observed - count.expected
    saw = f"{count.expected_by} counts {count.expected:,} {count.unit}, {count.observed_by} {count.observed:,.10g}"
    passed = abs(difference) <= spare
    if not passed:
        told, likely = ("short", count.short) if difference < 0 else ("over", count.over)
        saw = f"{count.observed_by} is {abs(difference):,.10g} {told}: {saw}; {likely}"
    basis = f"{spare} requests of others in flight at the ends of the window" if spare else "exact"
    return Verdict(
        check=count.check,
        subject=count.subject,
        status=Status.PASS if passed else Status.FAIL,
        why=saw,
        expected=count.expected,
        observed=count.observed,
        tolerance=Tolerance(spare, spare, basis),
        unit=count.unit,
    )


def equal(count: Count, facts: Facts, *, lost: int = 0, unseen: str = "") -> Verdict:
    """Judge a count: exact, up to `lost` more for requests without a response, unbounded above with foreign traffic.

    `unseen` is another reason why the metric may have counted more than the samples tell.
    """
    if facts.unusable:
        return inconclusive(count.check, count.subject, f"the samples cannot be counted on: {facts.unusable}")
    if isinstance(count.observed, NoData):
        return inconclusive(count.check, count.subject, count.observed.reason)
    reason = "foreign traffic" if facts.foreign else unseen
    one_sided = bool(reason)
    difference = count.observed - count.expected
    passed = difference >= 0 if one_sided else 0 <= difference <= lost
    strength = Strength.ONE_SIDED if one_sided else Strength.EXACT
    basis = "exact"
    if one_sided:
        basis = f"{reason}: only a lower bound"
    elif lost:
        basis = f"exact, up to {lost} more for requests without a response"
    saw = f"{count.expected_by} counts {count.expected:,} {count.unit}, {count.observed_by} {count.observed:,.10g}"
    if passed:
        why = saw + (f"; {basis}" if one_sided or lost else "")
    elif difference < 0:
        why = f"{count.observed_by} is {-difference:,.10g} short: {saw}; {count.short}"
    else:
        beyond = f" beyond the {lost} requests without a response" if lost else ""
        why = f"{count.observed_by} is {difference - lost:,.10g} over{beyond}: {saw}; {count.over}"
    return Verdict(
        check=count.check,
        subject=count.subject,
        status=Status.PASS if passed else Status.FAIL,
        why=why,
        expected=count.expected,
        observed=count.observed,
        tolerance=None if one_sided else Tolerance(0, lost, basis),
        unit=count.unit,
        strength=strength,
    )
