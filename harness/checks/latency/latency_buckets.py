"""Does each histogram hold, at each of its bounds, as many requests as were that fast?"""

from harness.checks import histograms, power
from harness.checks.base import NO_DATA, Check, Facts, inconclusive, labels_of, name_of, settled, unanswered
from harness.checks.histograms import Histogram
from harness.checks.latency import _bucket_bounds
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Power, Strength, Tolerance, Verdict
from harness.evidence.client.summary import ALL, ViewKey

ID = "latency-buckets"
LIMIT_RATIO = 0.02
"""Share of a histogram's requests that may be reported too low unseen by a verdict that counts as two-sided."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw buckets and sums of both histograms."""
    return histograms.queries(run)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """One verdict per view and method, and one for the histogram that includes middlewares."""
    found = histograms.read(facts)
    if isinstance(found, NoData):
        return (unanswered(ID, "", found),)
    known = [key for key in sorted(facts.client.latency) if key == ALL or facts.is_known(key[0])]
    populations = max(sum(key in found for key in known), 1)
    verdicts = (_judge_histogram(facts, key, found.get(key), populations) for key in known)
    return (*verdicts, *(_unmapped(key) for key in sorted(facts.client.latency) if key not in known))


def _unmapped(key: ViewKey) -> Finding:
    text = (
        "its latencies are judged only as part of all views, because it is not known which view answered: name the "
        "view under `views` in the profile, or add the witness middlewares to the app"
    )
    return Finding(FindingCode.UNMAPPED_VIEW, name_of(key), text, ID, labels_of(key))


def _judge_histogram(facts: Facts, key: ViewKey, histogram: Histogram | None, populations: int) -> Verdict:
    subject = name_of(key) if key != ALL else "all views, including middlewares"
    labels = labels_of(key)
    if histogram is None:
        installed = facts.names.advice.not_installed
        why = f"the histogram has no observation of requests that the target answered: {installed}"
        expected = facts.client.latency[key].client.n
        return settled(
            ID, subject, Code.MISSING, why, expected=expected, observed=0, unit="observations", labels=labels
        )
    finite = histogram.finite
    account = _account(facts, key, histogram, populations)
    strength = account.strength
    worst: tuple[float, _bucket_bounds.Bound, float] | None = None
    for bound, (_, count) in zip(account.bounds, finite, strict=True):
        above = count - bound.upper if bound.upper is not None else float("-inf")
        beyond = max(bound.lower - count, above)
        if worst is None or (beyond, bound.lower) > (worst[0], worst[1].lower):
            worst = (beyond, bound, count)
    if worst is None:
        why = "the histogram has no finite bucket"
        return inconclusive(ID, subject, Code.NO_BUCKETS, why, strength=strength, labels=labels)
    if strength is Strength.CALIBRATED and facts.delivery.saturated:
        return inconclusive(
            ID, subject, facts.delivery.saturated_code, facts.delivery.saturated, strength=strength, labels=labels
        )
    beyond, bound, count = worst
    implied = None if key == ALL else _bucket_bounds.implied_gaps(facts, key, histogram)
    upper = "" if bound.upper is None else f" and at most {bound.upper:,}"
    by = "" if bound.upper is None else f" (by {bound.basis})"
    saw = (
        f"at {bound.le_s:g} s the histogram holds {count:,.10g}; at least {bound.lower:,}{upper} requests "
        f"were that fast{by}"
    )
    if beyond > 0 and count < bound.lower:
        code = Code.TOO_HIGH
        why = (
            f"{saw}: latencies are recorded too high (wrong unit, a timer that covers more than the request), "
            "observations are dropped, or the bound is mislabelled"
        )
    elif beyond > 0:
        code = Code.TOO_LOW
        why = (
            f"{saw}: latencies are recorded too low (wrong unit, a timer that misses work), or the bound is mislabelled"
        )
    elif implied and implied[0] > implied[1]:
        code = Code.TOO_LOW
        why = (
            f"all {len(finite)} bounds hold, but the buckets imply that {implied[0] * 1e3:.4g} ms passed between the "
            f"timer and the witness, and the sums leave {implied[1] * 1e3:.4g} ms: requests are counted in "
            "lower buckets than the sum says, or the bounds are mislabelled"
        )
    else:
        code = Code.AGREES
        why = f"all {len(finite)} bounds hold; nearest: {saw}"
    verdict = settled(
        ID,
        subject,
        code,
        why,
        expected=bound.lower,
        observed=count,
        tolerance=None if bound.upper is None else Tolerance(0, bound.upper - bound.lower, bound.basis),
        unit="observations",
        strength=strength,
        labels=labels,
    )
    if bound.upper is None:
        return verdict
    return power.weighed(
        verdict,
        _power(account),
        _sees(account),
        account.total,
        lambda times: _power(_account(facts, key, histogram, populations, times)).reaches,
    )


def _account(
    facts: Facts, key: ViewKey, histogram: Histogram, populations: int, times: int = 1
) -> _bucket_bounds.Account:
    return _bucket_bounds.account(facts, key, histogram, populations, outer=key == ALL, times=times)


def _power(account: _bucket_bounds.Account) -> Power:
    return Power(account.seen_from, max(LIMIT_RATIO * account.total, 1.0), "requests")


def _sees(account: _bucket_bounds.Account) -> str:
    if account.seen_from is None:
        return "requests reported as if they took no time would not show"
    return f"{account.seen_from:,} of {account.total:,} requests reported as if they took no time would show"


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.AGREES,
        Code.MISSING,
        Code.NO_BUCKETS,
        Code.SAMPLES_UNUSABLE,
        Code.GENERATOR_STALLED,
        Code.SATURATED,
        Code.TOO_HIGH,
        Code.TOO_LOW,
    },
    needs_samples=True,
)
