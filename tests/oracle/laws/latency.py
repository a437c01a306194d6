"""Whether the histograms say how long the requests took."""

import math

import numpy as np
import pandas as pd

from tests.oracle.facts import Facts, quantile, with_column
from tests.oracle.frames import Frame
from tests.oracle.laws import names
from tests.oracle.laws.counts import rates
from tests.oracle.laws.histograms import (
    ALL,
    ALPHA,
    FLOOR_S,
    QUANTILES,
    Histogram,
    Key,
    Limits,
    bernstein_s,
    fits_sums,
    gaps,
    histograms,
    interpolated,
    judged,
    layer_s,
    limits,
    longest_s,
    name_of,
    near,
    variance,
)
from tests.oracle.line import FAIL, OPEN, PASS, Line, Lines, named, settled, unknown
from tests.oracle.run_files import NoSeries, Unknown

IN_ALL = "all views, including middlewares"
STALL_S = 0.01  # one of a view's gaps may be a stall that met no other


def _populations(facts: Facts, found: dict[Key, Histogram]) -> int:
    """The histograms that the check compares in all, which share its alpha."""
    return max(sum(key in found for key in judged(facts)), 1)


def latency_buckets(facts: Facts) -> Lines:
    """docs/checks/latency-buckets.md."""
    found = histograms(facts)
    populations = _populations(facts, found)
    for key, rows in judged(facts).items():
        subject, labels = name_of(key) if key != ALL else IN_ALL, named(view=key[0], method=key[1])
        if key not in found:
            yield Line(subject, labels, FAIL, len(rows), 0)
            continue
        may = limits(facts, key, rows, found[key], populations)
        _, count = found[key].finite
        if not len(count) or (may.calibrated and facts.saturated):
            yield Line(subject, labels, OPEN)
            continue
        beyond = may.lower - count
        if may.upper is not None:
            beyond = np.maximum(beyond, count - may.upper)
        worst = max(range(len(count)), key=lambda place: (beyond[place], may.lower[place]))
        lower = float(may.lower[worst])
        band = None if may.upper is None else (0.0, float(may.upper[worst]) - lower)
        fine = beyond[worst] <= 0 and (key == ALL or fits_sums(may, found[key]))
        yield Line(subject, labels, settled(bool(fine)), lower, float(count[worst]), band)


def percentiles(facts: Facts) -> Lines:
    """docs/checks/percentiles.md."""
    found = histograms(facts)
    populations = _populations(facts, found)
    rows = {key: own for key, own in judged(facts).items() if key in found}
    may = {key: limits(facts, key, own, found[key], populations) for key, own in rows.items()}
    for q in QUANTILES:
        for key in rows:
            yield _percentile(facts, q, key, found[key], may[key])
    yield from _percentile_panels(facts)


def _percentile(facts: Facts, q: float, key: Key, histogram: Histogram, may: Limits) -> Line:
    name = f"p{q * 100:g}"
    subject, labels = f"{name_of(key)} {name}", named(view=key[0], method=key[1], quantile=name)
    now = facts.select(f"{names.LATENCY_IN_ALL if key == ALL else names.LATENCY}_bucket")
    by = "le" if key == ALL else "le, view, method"
    grown = f"({now} - {now} offset {facts.ms(facts.length)} or {now})"
    try:
        answer = facts.values_of(f"histogram_quantile({q:g}, sum by ({by}) {grown})", "view", "method")
    except Unknown:
        return Line(subject, labels, OPEN)
    shown = answer.get(key, math.nan)
    if math.isnan(shown) or (may.calibrated and facts.saturated):
        return Line(subject, labels, OPEN)
    bounds = np.append(histogram.finite[0], math.inf)
    _, highest = near(q, bounds, np.append(np.minimum(may.lower, histogram.total), histogram.total), whole=True)
    spare = 1e-9 * max(abs(shown), 1e-6)
    fine, band = shown <= highest + spare, None
    if may.upper is not None:
        lowest, _ = near(q, bounds, np.append(np.minimum(may.upper, histogram.total), histogram.total), whole=True)
        fine, band = fine and shown >= lowest - spare, (highest - lowest, 0.0)
    return Line(subject, labels, settled(fine), highest, shown, band)


