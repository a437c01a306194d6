"""Whether what the app did beside its requests is counted: SQL, caches, models, migrations."""

import math

import numpy as np
import pandas as pd

from tests.oracle.facts import HALF_MS, Facts, with_column
from tests.oracle.frames import Frame
from tests.oracle.laws import names
from tests.oracle.laws.histograms import ALPHA, bernstein_s, gaps, layer_s, longest_s, variance
from tests.oracle.line import FAIL, OPEN, PASS, Labels, Line, Lines, settled, unknown
from tests.oracle.run_files import JSON, Unknown

TESTED_PAST_WRAPPERS = {"postgresql"}
DATABASE_ERRORS = {
    *("DataError", "DatabaseError", "IntegrityError", "InterfaceError", "InternalError", "NotSupportedError"),
    *("OperationalError", "ProgrammingError"),
}


def number(table: Frame, subject: str, key: str) -> int:
    """How often the witness saw `key` happen to `subject`."""
    return int(table.at[subject, key]) if subject in table.index and key in table.columns else 0


def database(facts: Facts) -> Lines:
    """docs/checks/database.md."""
    for metric in (names.EXECUTE, names.EXECUTE_MANY, names.SQL_ERRORS, f"{names.SQL_TIME}_count"):
        facts.grown(metric)
    for metric in (f"{names.SQL_TIME}_sum", names.CONNECTIONS, names.CONNECTION_ERRORS):
        facts.grown(metric)
    seen = facts.by_subject("db")
    log_before, log_after, log_failed = _log(facts)
    aliases = {
        alias
        for each in (names.EXECUTE, names.CONNECTIONS)
        for alias in with_column(facts.grown(each), "alias")["alias"]
    }
    outside = len(seen) and _ran_outside(seen, log_before, log_after)
    if len(seen):
        yield from _by_witness(facts, seen, aliases, bool(outside))
    if log_failed:
        yield unknown("SQL log")
    elif log_before is not None and log_after is not None:
        yield from _by_log(facts, log_before, log_after, aliases, bool(outside))
    yield from _query_histogram(facts)


def _log(facts: Facts) -> tuple[JSON | None, JSON | None, bool]:
    """The totals of the SQL log at both ends, and whether only one of them, or none, could be read."""
    ends: list[JSON | None] = []
    failed = False
    for when in ("start", "end"):
        try:
            answer = facts.files.at_end(when, "sql_log")
            ends.append(None if answer is None else answer["totals"])
        except (Unknown, KeyError):
            ends.append(None)
            failed = True
    return ends[0], ends[1], failed or (ends[0] is None) != (ends[1] is None)


def _grown_log(before: JSON, after: JSON, alias: str) -> dict[str, int]:
    first, last = before.get(alias, {}), after.get(alias, {})
    return {key: last.get(key, 0) - first.get(key, 0) for key in ("execute", "many", "sets", "recheck")}


def _ran_outside(seen: Frame, before: JSON | None, after: JSON | None) -> bool:
    """The log has statements that no request of the load ran."""
    if before is None or after is None:
        return False
    for alias in after:
        grown = _grown_log(before, after, alias)
        if grown["execute"] + grown["many"] > number(seen, alias, "execute") + number(seen, alias, "many"):
            return True
    return False


def _started(facts: Facts) -> bool:
    """A process started in the window, and each runs SQL for its gauges of migrations."""
    try:
        points = with_column(facts.raw("django_migrations_applied_total"), "pid")
    except Unknown:
        return False
    born = points.groupby("series").agg(first=("time", "first"), pid=("pid", "first"))
    return bool(((born["first"] > facts.t0 + HALF_MS) & (born["pid"] != "")).any())


def _vendors(facts: Facts, alias: str) -> set[str]:
    executes = with_column(with_column(facts.grown(names.EXECUTE), "alias"), "vendor")
    return set(executes.loc[executes["alias"] == alias, "vendor"])


