"""Does each histogram hold, at each of its bounds, as many requests as were that fast?"""

from harness.checks import histograms
from harness.checks.base import NO_DATA, Check, Facts, inconclusive, labels_of, name_of, settled, unanswered
from harness.checks.histograms import Histogram
from harness.checks.latency import _bucket_bounds
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Strength, Tolerance, Verdict
from harness.evidence.client.summary import ALL, ViewKey

ID = "latency-buckets"
GAPS_OF = {
    Strength.WITNESS: "gaps between the two witnesses",
    Strength.CALIBRATED: "latencies of the no-op view",
    Strength.ONE_SIDED: "gaps and the observations of others",
}


def queries(run: Run) -> tuple[Query, ...]:
    """Raw buckets and sums of both histograms."""
    return histograms.queries(run)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """One verdict per view and method, and one for the histogram that includes middlewares."""
    found = histograms.read(facts)
    if isinstance(found, NoData):
        return (unanswered(ID, "", found),)
    known = [key for key in sorted(facts.client.latency) if key == ALL or facts.is_known(key[0])]
    comparisons = max(sum(len(found[key].finite) for key in known if key in found), 1)
    verdicts = (_judge_histogram(facts, key, found.get(key), comparisons) for key in known)
    return (*verdicts, *(_unmapped(key) for key in sorted(facts.client.latency) if key not in known))


def _unmapped(key: ViewKey) -> Finding:
    text = (
        "its latencies are judged only as part of all views, because it is not known which view answered: name the "
        "view under `views` in the profile, or add the witness middlewares to the app"
    )
    return Finding(FindingCode.UNMAPPED_VIEW, name_of(key), text, ID, labels_of(key))


def _judge_histogram(facts: Facts, key: ViewKey, histogram: Histogram | None, comparisons: int) -> Verdict:
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
    account = _bucket_bounds.account(facts, key, [b for b, _ in finite], histogram.total, comparisons, outer=key == ALL)
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
    if strength is Strength.CALIBRATED and facts.saturated:
        return inconclusive(ID, subject, Code.SATURATED, facts.saturated, strength=strength, labels=labels)
    beyond, bound, count = worst
    upper = "" if bound.upper is None else f" and at most {bound.upper:,}"
    saw = (
        f"at {bound.le_s:g} s the histogram holds {count:,.10g}; at least {bound.lower:,}{upper} requests "
        "were that fast"
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
    else:
        code = Code.AGREES
        why = f"all {len(finite)} bounds hold; nearest: {saw}"
    return settled(
        ID,
        subject,
        code,
        why,
        expected=bound.lower,
        observed=count,
        tolerance=None
        if bound.upper is None
        else Tolerance(0, bound.upper - bound.lower, f"{GAPS_OF[strength]}, alpha 1e-3"),
        unit="observations",
        strength=strength,
        labels=labels,
    )


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
        Code.SATURATED,
        Code.TOO_HIGH,
        Code.TOO_LOW,
    },
    needs_samples=True,
)
