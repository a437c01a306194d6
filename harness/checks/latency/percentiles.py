"""Are p50, p95 and p99 what the histogram of the true latencies would give?

`histogram_quantile` falls when a cumulative count rises. So the bounds on the counts bound the quantile, and
interpolation, the same on both sides, cancels.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

from harness import promql
from harness.checks import histograms, power, reference_queries
from harness.checks.base import NO_DATA, Check, Facts, inconclusive, labels_of, name_of, settled, unanswered
from harness.checks.histograms import Histogram
from harness.checks.latency import _bucket_bounds
from harness.checks.latency._bucket_bounds import Account
from harness.core.codes import Code
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Power, Strength, Tolerance, Verdict
from harness.evidence.client.summary import ALL, QUANTILES, ViewKey
from harness.instrumentation import registry

ID = "percentiles"
LIMIT_RATIO = 0.25
"""Share by which a percentile may be reported too low unseen by a verdict that counts as two-sided."""


def queries(run: Run) -> tuple[Query, ...]:
    """Quantiles on exact deltas by view and over all, the panel's quantiles, and the raw buckets behind them."""
    return (
        *histograms.queries(run),
        *reference_queries.exact_quantile_queries(run).values(),
        *_overall_queries(run).values(),
        *reference_queries.quantile_queries(run).values(),
    )


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Per view, method and quantile: the exact quantile within its bounds; then the panel's as predicted."""
    found = histograms.read(facts)
    if isinstance(found, NoData):
        return (unanswered(ID, "", found),)
    keys = [key for key in sorted(facts.client.latency) if key in found and (key == ALL or facts.is_known(key[0]))]
    populations = max(len(keys), 1)
    verdicts: list[Verdict] = []

    @cache
    def account(key: ViewKey, times: int = 1) -> Account:
        return _bucket_bounds.account(facts, key, found[key], populations, outer=key == ALL, times=times)

    for q in QUANTILES:
        answers = reference_queries.read_by_view(facts, reference_queries.exact_quantile_queries(facts.run)[q])
        overall = reference_queries.read_by_view(facts, _overall_queries(facts.run)[q])
        for key in keys:
            shown = overall if key == ALL else answers
            verdicts.append(_judge_quantile(facts, key, q, found[key], shown, account))
    return (*verdicts, *_judge_panels(facts))


def _overall_queries(run: Run) -> dict[float, Query]:
    now = promql.selector(f"{registry.of(run).latency_all}_bucket", run.selector)
    grown = f"({now} - {now} offset {promql.duration(run.window.length_s)} or {now})"
    return {q: Query(f"histogram_quantile({q:g}, sum by (le) {grown})", run.window.end_s) for q in QUANTILES}


def _judge_quantile(
    facts: Facts,
    key: ViewKey,
    q: float,
    histogram: Histogram,
    answers: dict[ViewKey, float] | NoData,
    account_of: Callable[[ViewKey, int], Account],
) -> Verdict:
    subject, labels = f"{name_of(key)} p{q * 100:g}", labels_of(key, quantile=f"p{q * 100:g}")
    if isinstance(answers, NoData):
        return unanswered(ID, subject, answers, labels=labels)
    shown = answers.get(key)
    if shown is None or math.isnan(shown):
        return inconclusive(ID, subject, Code.NO_VALUE, "Prometheus has no value for this quantile", labels=labels)
    account = account_of(key, 1)
    if account.strength is Strength.CALIBRATED and facts.delivery.saturated:
        code, strength = facts.delivery.saturated_code, account.strength
        return inconclusive(ID, subject, code, facts.delivery.saturated, strength=strength, labels=labels)
    lowest, highest = _allowed(q, account, histogram.total)
    true = facts.client.latency[key]
    felt = (true.outer if key == ALL else true.inner) if account.strength is Strength.WITNESS else true.client
    truth_s = felt.quantiles_s[q]
    tolerance_s = promql.AGREEMENT * max(abs(shown), 1e-6)
    fine = shown <= highest + tolerance_s and (lowest is None or shown >= lowest - tolerance_s)
    allowed = f"at most {highest:.6g} s" if lowest is None else f"{lowest:.6g} to {highest:.6g} s"
    why = (
        f"Prometheus says {shown:.6g} s; the true latencies in the same buckets allow {allowed} (true "
        f"p{q * 100:g} {truth_s:.6g} s)"
    )
    if not fine:
        why += "; see latency-buckets for the bound that is wrong"
    code = Code.TOO_HIGH if shown > highest + tolerance_s else Code.TOO_LOW
    verdict = settled(
        ID,
        subject,
        Code.AGREES if fine else code,
        why,
        expected=highest,
        observed=shown,
        tolerance=None if lowest is None else Tolerance(highest - lowest, 0, "bounds on the counts"),
        unit="s",
        strength=account.strength,
        labels=labels,
    )
    if lowest is None:
        return verdict

    def enough(times: int) -> bool:
        return _power(*_allowed(q, account_of(key, times), times * histogram.total)).reaches

    sees = f"one that is more than {highest - lowest:.3g} s too low would show"
    return power.weighed(verdict, _power(lowest, highest), sees, account.total, enough)


