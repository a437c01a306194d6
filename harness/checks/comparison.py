"""Counts that must be equal on both sides, and the laws by which they may differ."""

from dataclasses import dataclass

from harness.checks.base import Facts, inconclusive
from harness.core.query import NoData
from harness.core.verdict import Status, Strength, Tolerance, Verdict


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