def _calls(facts: Facts, alias: str, calls: dict[str, int]) -> list[tuple[str, int, float]]:
    """What the library makes of calls of the cursor: name, expected, observed."""
    tests = calls["recheck"] if _vendors(facts, alias) & TESTED_PAST_WRAPPERS else 0
    return [
        ("statements", calls["execute"] + calls["sets"] + tests, facts.total(names.EXECUTE, alias=alias)),
        ("executemany sets", calls["sets"], facts.total(names.EXECUTE_MANY, alias=alias)),
        (
            "timings",
            calls["execute"] + calls["many"] + tests,
            facts.total(f"{names.SQL_TIME}_count", alias=alias),
        ),
    ]


def _by_witness(facts: Facts, seen: Frame, aliases: set[str], outside: bool) -> Lines:
    open_above = facts.unwitnessed() or _started(facts) or outside
    errors = facts.by(names.SQL_ERRORS, "alias", "type")
    for alias in sorted({*seen.index, *aliases}):
        counts = _calls(facts, alias, {key: number(seen, alias, key) for key in ("execute", "many", "sets", "recheck")})
        kinds = {key.removeprefix("error.") for key in seen.columns if key.startswith("error.")}
        kinds |= {kind for group, kind in errors.index if group == alias}
        for kind in kinds:
            counts.append((kind, number(seen, alias, f"error.{kind}"), float(errors.get((alias, kind), 0.0))))
        opened = facts.total(names.CONNECTIONS, alias=alias) - facts.total(names.CONNECTION_ERRORS, alias=alias)
        counts.append(("connections", number(seen, alias, "connect"), opened))
        for name, due, observed in counts:
            if due or observed:
                yield facts.equal(f"{alias} {name}", due, observed, {"alias": alias}, open_above=open_above)
    if not (facts.unusable or facts.foreign or open_above):
        tests = sum(
            number(seen, alias, "recheck") for alias in seen.index if _vendors(facts, alias) & TESTED_PAST_WRAPPERS
        )
        yield _sql_time(facts, tests)


def _sql_time(facts: Facts, tests: int) -> Line:
    reference, n = gaps(facts.answered), facts.total(f"{names.SQL_TIME}_count")
    if reference.empty or not n:
        return unknown("SQL time")
    due, observed = float(facts.answered["db_s"].sum()), facts.total(f"{names.SQL_TIME}_sum")
    chance = bernstein_s(round(n), variance(reference), longest_s(facts), ALPHA)
    spare = n * (layer_s(reference) + chance)
    tested = min(_slowest(facts, tests), observed)
    fine = -1e-9 * due - tested <= due - observed <= spare and observed > 0
    return Line("SQL time", {}, settled(fine), due, observed, None if spare >= due else (spare, 0.0))


def _slowest(facts: Facts, number: int) -> float:
    """At most so long took the slowest statements of this number."""
    if not number:
        return 0.0
    try:
        buckets = with_column(facts.grown(f"{names.SQL_TIME}_bucket"), "le")
    except Unknown:
        return math.inf
    by_bound = (
        buckets[buckets["le"] != ""].assign(le=lambda rows: rows["le"].astype(float)).groupby("le")["grown"].sum()
    )
    held = np.diff(by_bound.to_numpy(float), prepend=0.0).round().astype(int).clip(0)
    each = np.repeat(by_bound.index.to_numpy(float), held)
    return float(np.sort(each)[::-1][:number].sum())


def _by_log(facts: Facts, before: JSON, after: JSON, aliases: set[str], outside: bool) -> Lines:
    at_most, started = facts.foreign or outside, _started(facts)
    for alias in sorted({*before, *after, *aliases}):
        grown = _grown_log(before, after, alias)
        if at_most and alias in after and alias not in aliases and any(grown.values()):
            yield Line(f"{alias} series", {"alias": alias}, FAIL)
        for name, due, observed in _calls(facts, alias, grown):
            subject, labels = f"{alias} {name}, SQL log", {"alias": alias}
            if not due and not observed:
                continue
            if at_most:
                yield Line(subject, labels, settled(observed <= due), due, observed)
            else:
                yield facts.equal(subject, due, observed, labels, open_above=started)