def _percentile_panels(facts: Facts) -> Lines:
    metric = f"{names.LATENCY}_bucket"
    try:
        per_series = rates(facts, metric)
    except Unknown:
        yield unknown("panel")
        return
    for label in ("view", "method", "le"):
        per_series = with_column(per_series, label)
    per_series = per_series.assign(le=per_series["le"].astype(float))
    folded = per_series.groupby(["view", "method", "le"])["rate"].sum().reset_index()
    for q in QUANTILES:
        name = f"p{q * 100:g}"
        query = f"rate({facts.select(metric)}[{facts.ms(facts.length)}])"
        try:
            shown = facts.values_of(f"histogram_quantile({q:g}, sum by (le, view, method) ({query}))", "view", "method")
        except Unknown:
            yield unknown(f"{name} panel", quantile=name)
            continue
        due = {
            key: near(q, rows["le"].to_numpy(float), rows["rate"].to_numpy(float))
            for key, rows in folded.groupby(["view", "method"])
        }
        wrong = sum(not _holds(due.get(key), shown.get(key)) for key in {*shown, *due})
        yield Line(f"{name} panel", {"quantile": name}, settled(not wrong), 0, wrong)


def _holds(due: tuple[float, float] | None, shown: float | None) -> bool:
    if due is None or shown is None:
        return False
    if math.isnan(shown):
        return math.isnan(due[0])
    spare = max(1e-9 * abs(shown), 1e-12)
    return due[0] - spare <= shown <= due[1] + spare


def timer_span(facts: Facts) -> Lines:
    """docs/checks/timer-span.md."""
    found = histograms(facts)
    views = {key: rows for key, rows in judged(facts).items() if key != ALL}
    if facts.witnessed:
        yield from _mean_gaps(facts, views, found)
        yield _in_all(facts, found)
    else:
        yield from _by_client(facts, found)
    for key, rows in views.items():
        delays = rows["known_delay_s"].dropna()
        if key in found and len(delays) and len(delays) == len(rows) == round(found[key].total):
            due, seen = float(delays.sum()), found[key].sum_s
            labels = named(view=key[0], method=key[1])
            yield Line(f"{name_of(key)} known delay", labels, settled(due - seen <= 1e-9 * due), due, seen)


