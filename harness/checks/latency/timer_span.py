"""Does the timer cover the whole of the work, on slow views as on fast ones?

The gap between the inner witness and the metric, (sum of w - metric's _sum) / n, is the cost of one layer of middleware
and does not depend on what the view does: it is the same on every view, and of the size of the run's reference, the gap
between the two witnesses. A timer that misses a share of the work makes the gap of the slow views exceed that of the
fast ones, where a share is next to nothing; one that misses a constant makes all of them exceed the reference.

A mean of n gaps differs by chance. Gaps have a long tail (a thread switch takes milliseconds where the layer takes
microseconds), so the allowance is Bernstein's, which holds for every bounded distribution, and not the normal one:
`statistics.bernstein` with the variance of the run's own outer-inner gaps and the longest that one can have been. Both
are estimates, and of a short run they know nothing of a stall that met none of those gaps: one of the view's gaps may
be as long as a process may stand still between two steps (`moments.PAUSE_S`), or as any did in the run.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from harness.checks import histograms, power
from harness.checks.base import ALPHA, NO_DATA, Check, Facts, labels_of, name_of, settled, unanswered
from harness.checks.histograms import Histogram
from harness.checks.latency import _timer_sums
from harness.checks.layer_cost import FLOOR_S, layer_s, longest_gap_s, longest_seen_s
from harness.core import statistics
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Power, Status, Strength, Tolerance, Verdict
from harness.evidence.client.summary import ALL, Gaps, ViewKey
from harness.evidence.moments import PAUSE_S

ID = "timer-span"
LIMIT_RATIO = 0.25
"""Share of a view's mean time that may be missing unseen by a verdict that counts as two-sided."""
BASIS = "Bernstein bound on the run's own gaps, alpha 1e-3 over all views, and one stall of the run, 10 ms or more"


@dataclass(frozen=True, slots=True)
class Gap:
    """One view's mean gap between witness and metric, in seconds."""

    n: int
    mean_s: float
    latency_s: float
    """Mean inner witness."""
    chance_s: float
    """How far the mean of `n` gaps may lie above its expectation, at the check's alpha."""
    detectable_s: Callable[[int], float]
    """The mean time per request that, missing, is seen in so many requests."""
    one_sided: bool
    """The histogram holds requests without a witness too, whoever made them: they only make the gap look smaller."""


def queries(run: Run) -> tuple[Query, ...]:
    """Raw buckets and sums of both histograms, and how long Prometheus says each scrape took."""
    return (*histograms.queries(run), *_timer_sums.queries(run))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """One verdict per view and method, and one per view whose delays the client set."""
    found = histograms.read(facts)
    if isinstance(found, NoData):
        return (unanswered(ID, "", found),)
    keys = [key for key in sorted(facts.client.latency) if key != ALL and facts.is_known(key[0])]
    delayed = [key for key in keys if key in found and _has_known_delay(facts, key, found[key])]
    delays = [_judge_known_delay(facts, key, found[key]) for key in delayed]
    if not facts.witnessed:
        return (*_timer_sums.judge_views(facts, found), *delays)
    reference = facts.client.latency[ALL].gaps
    gaps = {key: _gap(facts, key, found.get(key), len(keys)) for key in keys}
    measured = [gap for gap in gaps.values() if isinstance(gap, Gap)]
    views = (_mentioning(facts, key, _judge_gap(key, gap, measured, reference)) for key, gap in gaps.items())
    return (*views, *delays, _timer_sums.judge_middlewares(facts, found))


def _mentioning(facts: Facts, key: ViewKey, verdict: Verdict) -> Verdict:
    """With the probes of the view, which another check judges one by one."""
    answers = facts.probes.answers.get(key, ())
    if not answers or verdict.status is not Status.PASS:
        return verdict
    return replace(verdict, why=f"{verdict.why}; {len(answers)} single requests after the load: see probes")


def _gap(facts: Facts, key: ViewKey, histogram: Histogram | None, views: int) -> Gap | NoData:
    """The view's gap, or why it is not known."""
    latency, reference = facts.client.latency[key], facts.client.latency[ALL].gaps
    n = latency.inner.n + latency.raised.n
    silent = latency.client.n - latency.inner.n
    if not latency.inner.n:
        return NoData(f"none of {latency.client.n} responses carried a witness", Code.NO_WITNESS)
    if not reference.n:
        return NoData("no response carried both witnesses, so there is no reference for the gap", Code.NO_REFERENCE)
    more = 0 if histogram is None else round(histogram.total) - n
    excused = more > 0 and (facts.foreign or bool(facts.lost) or more <= silent * _observed(facts))
    if histogram is None or (more and not excused):
        held = 0 if histogram is None else histogram.total
        reason = f"the histogram holds {held:,.10g} observations for {n:,} witnessed requests: sums cannot be compared"
        return NoData(reason, Code.COUNTS_DIFFER)
    mean_s = (latency.inner.sum_s + latency.raised.sum_s - histogram.sum_s) / n
    variance = max(latency.gaps.variance, reference.variance)
    seen_s, stall_s = longest_seen_s(facts), max(PAUSE_S, longest_gap_s(facts))

    def chance_s(n: int) -> float:
        return statistics.bernstein(n, variance, seen_s, ALPHA / views) + stall_s / n

    def detectable_s(n: int) -> float:
        """A gap is at least 0, so its mean lies below its expectation by less than it may lie above."""
        return FLOOR_S + chance_s(n) + statistics.bernstein(n, variance, reference.mean_s, power.MISS)

    return Gap(n, mean_s, latency.inner.sum_s / latency.inner.n, chance_s(n), detectable_s, excused)