def _query_histogram(facts: Facts) -> Lines:
    parts = {part: f"{names.SQL_TIME}_{part}" for part in ("bucket", "count", "sum")}
    try:
        grown = {part: facts.grown(metric) for part, metric in parts.items()}
        facts.grown(f"{names.LATENCY}_bucket")
    except Unknown:
        yield unknown("query histogram")
        return
    frames = {
        part: with_column(with_column(with_column(rows, "alias"), "instance"), "le") for part, rows in grown.items()
    }
    aliases = sorted(set().union(*(frame["alias"] for frame in frames.values())))
    if not aliases:
        return
    yield _sql_labels(facts, frames)
    for alias in aliases:
        buckets, counts, sums = (frame[frame["alias"] == alias] for frame in frames.values())
        top = buckets.loc[buckets["le"] == "+Inf", "grown"].sum()
        labels = {"alias": alias}
        yield facts.alike(f"{alias} +Inf bucket", counts["grown"].sum(), top, {**labels, "le": "+Inf"})
        yield _sum_by_buckets(f"{alias} SQL time by buckets", buckets, float(sums["grown"].sum()), labels)


def _sql_labels(facts: Facts, parts: dict[str, Frame]) -> Line:
    metrics = (names.EXECUTE, names.EXECUTE_MANY, names.SQL_ERRORS, names.CONNECTIONS, names.CONNECTION_ERRORS)
    every = [*(facts.grown(metric) for metric in metrics), *parts.values()]
    rows = pd.concat([_columns(each, "instance", "alias", "vendor") for each in every])
    vendors = rows.groupby(["instance", "alias"])["vendor"].nunique()
    if (vendors > 1).any():
        alias = min(alias for (_, alias), n in vendors.items() if n > 1)
        first = next(alias for (_, alias), n in vendors.items() if n > 1)
        return Line("labels", {"alias": first or alias}, FAIL)
    pairs = {part: {*zip(rows["instance"], rows["alias"], strict=True)} for part, rows in parts.items()}
    for part, found in pairs.items():
        for instance, alias in sorted(set().union(*pairs.values()) - found):
            metric = facts.name(f"{names.SQL_TIME}_{part}")
            return Line("labels", {"alias": alias, "instance": instance, "metric": metric}, FAIL)
    return Line("labels", {}, PASS)


def _columns(rows: Frame, *labels: str) -> Frame:
    for label in labels:
        rows = with_column(rows, label)
    return rows[list(labels)]


def _sum_by_buckets(subject: str, buckets: Frame, total: float, labels: Labels) -> Line:
    by_bound = (
        buckets[buckets["le"] != ""].assign(le=lambda rows: rows["le"].astype(float)).groupby("le")["grown"].sum()
    )
    high = by_bound.index.to_numpy(float)
    low, held = np.append(0.0, high[:-1]), np.diff(by_bound.to_numpy(float), prepend=0.0)
    least = float((low * held).sum())
    most = float(high[held != 0] @ held[held != 0])
    fits = least * (1 - 1e-9) <= total <= most * (1 + 1e-9)
    falls = bool((held < 0).any())
    band = None if falls or math.isinf(most) else (0.0, most - least)
    return Line(subject, labels, settled(not falls and fits), least, total, band)


def cache(facts: Facts) -> Lines:
    """docs/checks/cache.md."""
    seen = {name: facts.by(metric, "backend") for name, metric in names.CACHE.items()}
    told = facts.by_subject("cache")
    if told.empty:
        return
    unwitnessed = facts.unwitnessed()
    backends = {backend for values in seen.values() for backend, value in values.items() if value}
    for backend in sorted({*told.index, *backends}):
        due, reads_elsewhere = _lookups(told, backend)
        for name, expected in due.items():
            observed = float(seen[name].get(backend, 0.0))
            if expected or observed:
                labels = {"backend": backend, "counter": name}
                open_above = unwitnessed or reads_elsewhere
                yield facts.equal(f"{backend} {name}", expected, observed, labels, open_above=open_above)


