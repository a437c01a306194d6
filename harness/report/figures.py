"""The numbers and distributions of a report: client, witness, metric and panel side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness import promql
from harness.checks import histograms, reference_queries
from harness.checks.base import Facts
from harness.checks.histograms import Histogram
from harness.checks.response_counts import expected_responses, observed_responses
from harness.core.query import NoData
from harness.core.report import Distribution, Figures, ViewReport
from harness.core.run import Run
from harness.evidence.client.summary import ALL, QUANTILES, Values, ViewKey

Responses = Mapping[ViewKey, tuple[float, float]]
"""Total and 5xx responses by view and method."""
NONE = (0.0, 0.0)
FIGURES = ("p50_s", "p95_s", "p99_s")


def view_reports(facts: Facts) -> tuple[ViewReport, ...]:
    """One row over all views, then one per view and method, most requests first."""
    client = _responses(dict(expected_responses(facts)))
    seen = observed_responses(facts)
    metric = _responses({} if isinstance(seen, NoData) else seen)
    found = histograms.read(facts)
    histogram = {} if isinstance(found, NoData) else _with_views_together(found)
    shown = _panels(facts)
    keys = sorted({*client, *metric} - {ALL}, key=lambda key: (-client.get(key, NONE)[0], key))
    known = not isinstance(seen, NoData)
    return tuple(
        _view_report(facts, key, client, metric if known else None, histogram.get(key), shown) for key in (ALL, *keys)
    )


def panel_queries(run: Run) -> dict[str, str]:
    """The queries behind the panels' figures, by `rate` and quantile."""
    quantiles = zip(FIGURES, reference_queries.quantile_queries(run).values(), strict=True)
    return {
        "rate": reference_queries.rate_query(run).text,
        **{name.removesuffix("_s"): query.text for name, query in quantiles},
    }


def _responses(counts: Mapping[tuple[str, str, str], float]) -> Responses:
    """Total and 5xx responses by view and method, with a row for all."""
    found: dict[ViewKey, tuple[float, float]] = {ALL: NONE}
    for (view, method, status), n in counts.items():
        for key in ((view, method), ALL):
            total, errors = found.get(key, NONE)
            found[key] = (total + n, errors + (n if status.startswith("5") else 0.0))
    return found


def _view_report(
    facts: Facts,
    key: ViewKey,
    client: Responses,
    metric: Responses | None,
    histogram: Histogram | None,
    shown: Mapping[str, Mapping[ViewKey, float]],
) -> ViewReport:
    latency = facts.client.latency.get(key)
    length_s = facts.run.window.length_s
    witness = latency.inner if latency else None
    return ViewReport(
        view=key[0],
        method=key[1],
        client=_figures(client, key, length_s, _quantiles(latency.client if latency else None)),
        witness=_witness(facts, key, witness),
        metric=_figures(metric, key, length_s, _metric_quantiles(histogram)) if metric is not None else Figures(),
        panel=_panel_figures(shown, key),
        client_distribution=_curve(latency.client if latency else None),
        witness_distribution=_curve(witness),
        metric_distribution=_steps(histogram),
        intended=Figures(None, None, None, *_quantiles(latency.intended if latency else None)),
    )


def _with_views_together(found: Mapping[ViewKey, Histogram]) -> dict[ViewKey, Histogram]:
    """`ALL` as a dashboard adds up the views; it stays where no view is timed.

    The histogram with middlewares holds the scrapes, too, which nobody waits for.
    """
    own = [histogram for key, histogram in found.items() if key != ALL]
    if not own:
        return dict(found)
    counts: dict[float, float] = {}
    for bound, count in (bucket for histogram in own for bucket in histogram.buckets):
        counts[bound] = counts.get(bound, 0.0) + count
    return {**found, ALL: Histogram(tuple(sorted(counts.items())), math.fsum(each.sum_s for each in own))}


def _figures(counts: Responses, key: ViewKey, length_s: float, quantiles: Sequence[float | None]) -> Figures:
    total, errors = counts.get(key, NONE)
    ratio = errors / total if total else None
    return Figures(round(total), total / length_s, ratio, *quantiles)


def _witness(facts: Facts, key: ViewKey, witness: Values | None) -> Figures:
    """Percentiles, statements per request and the time in them; those of a view hold all its methods."""
    latency = facts.client.latency.get(key)
    known = Figures(witness.n if witness and witness.n else None, None, None, *_quantiles(witness))
    if latency is None or not latency.database.n:
        return known
    statements = sum(
        number
        for event, number in facts.client.events.items()
        if event.kind == "db" and event.key in ("execute", "many") and (key == ALL or event.view == key[0])
    )
    responses = sum(number for (view, _, _), number in facts.client.answered.items() if key == ALL or view == key[0])
    sql_s = latency.database.quantiles_s
    return replace(known, statements=statements / responses, sql_p50_s=sql_s.get(0.5), sql_p95_s=sql_s.get(0.95))


def _quantiles(values: Values | None) -> list[float | None]:
    return [values.quantiles_s.get(q) if values else None for q in QUANTILES]


def _metric_quantiles(histogram: Histogram | None) -> list[float | None]:
    return [_finite(promql.histogram_quantile(q, histogram.buckets)) if histogram else None for q in QUANTILES]


def _panels(facts: Facts) -> dict[str, dict[ViewKey, float]]:
    """What Prometheus answered to the panels' queries, by figure."""
    rates = reference_queries.read_by_view(facts, reference_queries.rate_query(facts.run))
    shown: dict[str, dict[ViewKey, float]] = {"rate": {}}
    if not isinstance(rates, NoData):
        shown["rate"] = rates | {ALL: sum(v for (view, _), v in rates.items() if view not in facts.background)}
    for name, query in zip(FIGURES, reference_queries.quantile_queries(facts.run).values(), strict=True):
        values = reference_queries.read_by_view(facts, query)
        shown[name] = {} if isinstance(values, NoData) else values
    return shown


def _panel_figures(shown: Mapping[str, Mapping[ViewKey, float]], key: ViewKey) -> Figures:
    rate, *quantiles = (_finite(shown[name].get(key)) for name in ("rate", *FIGURES))
    return Figures(None, rate, None, *quantiles)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _curve(values: Values | None) -> Distribution | None:
    if values is None or not values.n:
        return None
    return Distribution(tuple(x for x, _ in values.curve), tuple(y for _, y in values.curve))


def _steps(histogram: Histogram | None) -> Distribution | None:
    if histogram is None or not histogram.total:
        return None
    return Distribution(
        tuple(bound for bound, _ in histogram.finite), tuple(count / histogram.total for _, count in histogram.finite)
    )