def _observed(facts: Facts) -> int:
    """How often a request can be in the histogram."""
    return 2 if facts.names.exceptions_timed_again else 1


def _judge_gap(key: ViewKey, gap: Gap | NoData, measured: list[Gap], reference: Gaps) -> Verdict:
    subject, labels = name_of(key), labels_of(key)
    if isinstance(gap, NoData):
        return unanswered(ID, subject, gap, strength=Strength.WITNESS, labels=labels)
    common_s = min(_common(measured), layer_s(reference))
    ceiling_s = common_s + FLOOR_S + gap.chance_s
    saw = (
        f"the metric is {gap.mean_s * 1e6:.1f} us per request below the witness (mean of {gap.n:,}, mean latency "
        f"{gap.latency_s * 1e3:.3g} ms); one layer of middleware explains up to {ceiling_s * 1e6:.1f} us"
    )
    rounding_s = 1e-9 * (1 + gap.latency_s)
    too_much = gap.mean_s < -rounding_s and not gap.one_sided
    fine = not too_much and gap.mean_s <= ceiling_s
    if too_much:
        why = f"{saw}: it reports more time than the whole request took: wrong unit, or observed more than once"
    elif not fine:
        share = (gap.mean_s - common_s) / gap.latency_s
        why = (
            f"{saw}: the timer misses {share:.1%} of this view's time (it starts late, stops early, or leaves "
            "out part of the work)"
        )
    else:
        why = saw
    code = Code.TOO_HIGH if too_much else Code.TOO_LOW
    verdict = settled(
        ID,
        subject,
        Code.AGREES if fine else code,
        why,
        expected=common_s,
        observed=gap.mean_s,
        tolerance=None if gap.one_sided else Tolerance(common_s, ceiling_s - common_s, BASIS),
        unit="s",
        strength=Strength.ONE_SIDED if gap.one_sided else Strength.WITNESS,
        labels=labels,
    )
    if gap.one_sided:
        return verdict
    seen_s, limit_s = gap.detectable_s(gap.n), LIMIT_RATIO * gap.latency_s
    sees = f"{seen_s * 1e6:.0f} us per request ({seen_s / gap.latency_s:.1%} of its time) missing would show with 95 %"
    return power.weighed(
        verdict,
        Power(seen_s, limit_s, "s per request"),
        sees,
        gap.n,
        lambda times: gap.detectable_s(times * gap.n) <= limit_s,
    )


def _common(measured: list[Gap]) -> float:
    """The gap where little time can be missed: the median of the faster half of the views."""
    whole = sorted((gap for gap in measured if not gap.one_sided), key=lambda gap: gap.latency_s)
    fastest = whole[: max((len(whole) + 1) // 2, 1)]
    return median(gap.mean_s for gap in fastest) if fastest else math.inf


def _has_known_delay(facts: Facts, key: ViewKey, histogram: Histogram) -> bool:
    """The client set the delay of each request of the view, and the histogram holds just those."""
    latency = facts.client.latency[key]
    return 0 < latency.known_delay_n == latency.client.n == round(histogram.total)


def _judge_known_delay(facts: Facts, key: ViewKey, histogram: Histogram) -> Verdict:
    """A view cannot take less than the delay that the client asked for; the metric must show it."""
    latency = facts.client.latency[key]
    delay_s, subject = latency.known_delay_sum_s, f"{name_of(key)} known delay"
    short_s = delay_s - histogram.sum_s
    fine = short_s <= 1e-9 * delay_s
    saw = (
        f"{latency.known_delay_n:,} requests asked for delays of {delay_s:.6g} s in all, the metric reports "
        f"{histogram.sum_s:.6g} s"
    )
    why = saw if fine else f"{saw}: the timer misses at least {short_s / delay_s:.1%} of the work"
    return settled(
        ID,
        subject,
        Code.AGREES if fine else Code.TOO_LOW,
        why,
        expected=delay_s,
        observed=histogram.sum_s,
        unit="s",
        strength=Strength.ONE_SIDED,
        labels=labels_of(key),
    )


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.AGREES,
        Code.COUNTS_DIFFER,
        Code.NO_REFERENCE,
        Code.NO_SERIES,
        Code.NO_WITNESS,
        Code.SAMPLES_UNUSABLE,
        Code.TOO_HIGH,
        Code.TOO_LOW,
        Code.UNDECIDED,
    },
    needs_samples=True,
)