def _lookups(told: Frame, backend: str) -> tuple[dict[str, int], bool]:
    """What the library counts of what the views did, and whether others than the views read the cache."""
    of = {key: number(told, backend, key) for key in told.columns}
    get = of.get
    by_key = backend in ("locmem", "filebased")
    found, asked = (get("many_found", 0), get("many_keys", 0)) if by_key else (0, 0)
    hits = get("hit", 0) + get("falsy", 0) + get("or_set_hit", 0) + get("or_set_miss", 0) + found
    misses = get("miss", 0) + get("none", 0) + get("or_set_miss", 0) + asked - found
    by_views = hits + misses + get("fail", 0)
    failures = get("fail", 0) if backend in ("redis", "native_redis") else 0
    gets = max(get("get", 0), by_views)
    return {"gets": gets, "hits": hits, "misses": misses, "failures": failures}, get("get", 0) > by_views


def model_ops(facts: Facts) -> Lines:
    """docs/checks/model-ops.md."""
    seen = {name: facts.by(metric, "model") for name, metric in names.MODELS.items()}
    told = facts.by_subject("model")
    if told.empty:
        return
    events, open_above = facts.events("model"), facts.unwitnessed()
    refused = facts.answered[facts.answered["exception"].isin(DATABASE_ERRORS)]
    models = {model for values in seen.values() for model, value in values.items() if value}
    for model in sorted({*told.index, *models}):
        due = {
            "inserts": number(told, model, "insert"),
            "updates": number(told, model, "update") + number(told, model, "given_pk"),
            "deletes": number(told, model, "delete"),
        }
        views = set(events.loc[events["subject"] == model, "view"])
        attempts = int(refused["view"].isin(views).sum())
        for name, expected in due.items():
            observed = float(seen[name].get(model, 0.0))
            if expected or observed:
                labels = {"model": model, "operation": name}
                yield facts.equal(f"{model} {name}", expected, observed, labels, lost=attempts, open_above=open_above)
    yield from _rows(facts, told, open_above)


def _state(facts: Facts, when: str) -> JSON | None:
    """Rows and migrations at the `start` or `end`; None when nobody asked. Raises Unknown."""
    state = facts.files.at_end(when, "state")
    if state and not all(isinstance(state.get(part, {}), dict) for part in ("rows", "migrations")):
        raise Unknown("the state is no state")
    return state


def _rows(facts: Facts, told: Frame, open_above: bool) -> Lines:
    try:
        ends = [_state(facts, when) for when in ("start", "end")]
    except Unknown:
        ends = [None, {}]
    before, after = ends
    if before is None and after is None:
        return
    if before is None or after is None:
        yield unknown("rows")
        return
    first, last = before.get("rows", {}), after.get("rows", {})
    doubtful = bool(facts.answered["exception"].isin({"InterfaceError", "OperationalError"}).any())
    for model in sorted({*first, *last}):
        made, gone = (
            sum(number(told, model, key) for key in keys)
            for keys in (("insert", "bulk_insert"), ("delete", "bulk_delete", "undone"))
        )
        grown, labels = last.get(model, 0) - first.get(model, 0), {"model": model}
        if (facts.foreign or open_above or doubtful) and made - gone != grown:
            yield Line(f"{model} rows", labels, OPEN)
        else:
            yield facts.equal(f"{model} rows", made - gone, grown, labels)


def migrations(facts: Facts) -> Lines:
    """docs/checks/migrations.md."""
    state = _state(facts, "end")
    if state is None:
        return
    for alias, own in sorted(state.get("migrations", {}).items()):
        for name, true in own.items():
            subject, labels = f"{alias} {name}", {"alias": alias}
            try:
                points = with_column(facts.raw(f"django_migrations_{name}_total"), "connection")
            except Unknown:
                yield Line(subject, labels, OPEN)
                continue
            last = points[points["connection"] == alias].groupby("series")[["time", "value"]].last()
            current = last.loc[last["time"] >= facts.t1 - facts.step / 2, "value"]
            if current.empty:
                yield Line(subject, labels, OPEN)
                continue
            worst = float(current.loc[(current - true).abs().idxmax()])
            yield Line(subject, labels, settled(bool((current == true).all())), true, worst, (0, 0))
