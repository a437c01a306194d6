"""Are single requests after the load counted, labelled and timed exactly?

A rare view has too few requests for a statistical bound. Between two scrapes nothing but the scrapes and the probes is
counted, so a few requests of each view prove its label, its status and its count exactly. Their time needs no
statistics either: no gap between timer and witness is negative, and by `layer_cost.longest_gap_s` none is longer than
the longest of the run, M; and one may be as long as a process may stand still between two steps (`moments.PAUSE_S`).
So over n observations

    0 <= sum of witness - sum of metric <= max(n M, 10 ms)

and what the buckets imply of the gaps is no more than the sums leave (`_bucket_bounds`, on all buckets together).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from harness.checks import dropped, histograms
from harness.checks.base import NO_DATA, Check, Facts, Unseen, inconclusive, labels_of, name_of, settled, unanswered
from harness.checks.comparison import apart
from harness.checks.histograms import Histogram
from harness.checks.layer_cost import longest_gap_s
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run, Window
from harness.core.verdict import Finding, Power, Strength, Tolerance, Verdict
from harness.evidence import prometheus_evidence
from harness.evidence.client.probes import Answer
from harness.evidence.client.summary import ViewKey
from harness.evidence.moments import PAUSE_S
from harness.instrumentation import registry
from harness.promql.own_series import UP

ID = "probes"
LIMIT_RATIO = 0.25
"""Share of a view's mean time that may be missing unseen by a verdict that counts as two-sided."""
NO_GAPS = "the load has no witness, so no gap of the run says how much is too much"
ROUNDING = 1e-9
"""Share of a sum that adding floats in another order may change."""


def queries(run: Run) -> tuple[Query, ...]:
    """The raw samples from t1 to the scrape after the probes; none where there were no probes."""
    if run.probe is None:
        return ()
    second = _second(run, run.probe.end_s)
    counted = prometheus_evidence.raw_query(second, registry.of(run).responses_by_view)
    return prometheus_evidence.raw_query(second, UP), counted, *histograms.queries(second)


