"""Can the run be judged at all: load generator, scrapes, and the quiet at both ends."""

import math
import re
from dataclasses import replace

import numpy as np

from tests.oracle.facts import HALF_MS, Facts, with_column
from tests.oracle.frames import Frame
from tests.oracle.laws.names import COUNTERS
from tests.oracle.line import FAIL, OPEN, PASS, Line, Lines, named, settled, unknown
from tests.oracle.run_files import NoSeries, Unknown


def generator_health(facts: Facts) -> Lines:
    """docs/checks/generator-health.md."""
    for shard in facts.shards:
        same = not shard.is_changed and shard.rows == shard.recorded
        status = settled(same) if shard.is_whole else OPEN
        yield Line(shard.name, {"file": shard.name}, status, shard.recorded, shard.rows)
    if facts.answered.empty:
        yield unknown("samples")
    health, budget = facts.run["generator"], facts.run["budget"]
    code = health["exit_code"]
    planned, peak = health["planned_users"], health["peak_users"]
    short_s = health["planned_duration_s"] - health["duration_s"]
    late = short_s > 2 and health.get("loaded_s") is None
    accepted = code in health.get("accepted_exits", (0, 1))
    delivered = accepted and planned <= peak and not late and not facts.cut_short
    if health.get("tool", "Locust") != "Locust":
        planned, peak = health["planned_duration_s"], health["duration_s"]
    yield Line("load", {}, PASS, planned, peak) if delivered else unknown("load")
    if facts.run.get("arrival_rate") is not None or health.get("planned_arrivals") is not None:
        arrived = _arrivals(health.get("planned_arrivals"), health.get("begun_arrivals"))
        yield replace(arrived, status=OPEN) if facts.cut_short else arrived
    limit = budget["max_generator_cpu_ratio"]
    yield unknown("saturation") if facts.saturated else Line("saturation", {}, PASS, limit, health["cpu_ratio"])


def _arrivals(planned: int | None, begun: int | None) -> Line:
    if not planned or begun is None:
        return unknown("arrivals")
    dropped = planned - begun
    return Line("arrivals", {}, PASS if 0 <= dropped <= 0.05 * planned else OPEN, planned, begun)


def scrape_health(facts: Facts) -> Lines:
    """docs/checks/scrape-health.md."""
    if ended := facts.run.get("ended"):
        yield Line("processes", {}, settled(False), 0, len(ended))
    yield from _scrapes(facts)
    yield _resets(facts)
    yield _own_subtraction(facts)
    yield from _process_start(facts)
    yield from _stored(facts)
    clocks = [facts.run["window"].get("clock_skew_s", 0.0)]
    if facts.run["generator"].get("clock_skew_s"):
        clocks.append(clocks[0] + facts.run["generator"]["clock_skew_s"])
    worst = max(clocks, key=abs)
    yield Line("clock", {}, settled(abs(worst) <= facts.run["budget"]["max_clock_skew_s"]), 0, worst)


def _scrapes(facts: Facts) -> Lines:
    try:
        up = with_column(facts.raw("up"), "instance")
    except Unknown:
        yield unknown("scrapes")
        return
    for _, rows in up.groupby("series"):
        instance = rows["instance"].iloc[0]
        inside = rows[rows["time"].between(facts.t0 - HALF_MS, facts.t1 + HALF_MS)]
        gap = np.diff([facts.t0, *inside["time"], facts.t1]).max()
        steps = facts.length / facts.step
        due, made, down = int(steps + 0.05), max(len(inside) - 1, 0), int((inside["value"] != 1).sum())
        on_time = len(inside) > 0 and gap <= 1.5 * facts.step
        labels = named(instance=instance)
        status = OPEN if _is_busy(facts, inside) else settled(on_time and not down)
        yield Line(f"{instance or 'target'} scrapes", labels, status, due, made - down)
    for gone in set(facts.run["instances"]) - set(up["instance"]):
        yield Line(f"{gone} scrapes", {"instance": gone}, settled(False))


