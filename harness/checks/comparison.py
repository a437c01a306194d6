"""Counts that must be equal on both sides, and the laws by which they may differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.checks import churn
from harness.checks.base import Facts, settled, unanswered, unusable
from harness.core.codes import Code
from harness.core.query import NoData
from harness.core.verdict import Strength, Tolerance, Verdict

ONE: Mapping[str, str] = {"bodies": "body", "series": "series"}
"""What one of a unit is called, where it does not only lose its s."""


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
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the verdict."""


def apart(expected: float, observed: float) -> Code:
    """How two numbers that should agree do not."""
    if not observed and expected:
        return Code.MISSING
    return Code.SHORT if observed < expected else Code.OVER


def _seen(count: Count, observed: float) -> str:
    """Both sides."""
    unit = ONE.get(count.unit, count.unit.removesuffix("s")) if count.expected == 1 else count.unit
    return f"{count.expected_by} counts {count.expected:,} {unit}, {count.observed_by} {observed:,.10g}"


def within(count: Count, facts: Facts, *, of_requests: bool = True) -> Verdict:
    """Judge a law between two of the metric's own counters: exact, whatever the samples are.

    Prometheus reads the counters of a busy target one after the other, so others' requests may be in one and not yet in
    the next; as many as they send between two scrapes, at the most, at each end of the window. `of_requests`: requests
    move what is counted.
    """
    if isinstance(count.observed, NoData):
        return unanswered(count.check, count.subject, count.observed, labels=count.labels)
    spare = _between(count, facts) if of_requests else 0
    difference = count.observed - count.expected
    saw = _seen(count, count.observed)
    passed = abs(difference) <= spare
    if not passed:
        direction, likely = ("short", count.short) if difference < 0 else ("over", count.over)
        saw = f"{count.observed_by} is {abs(difference):,.10g} {direction}: {saw}; {likely}"
    basis = f"exact but for {spare} requests at the ends of the window or of a process" if spare else "exact"
    return settled(
        count.check,
        count.subject,
        Code.AGREES if passed else apart(count.expected, count.observed),
        saw,
        expected=count.expected,
        observed=count.observed,
        tolerance=Tolerance(spare, spare, basis),
        unit=count.unit,
        labels=count.labels,
    )


def _between(count: Count, facts: Facts) -> int:
    """How many requests may be in one of two counters only; none of those that are known is in a view of the load."""
    window = facts.run.window
    spare = (window.idle_requests_start or 0) + (window.idle_requests_end or 0) + churn.in_between(facts)
    if "view" in count.labels and count.labels["view"] not in facts.background:
        return spare
    return spare + sum(window.known_flying) + sum(window.known_torn)


def equal(
    count: Count, facts: Facts, *, lost: int = 0, unseen: str = "", left: int = 0, own_views: bool = False
) -> Verdict:
    """Judge a count: exact, up to `lost` more for requests without a response, unbounded above with foreign traffic.

    `unseen` is another reason why the metric may have counted more than the samples show; `left` are requests that may
    have left unscraped with a replica, up to so many fewer. `own_views`: what is counted is by view, and the views are
    the load's, so no scrape of others is in it.
    """
    if facts.unusable:
        return unusable(count.check, count.subject, facts, count.labels)
    if isinstance(count.observed, NoData):
        return unanswered(count.check, count.subject, count.observed, labels=count.labels)
    reason = "foreign traffic" if facts.foreign else unseen
    one_sided = bool(reason)
    difference = count.observed - count.expected
    gone = churn.unaccounted(facts) if left else churn.NONE
    spare = 0 if churn.is_too_much(facts, gone) else left
    begun, ending = (0, 0) if own_views or "view" in count.labels else facts.run.window.known_spare
    passed = difference >= -spare - begun if one_sided else -spare - begun <= difference <= lost + ending
    strength = Strength.ONE_SIDED if one_sided else Strength.EXACT
    basis = "exact"
    if one_sided:
        basis = f"{reason}: only a lower bound"
    elif lost:
        basis = f"exact, up to {lost} more for requests without a response"
    elif spare:
        basis = f"exact, up to {spare} fewer: {churn.describe(gone)}"
    elif begun or ending:
        basis = f"exact but for scrapes by others, {begun} at t0 and {ending} at t1"
    saw = _seen(count, count.observed)
    if passed:
        why = saw + (f"; {basis}" if one_sided or lost or spare or begun or ending else "")
    elif difference < 0:
        why = f"{count.observed_by} is {-difference:,.10g} short: {saw}; {count.short}"
    else:
        beyond = f" beyond the {lost} requests without a response" if lost else ""
        why = f"{count.observed_by} is {difference - lost:,.10g} over{beyond}: {saw}; {count.over}"
    return settled(
        count.check,
        count.subject,
        Code.AGREES if passed else apart(count.expected, count.observed),
        why,
        expected=count.expected,
        observed=count.observed,
        tolerance=None if one_sided else Tolerance(spare + begun, lost + ending, basis),
        unit=count.unit,
        strength=strength,
        labels=count.labels,
    )