def _second(run: Run, end_s: float) -> Run:
    """The run as if its window were that of the probes."""
    return replace(run, window=Window(run.window.end_s, end_s, run.window.scrape_interval_s))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Two verdicts per probed view: on what was counted, and on what was timed; none where there were no probes."""
    if facts.run.probe is None:
        return ()
    if facts.probes.problem or facts.probes.lost:
        why = facts.probes.problem or f"{facts.probes.lost} probes got no response"
        return (inconclusive(ID, "", Code.SAMPLES_UNUSABLE, f"the probes are unusable: {why}"),)
    second = replace(facts, run=_second(facts.run, facts.run.probe.end_s))
    counted = prometheus_evidence.deltas(second.run, second.evidence, facts.names.responses_by_view)
    found = histograms.read(second)
    if isinstance(counted, NoData):
        return (unanswered(ID, "", counted),)
    if isinstance(found, NoData):
        return (unanswered(ID, "", found),)
    labels = facts.names.labels
    is_timed = facts.names.latency_by_view not in dropped.histograms(facts)
    statuses = prometheus_evidence.by(counted, labels.view, labels.method, labels.status)
    verdicts: list[Verdict] = []
    for key, answers in sorted(facts.probes.answers.items()):
        if not facts.is_known(key[0]) and any(answer.inner_s is None for answer in answers):
            continue
        observed = {status: value for (*view, status), value in statuses.items() if tuple(view) == key and value}
        timed = (found[key].total if key in found else 0.0) if is_timed else None
        verdict = _judge_count(facts, key, answers, observed, timed)
        verdicts.append(verdict)
        if verdict.code is Code.AGREES and (histogram := found.get(key)):
            verdicts.append(_judge_time(facts, key, answers, histogram))
    return tuple(verdicts)


def _judge_count(
    facts: Facts, key: ViewKey, answers: Sequence[Answer], observed: dict[str, float], timed: float | None
) -> Verdict:
    """Each status that the probes got, no other, and one observation for each of them and for each exception.

    `timed` is None where Prometheus drops the histogram.
    """
    expected = Counter(str(answer.status) for answer in answers)
    raised = sum(answer.raised_s is not None for answer in answers) if facts.names.exceptions_timed_again else 0
    pairs = [(f"status {status}", expected[status], observed.get(status, 0.0)) for status in {*expected, *observed}]
    if timed is not None:
        pairs.append(("the latency histogram", len(answers) + raised, timed))
    wrong = [pair for pair in sorted(pairs) if pair[1] > pair[2] or (pair[1] < pair[2] and not facts.foreign)]
    place, wanted, seen = wrong[0] if wrong else ("all statuses", len(answers), sum(observed.values()))
    saw = f"probes between two scrapes: {len(answers)}; {place}: {seen:,.10g} counted, {wanted:,} expected"
    return settled(
        ID,
        f"{name_of(key)} counts",
        apart(wanted, seen) if wrong else Code.AGREES,
        f"{saw}: label, status or count of this view is wrong" if wrong else saw,
        expected=wanted,
        observed=seen,
        tolerance=Tolerance(0, 0, "exact"),
        unit="responses",
        labels=labels_of(key),
    )


def _judge_time(facts: Facts, key: ViewKey, answers: Sequence[Answer], histogram: Histogram) -> Verdict:
    subject, labels = f"{name_of(key)} time", labels_of(key)
    witnessed = [answer.inner_s for answer in answers if answer.inner_s is not None]
    if len(witnessed) < len(answers):
        felt_s = sum(answer.latency_s for answer in answers)
        fine = histogram.sum_s <= felt_s
        why = f"the metric timed {histogram.sum_s:.6g} s, the client waited {felt_s:.6g} s"
        return settled(
            ID,
            subject,
            Code.AGREES if fine else Code.TOO_HIGH,
            why if fine else f"{why}: it reports more time than the requests took",
            expected=felt_s,
            observed=histogram.sum_s,
            unit="s",
            strength=Strength.ONE_SIDED,
            labels=labels,
        )
    spans_s = sorted((*witnessed, *(answer.raised_s for answer in answers if answer.raised_s is not None)))
    whole_s = math.fsum(spans_s)
    most_s = max(len(spans_s) * longest_gap_s(facts), PAUSE_S) if facts.witnessed else math.inf
    left_s, spare_s = whole_s - histogram.sum_s, ROUNDING * (1 + whole_s)
    explained = f"the run's longest gap explains up to {most_s * 1e3:.4g} ms" if facts.witnessed else NO_GAPS
    code, why = (
        Code.AGREES,
        (
            f"the metric is {left_s * 1e3:.4g} ms below the witness over {len(spans_s)} observations of "
            f"{whole_s * 1e3:.4g} ms; {explained}"
        ),
    )
    below = [bound_s for bound_s, count in histogram.finite if count < sum(span_s <= bound_s for span_s in spans_s)]
    if left_s < -spare_s or below:
        code = Code.TOO_HIGH
        why += (
            f"; at {below[0]:g} s the bucket holds too few: latencies are reported too high"
            if below
            else (": it reports more time than the requests took")
        )
    elif left_s > most_s + spare_s:
        code, why = Code.TOO_LOW, f"{why}: the timer misses {left_s / whole_s:.1%} of this view's time"
    elif (implied_s := _implied_s(spans_s, histogram)) > left_s + spare_s:
        code = Code.TOO_LOW
        why += f", and the buckets imply {implied_s * 1e3:.4g} ms: requests are counted in lower buckets than they took"
    verdict = settled(
        ID,
        subject,
        code,
        why,
        expected=whole_s,
        observed=histogram.sum_s,
        unit="s",
        strength=Strength.ONE_SIDED,
        labels=labels,
    )
    if not facts.witnessed:
        return verdict
    power = Power(most_s / len(spans_s), LIMIT_RATIO * whole_s / len(spans_s), "s per request")
    strength = Strength.WITNESS if power.reaches else Strength.ONE_SIDED
    tolerance = Tolerance(most_s, 0, "the run's longest gap, for each observation")
    return replace(verdict, strength=strength, tolerance=tolerance, power=power)


def _implied_s(spans_s: Sequence[float], histogram: Histogram) -> float:
    """The least seconds of gaps that the buckets imply of spans in rising order."""
    bounds_s = [
        next((bound_s for bound_s, count in histogram.finite if count > rank), math.inf) for rank in range(len(spans_s))
    ]
    return math.fsum(max(span_s - bound_s, 0.0) for span_s, bound_s in zip(spans_s, bounds_s, strict=True))


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.AGREES,
        Code.MISSING,
        Code.OVER,
        Code.SAMPLES_UNUSABLE,
        Code.SHORT,
        Code.TOO_HIGH,
        Code.TOO_LOW,
    },
    optional=True,
    unseen=(
        Unseen(
            "only-under-load",
            "What happens only under load, to one request in many, or for a user who is logged in",
            "a rare view gets a few requests, one after another, without cookies; none with a body or a secret in its "
            "URL",
        ),
    ),
)