def _is_busy(facts: Facts, scrapes: Frame) -> bool:
    """Scrapes timed out because the machine of the harness had no processor to spare: docs/checks/scrape-health.md."""
    if (facts.run["window"].get("waited_ratio") or 0) <= 0.9 or (scrapes["value"] == 1).all():
        return False
    took = with_column(facts.raw("scrape_duration_seconds"), "instance").merge(scrapes[["instance", "time"]])
    took = scrapes.merge(took, on=["instance", "time"], suffixes=("_up", ""))
    failed, well = took.loc[took["value_up"] != 1, "value"], took.loc[took["value_up"] == 1, "value"]
    return bool(
        len(well)
        and failed.min() > well.max()
        and failed.min() >= 1.5 * well.median()
        and well.max() > 0.5 * failed.max()
    )


def kept(facts: Facts) -> list[str]:
    """The counters that the scrape job does not drop."""
    return [each for each in COUNTERS if facts.name(each) not in facts.run.get("dropped", ())]


def _resets(facts: Facts) -> Line:
    falls = {}
    for metric in kept(facts):
        try:
            falls[facts.name(metric)] = int(facts.grown(metric)["falls"].sum())
        except Unknown:
            return unknown("counter resets", metric=facts.name(metric))
    total = sum(falls.values())
    labels = {"metric": max(falls, key=lambda each: falls[each])} if total else {}
    return Line("counter resets", labels, settled(not total), 0, total)


def _own_subtraction(facts: Facts) -> Line:
    seen = 0
    for metric in kept(facts):
        now, labels = facts.select(metric), {"metric": facts.name(metric)}
        try:
            raw = {str(le): value for le, value in facts.by(metric, "le").items()}
            query = f"sum by (le) (({now} - {now} offset {facts.ms(facts.length)}) or {now})"
            try:
                own = {le: value for (le,), value in facts.values_of(query, "le").items()}
            except NoSeries:
                own = {}
        except Unknown:
            return unknown("raw samples", **labels)
        seen += len(own)
        for le in sorted({*raw, *own}):
            if not math.isclose(raw.get(le, 0), own.get(le, 0), rel_tol=1e-9, abs_tol=1e-6):
                return Line("raw samples", named(le=le, **labels), settled(False), own.get(le), raw.get(le))
    return Line("raw samples", {}, PASS if seen else OPEN)


def _process_start(facts: Facts) -> Lines:
    metric = "process_start_time_seconds"
    try:
        points = with_column(facts.raw(metric), "instance")
    except Unknown:
        if not facts.files.was_asked(facts.raw_query(metric)):
            yield unknown("process start")
        return
    for _, rows in points.groupby("series"):
        instance = rows["instance"].iloc[0]
        starts = rows.loc[rows["time"] >= facts.t0 - HALF_MS, "value"].nunique()
        numbers = (1, starts) if starts > 1 else (None, None)
        subject = f"{instance or 'target'} process start"
        yield Line(subject, named(instance=instance), settled(starts <= 1), *numbers)


def _stored(facts: Facts) -> Lines:
    selector = facts.run["selector"]
    try:
        kept = facts.files.answer(f"scrape_samples_post_metric_relabeling{{{selector}}}")
        stored, doubtful = _held(facts)
    except Unknown:
        yield unknown("stored series")
        return
    for each in kept:  # of every target: a job may name an instance twice
        instance, number = each["metric"].get("instance", ""), float((each.get("values") or [each["value"]])[-1][1])
        found = stored.get((instance,), 0.0)
        fine = found - doubtful.get((instance,), 0.0) <= number <= found
        yield Line(f"{instance} stored series", named(instance=instance), settled(fine), number, found)


