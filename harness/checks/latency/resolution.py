"""Are the buckets fine enough around p50, p95 and p99 for those numbers to mean something?"""

from harness.checks import histograms
from harness.checks.base import NO_DATA, Check, Facts, inconclusive, labels_of, name_of, settled, unanswered
from harness.checks.histograms import Histogram
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Status, Tolerance, Verdict
from harness.evidence.client.summary import ALL, QUANTILES, ViewKey

ID = "resolution"
USUAL_RATIO = 0.5
"""What advice is based on when the profile sets no budget."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw buckets and sums of both histograms."""
    return histograms.queries(run)


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per view, method and quantile: the bucket that holds it is narrow enough, and is not the last one."""
    found = histograms.read(facts)
    if isinstance(found, NoData):
        return (unanswered(ID, "", found),)
    if not found:
        return (inconclusive(ID, "", Code.NOTHING_COUNTED, "no histogram has an observation in the window"),)
    results = tuple(_judge_bucket(facts, key, q, found[key]) for key in sorted(found) for q in QUANTILES)
    if facts.run.budget.resolution_ratio is None:
        why = "every percentile lies below the highest bound; the profile sets no budget for the width of buckets"
        below = not any(isinstance(result, Verdict) and result.status is Status.FAIL for result in results)
        return (*results, *((settled(ID, "highest bound", Code.AGREES, why),) if below else ()))
    return results


def _judge_bucket(facts: Facts, key: ViewKey, q: float, histogram: Histogram) -> Verdict | Finding:
    name = name_of(key) if key != ALL else "all views, including middlewares"
    subject, budget = f"{name} p{q * 100:g}", facts.run.budget
    labels = labels_of(key, quantile=f"p{q * 100:g}")
    low_s, high_s = _bucket_of(histogram, q)
    if high_s == float("inf"):
        true = facts.client.latency.get(key)
        wanted = f"{true.client.quantiles_s[q]:.3g} s" if true and true.client.n else "the slowest requests"
        why = (
            f"p{q * 100:g} lies above the highest bound of {low_s:g} s, so a dashboard shows {low_s:g} s "
            f"however slow the requests are; add bounds beyond {wanted} to {facts.names.advice.latency_buckets}"
        )
        return settled(ID, subject, Code.ABOVE_HIGHEST_BOUND, why, unit="s", labels=labels)
    ratio = USUAL_RATIO if budget.resolution_ratio is None else budget.resolution_ratio
    width_s, allowed_s = high_s - low_s, max(ratio * high_s, budget.resolution_floor_s)
    fine = width_s <= allowed_s + 1e-12
    why = f"it lies in the bucket {low_s:g}-{high_s:g} s"
    if not fine:
        added = ", ".join(f"{bound:.3g}" for bound in suggest(low_s, high_s, ratio, budget.resolution_floor_s))
        why += (
            f", wider than the allowed {allowed_s:.3g} s; add the bounds {added} to "
            f"{facts.names.advice.latency_buckets}"
        )
    if not fine and budget.resolution_ratio is None:
        return Finding(FindingCode.COARSE_BUCKETS, subject, why, ID, labels)
    basis = f"{ratio:.0%} of the upper bound, at least {budget.resolution_floor_s:g} s"
    return settled(
        ID,
        subject,
        Code.AGREES if fine else Code.TOO_COARSE,
        why,
        expected=0,
        observed=width_s,
        tolerance=Tolerance(0, allowed_s, basis),
        unit="s",
        labels=labels,
    )


MOST_BOUNDS = 20
"""A budget without a floor asks for ever narrower buckets next to zero."""


def suggest(low_s: float, high_s: float, ratio: float, floor_s: float) -> tuple[float, ...]:
    """Bounds between `low_s` and `high_s` that make every bucket fit the budget, in rising order; the highest few."""
    added: list[float] = []
    bound_s = high_s
    while len(added) < MOST_BOUNDS and bound_s - low_s > max(ratio * bound_s, floor_s):
        bound_s -= max(ratio * bound_s, floor_s)
        added.append(bound_s)
    return tuple(reversed(added))


def _bucket_of(histogram: Histogram, q: float) -> tuple[float, float]:
    """Bounds of the bucket in which `histogram_quantile` finds q."""
    low_s, rank = 0.0, q * histogram.total
    for bound_s, count in histogram.buckets:
        if count >= rank:
            return low_s, bound_s
        low_s = bound_s
    return low_s, float("inf")


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.ABOVE_HIGHEST_BOUND,
        Code.AGREES,
        Code.NOTHING_COUNTED,
        Code.SAMPLES_UNUSABLE,
        Code.TOO_COARSE,
    },
    needs_samples=True,
)