def _power(lowest: float | None, highest: float) -> Power:
    """The true percentile is at most `highest`; one that is reported lower by more than the interval is outside."""
    return Power(None if lowest is None else highest - lowest, LIMIT_RATIO * highest, "s")


def _allowed(q: float, account: Account, total: float) -> tuple[float | None, float]:
    """The lowest quantile that the bounds on the counts allow, None where nothing bounds it, and the highest."""
    uppers = [(bound.le_s, bound.upper) for bound in account.bounds if bound.upper is not None]
    lowest = _near(q, uppers, total).low if len(uppers) == len(account.bounds) else None
    return lowest, _near(q, [(bound.le_s, bound.lower) for bound in account.bounds], total).high


def _near(q: float, counts: Sequence[tuple[float, int]], total: float) -> reference_queries.Predicted:
    """The quantile that the counts give when the histogram holds `total` observations."""
    buckets = [*((bound, float(min(count, total))) for bound, count in counts), (math.inf, total)]
    return reference_queries.quantiles_near(q, buckets, promql.NEWEST, tied=not _is_exact(q, total))


def _is_exact(q: float, total: float) -> bool:
    """Whether `q * total` is the product itself, without rounding: then no rank falls to the other side of an edge."""
    return Fraction(q) * Fraction(total) == Fraction(q * total)


def _judge_panels(facts: Facts) -> list[Verdict]:
    """What a dashboard's `histogram_quantile(rate())` shows, beside the reference on the same raw samples."""
    try:
        predicted = reference_queries.predict_quantiles(facts)
    except ValueError as error:
        return [inconclusive(ID, "panel", Code.UNKNOWN_VERSION, str(error))]
    if isinstance(predicted, NoData):
        return [unanswered(ID, "panel", predicted)]
    verdicts = []
    for q, query in reference_queries.quantile_queries(facts.run).items():
        shown = reference_queries.read_by_view(facts, query)
        subject, labels = f"p{q * 100:g} panel", {"quantile": f"p{q * 100:g}"}
        if isinstance(shown, NoData):
            verdicts.append(unanswered(ID, subject, shown, labels=labels))
            continue
        keys = {*shown, *predicted[q]}
        wrong = sorted(
            key
            for key in keys
            if key not in shown or key not in predicted[q] or not predicted[q][key].holds(shown[key])
        )
        if wrong:
            why = (
                f"the panel shows {shown.get(wrong[0])} for {name_of(wrong[0])}, the raw samples give "
                f"{_text_of(predicted[q].get(wrong[0]))}: Prometheus evaluated other samples than it returned"
            )
        else:
            why = f"all {len(keys)} values that a panel shows are what rate() and interpolation give on the raw samples"
        code, number = Code.PANEL_DIFFERS if wrong else Code.AGREES, len(wrong)
        verdicts.append(
            settled(ID, subject, code, why, expected=0, observed=number, unit="wrong values", labels=labels)
        )
    return verdicts


def _text_of(predicted: reference_queries.Predicted | None) -> str:
    if predicted is None:
        return "nothing"
    return (
        f"{predicted.low:.10g}" if predicted.low == predicted.high else f"{predicted.low:.10g} to {predicted.high:.10g}"
    )


CHECK = Check(
    ID,
    queries,
    judge,
    NO_DATA
    | {
        Code.AGREES,
        Code.NO_SERIES,
        Code.NO_VALUE,
        Code.PANEL_DIFFERS,
        Code.SAMPLES_UNUSABLE,
        Code.GENERATOR_STALLED,
        Code.SATURATED,
        Code.TOO_HIGH,
        Code.TOO_LOW,
        Code.UNKNOWN_VERSION,
    },
    needs_samples=True,
)