def _held(facts: Facts) -> tuple[dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
    """Series stored at t1 by instance, and those of them that a rule nobody reported may have made. Raises Unknown."""
    recorded, selector = facts.run.get("recorded"), facts.run["selector"]
    if recorded is None:
        return facts.values_of(f'count by (instance) ({{{selector}, __name__!~"up|scrape_.+"}})', "instance"), {}
    target = selector.strip().removesuffix(",")
    names = "|".join(re.escape(name) for name in recorded).replace("\\", "\\\\")
    not_recorded = f'__name__!~"{names}"' if names else ""
    counts = []
    for first in ('__name__!~"up|scrape_.+|ALERTS|ALERTS_FOR_STATE"', '__name__=~".*:.*"'):
        matchers = ", ".join(each for each in (target, first, not_recorded) if each)
        try:
            counts.append(facts.values_of(f"count by (instance) ({{{matchers}}})", "instance"))
        except NoSeries:
            if not counts:
                raise
            counts.append({})
    return counts[0], counts[1]


def series_presence(facts: Facts) -> Lines:
    """docs/checks/series-presence.md."""
    up, points = _up(facts), {}
    for metric in kept(facts):
        try:
            points[facts.name(metric)] = with_column(facts.raw(metric), "instance")
        except NoSeries:
            continue
        except Unknown:
            yield unknown("series", metric=facts.name(metric))
            return
    if up is None:
        yield unknown("series")
        return
    found = [line for instance in sorted(set(up["instance"])) if (line := _gaps(facts, instance, up, points))]
    yield from found or [unknown("series")]


def _up(facts: Facts) -> Frame | None:
    try:
        return with_column(facts.raw("up"), "instance")
    except Unknown:
        return None


def _gaps(facts: Facts, instance: str, up: Frame, points: dict[str, Frame]) -> Line | None:
    """The scrapes of an instance at which a series of it is missing; None where there is nothing to compare."""
    targets = [rows for _, rows in up[up["instance"] == instance].groupby("series")]
    scrapes = [
        (set(rows["time"]), set(rows.loc[rows["time"].between(*inside) & (rows["value"] == 1), "time"]))
        for inside in [(facts.t0 - HALF_MS, facts.t1 + HALF_MS)]
        for rows in targets
    ]
    series = [
        (metric, set(each["time"]), *scrapes[_nearest(targets, each)])
        for metric, rows in points.items()
        for _, each in rows[rows["instance"] == instance].groupby("series")
    ]
    if not any(well for _, well in scrapes) or not series:
        return None
    subject, labels = f"{instance} series", {"instance": instance}
    judged = [(metric, times, well) for metric, times, every, well in series if times <= every]
    if not judged:
        return Line(subject, labels, OPEN)
    gaps = [(at, metric) for metric, times, well in judged for at in well - times if at > min(times)]
    if not gaps:
        return Line(subject, labels, PASS, 0, 0)
    first = min(at for at, _ in gaps)
    metric = next(metric for at, metric in gaps if at == first)
    return Line(subject, {**labels, "metric": metric}, FAIL, 0, len(gaps))


def _nearest(targets: list[Frame], series: Frame) -> int:
    """Which target of an instance a series is of: the first of those with the fewest labels that differ."""
    of_series = series.iloc[0]
    names = [name for name in targets[0].columns if name not in ("__name__", "series", "time", "value")]
    differing = [sum(rows.iloc[0][name] != of_series.get(name, "") for name in names) for rows in targets]
    return differing.index(min(differing))


def quiescence(facts: Facts) -> Lines:
    """docs/checks/quiescence.md."""
    is_embedded = facts.run.get("embedded", True)
    for end, time in (("t0", facts.t0), ("t1", facts.t1)):
        subject, labels = f"in flight at {end}", {"end": end}
        try:
            own = len(facts.exporters) if facts.counts_scrapes else 0
            arrived, left = (
                facts.counted_until(f"django_http_{each}_before_middlewares_total", time)
                for each in ("requests", "responses")
            )
        except Unknown:
            yield Line(subject, labels, OPEN)
            continue
        flying = round(arrived - left) - own
        if facts.foreign and flying:
            yield Line(subject, labels, PASS, None, flying)
        else:
            status = OPEN if flying > 0 and not is_embedded else settled(flying == 0)
            yield Line(subject, labels, status, 0, flying)
    if None in facts.idle:
        yield unknown("foreign traffic")
        return
    seen = sum(each or 0 for each in facts.idle)
    if facts.run.get("foreign_traffic"):
        yield Line("foreign traffic", {}, PASS, None, seen)
    else:
        yield Line("foreign traffic", {}, OPEN if seen and not is_embedded else settled(not seen), 0, seen)