def _mean_gaps(facts: Facts, views: dict[Key, Frame], found: dict[Key, Histogram]) -> Lines:
    reference, longest, seen = gaps(facts.answered), longest_s(facts), longest_s(facts, shared=False)
    table = {}
    for key, rows in views.items():
        inner, raised = rows["witness_view_s"], rows["witness_raised_s"].dropna()
        n = int(inner.notna().sum()) + len(raised)
        more = round(found[key].total) - n if key in found else math.nan
        n_silent = int(inner.isna().sum())
        excused = more > 0 and (facts.foreign or facts.lost > 0 or more <= 2 * n_silent)
        if n_silent == len(rows) or reference.empty or not (more == 0 or excused):
            yield Line(name_of(key), named(view=key[0], method=key[1]), OPEN)
            continue
        spread = max(variance(gaps(rows)), variance(reference))
        chance = bernstein_s(n, spread, seen, ALPHA / len(views)) + max(STALL_S, longest) / n
        table[key] = ((inner.sum() + raised.sum() - found[key].sum_s) / n, inner.mean(), chance, excused)
    if not table:
        return
    columns = ["gap", "latency", "chance", "open_below"]
    frame: Frame = pd.DataFrame(table.values(), index=pd.MultiIndex.from_tuples(table), columns=columns)
    whole = frame[~frame["open_below"].astype(bool)].sort_values("latency", kind="stable")
    faster = whole.head(max((len(whole) + 1) // 2, 1))["gap"]
    common = min(float(faster.median()) if len(faster) else math.inf, layer_s(reference))
    for key, row in zip(table, frame.itertuples(), strict=True):
        above = FLOOR_S + row.chance
        fine = row.gap <= common + above and (row.open_below or row.gap >= -1e-9 * (1 + row.latency))
        band = None if row.open_below else (common, above)
        yield Line(name_of(key), named(view=key[0], method=key[1]), settled(bool(fine)), common, row.gap, band)


def _in_all(facts: Facts, found: dict[Key, Histogram]) -> Line:
    inner, outer = facts.answered["witness_view_s"], facts.answered["witness_app_s"]
    try:
        durations, scrapes = with_column(facts.raw("scrape_duration_seconds"), "instance"), facts.scrapes
    except Unknown:
        return unknown(IN_ALL)
    if ALL not in found or outer.isna().all():
        return unknown(IN_ALL)
    own = {instance: times for instance, times in scrapes.items() if instance in facts.exporters}
    counted = {(instance, time) for instance, times in own.items() for time in times[:-1]}
    is_counted = [pair in counted for pair in zip(durations["instance"], durations["time"], strict=True)]
    least = float(inner.sum()) + facts.total(f"{names.LATENCY}_sum", view=facts.metrics_view)
    felt = facts.answered["latency_s"] if outer.isna().any() else outer
    most = float(felt.sum()) + float(durations.loc[is_counted, "value"].sum())
    others = any(facts.total(f"{names.LATENCY}_sum", view=view) for view in facts.declared)
    seen, open_above = found[ALL].sum_s, facts.foreign or others or facts.lost > 0
    up = with_column(facts.raw("up"), "instance")
    failed = set(zip(up["instance"], up["time"], strict=True)) - set(
        zip(up.loc[up["value"] == 1, "instance"], up.loc[up["value"] == 1, "time"], strict=True)
    )
    open_above = open_above or facts.scrapes_by_others > 0 or bool(failed & counted)
    fine = least <= seen * (1 + 1e-9) and (open_above or seen <= most)
    return Line(IN_ALL, {}, settled(fine), least, seen, None if open_above else (0, max(most - least, 0.0)))


def _by_client(facts: Facts, found: dict[Key, Histogram]) -> Lines:
    rows_of_all = facts.answered
    by_view = rows_of_all.groupby(["view", "method"])["latency_s"].agg(["size", "sum"])
    for key, histogram in found.items():
        n, waited = (
            (len(rows_of_all), rows_of_all["latency_s"].sum())
            if key == ALL
            else tuple(by_view.loc[key])
            if key in by_view.index
            else (-1, 0.0)
        )
        if round(histogram.total) == n:
            fine, labels = histogram.sum_s <= waited, named(view=key[0], method=key[1])
            yield Line(name_of(key), labels, settled(bool(fine)), float(waited), histogram.sum_s)
    waited = float(rows_of_all["latency_s"].sum())
    loads = [histogram for key, histogram in found.items() if key != ALL]
    once, whole = sum(each.sum_s for each in loads), sum(each.total for each in loads)
    if ALL in found and found[ALL].sum_s <= waited:
        yield Line("all views", {}, PASS, waited, found[ALL].sum_s)
    elif once > waited and round(whole) == len(rows_of_all):
        yield Line("all views", {}, FAIL, waited, once)
    else:
        yield unknown("all views")


def resolution(facts: Facts) -> Lines:
    """docs/checks/resolution.md."""
    found, budget = histograms(facts), facts.run["budget"]
    if not found:
        yield unknown("")
        return
    ratio, failed = budget["resolution_ratio"], False
    for key, histogram in sorted(found.items()):
        for q in QUANTILES:
            name = f"p{q * 100:g}"
            subject = f"{IN_ALL if key == ALL else name_of(key)} {name}"
            labels = named(view=key[0], method=key[1], quantile=name)
            reached = histogram.count >= q * histogram.total
            place = int(np.argmax(reached)) if reached.any() else len(reached) - 1
            high = histogram.le[place]
            if not reached.any() or math.isinf(high):
                failed = True
                yield Line(subject, labels, FAIL)
                continue
            width = high - (histogram.le[place - 1] if place else 0.0)
            allowed = max((0.5 if ratio is None else ratio) * high, budget["resolution_floor_s"])
            fine = width <= allowed + 1e-12
            if fine or ratio is not None:
                yield Line(subject, labels, settled(bool(fine)), 0, float(width), (0, float(allowed)))
    if ratio is None and not failed:
        yield Line("highest bound", {}, PASS)


def blind_spot(facts: Facts) -> Lines:
    """docs/checks/blind-spot.md."""
    try:
        found = histograms(facts)
    except (Unknown, NoSeries):
        found = {}
    for key, rows in judged(facts).items():
        for q in QUANTILES:
            name = f"p{q * 100:g}"
            subject, labels = f"{name_of(key)} {name}", named(view=key[0], method=key[1], quantile=name)
            felt, measured = quantile(rows["latency_s"], q), math.nan
            if rows["witness_app_s"].notna().all():
                measured = quantile(rows["witness_app_s"], q)
            elif key in found:
                measured = interpolated(q, found[key].le, found[key].count)
            if not math.isfinite(measured) or facts.saturated:
                yield Line(subject, labels, OPEN)
                continue
            limit = facts.run["budget"].get("blind_spot_s", {}).get(name)
            fine, band = limit is None or felt - measured <= limit, None if limit is None else (felt, limit)
            yield Line(subject, labels, settled(fine), measured, felt, band)
