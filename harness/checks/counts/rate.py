"""Is the rate over the window the client's rate, and is a panel's `rate()` what it must be?

The panel extrapolates by design; the reference `rate()` says by how much, so that what is left is an error.
"""

from dataclasses import replace

from harness import promql
from harness.checks import churn, reference_queries, response_counts
from harness.checks.base import (
    COUNTED,
    NO_DATA,
    Check,
    Facts,
    Unseen,
    inconclusive,
    labels_of,
    name_of,
    settled,
    unanswered,
)
from harness.checks.comparison import Count, equal
from harness.checks.response_counts import expected_responses, lost_requests, observed_responses
from harness.core.codes import Code, FindingCode
from harness.core.query import NoData, Query
from harness.core.run import Run
from harness.core.verdict import Finding, Tolerance, Verdict
from harness.evidence.client.summary import ALL, ViewKey

ID = "rate"
SHORT = "the rate shown is too low: see request-counts for the requests that are missing"
OVER = "the rate shown is too high: see request-counts for the requests that are counted too often"


def queries(run: Run) -> tuple[Query, ...]:
    """Raw responses, and the panel's own query."""
    return (*response_counts.queries(run), reference_queries.rate_query(run))


def judge(facts: Facts) -> tuple[Verdict | Finding, ...]:
    """Exact rates per view and over all, then the panel's."""
    observed = observed_responses(facts)
    if isinstance(observed, NoData):
        return (unanswered(ID, "", observed),)
    client, metric = _by_view(dict(expected_responses(facts))), _by_view(observed)
    exact = [_judge_exact(facts, key, client, metric) for key in sorted({*client, *metric})]
    return (*exact, *_judge_panel(facts, metric))


def _by_view(counts: dict[tuple[str, str, str], float] | dict[tuple[str, str, str], int]) -> dict[ViewKey, float]:
    sums: dict[ViewKey, float] = {ALL: 0.0}
    for (view, method, _), number in counts.items():
        sums[ALL] += number
        sums[(view, method)] = sums.get((view, method), 0.0) + number
    return sums


def _judge_exact(facts: Facts, key: ViewKey, client: dict[ViewKey, float], metric: dict[ViewKey, float]) -> Verdict:
    """Both sides are counts over the same window, so equal counts are equal rates."""
    length_s = facts.run.window.length_s
    lost = facts.lost if key == ALL else lost_requests(facts, *key)
    count = Count(ID, name_of(key), round(client.get(key, 0)), metric.get(key, 0.0), "responses", SHORT, OVER)
    left = churn.unaccounted(facts).of(*key)
    verdict = equal(count, facts, lost=lost, left=left, own_views=True)
    basis = verdict.tolerance.basis if verdict.tolerance and left else "exact, as counts"
    below, above = (verdict.tolerance.below, verdict.tolerance.above) if verdict.tolerance else (0.0, 0.0)
    return replace(
        verdict,
        why=f"{verdict.why}, in {length_s:.3f} s",
        expected=client.get(key, 0) / length_s,
        observed=metric.get(key, 0.0) / length_s,
        tolerance=Tolerance(below / length_s, above / length_s, basis) if verdict.tolerance else None,
        unit="requests/s",
        labels=labels_of(key),
    )


def _judge_panel(facts: Facts, metric: dict[ViewKey, float]) -> list[Verdict | Finding]:
    shown = reference_queries.read_by_view(facts, reference_queries.rate_query(facts.run))
    try:
        predicted = reference_queries.predict_rates(facts)
    except ValueError as error:
        return [inconclusive(ID, "panel", Code.UNKNOWN_VERSION, str(error))]
    if isinstance(shown, NoData):
        return [unanswered(ID, "panel", shown)]
    if isinstance(predicted, NoData):
        return [unanswered(ID, "panel", predicted)]
    keys = sorted({*shown, *predicted})
    results: list[Verdict | Finding] = [_judge_shown(key, shown.get(key), predicted.get(key)) for key in keys]
    length_s = facts.run.window.length_s
    reported = sum(value for (view, _), value in shown.items() if view not in facts.background)
    true = metric[ALL] / length_s
    if true and abs(reported / true - 1) > promql.AGREEMENT:
        text = (
            f"a panel with rate() over the window shows {reported:.4g} requests/s, the client measured {true:.4g} "
            f"({reported / true - 1:+.2%}): rate() extrapolates to the edges of its range and omits the first value "
            "of series that start in it; the reference rate() gives the same value"
        )
        results.append(Finding(FindingCode.EXTRAPOLATION, "all views", text, ID))
    return results


def _judge_shown(key: ViewKey, shown: float | None, predicted: float | None) -> Verdict:
    subject = f"{name_of(key)} panel"
    spare = abs(predicted or 0) * promql.AGREEMENT
    same = shown is not None and predicted is not None and promql.agree(shown, predicted)
    if same:
        why = "the panel's rate() agrees with the raw samples"
    else:
        why = "the panel's rate() does not agree with the raw samples: Prometheus evaluated other samples"
    return settled(
        ID,
        subject,
        Code.AGREES if same else Code.PANEL_DIFFERS,
        why,
        expected=predicted,
        observed=shown,
        tolerance=Tolerance(spare, spare, "reference rate() on the same samples"),
        unit="requests/s",
        labels=labels_of(key),
    )


CHECK = Check(
    ID,
    queries,
    judge,
    COUNTED | NO_DATA | {Code.NO_SERIES, Code.PANEL_DIFFERS, Code.SAMPLES_UNUSABLE, Code.UNKNOWN_VERSION},
    needs_samples=True,
    unseen=(
        Unseen(
            "panel-range",
            "By how much rate() differs over shorter ranges than the window",
            "extrapolation is small over the whole window; dashboards judges each panel with its own range",
        ),
    ),
)
