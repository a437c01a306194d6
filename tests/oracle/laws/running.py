"""Whether the counters were right between the ends of the window too."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.oracle.facts import HALF_MS, POOL, Facts, with_column
from tests.oracle.frames import Column, Frame
from tests.oracle.laws import names
from tests.oracle.laws.histograms import ALL, judged, longest_s, rows_of
from tests.oracle.line import FAIL, OPEN, PASS, Line, Lines, unknown
from tests.oracle.run_files import Unknown

Floats = npt.NDArray[np.float64]
Key = tuple[str, ...]
Bounds = tuple[Floats, Floats]
"""At each reading, the least and the most that a counter may have grown by."""
TWO_CLOCKS_S, ONE_CLOCK_S, ALIGNED_S = 0.05, 0.01, 0.002


@dataclass(frozen=True)
class Readings:
    """When the counters were read, one number each."""

    time: Floats
    """Of the newest sample."""
    newest: dict[str, Floats]
    """Of each instance, the time of its newest sample; NaN before the first."""
    answered: Floats
    """What the client had by then is counted, on its own clock."""
    sent: Floats
    """What it sent later is not."""


def running_counts(facts: Facts) -> Lines:
    """docs/checks/running-counts.md."""
    at = _readings(facts)
    if not len(at.time):
        yield unknown("")
        return
    answers = _answers(facts, at)
    routed: dict[Key, Bounds] = defaultdict(lambda: _none(at))
    for (view, method, _), bounds in answers.items():
        if view not in (POOL, "<unnamed view>"):
            routed[(view, method)] = _plus(routed[(view, method)], bounds)
    whole: dict[Key, Bounds] = {(): _whole(facts, at)}
    yield from _counter(facts, at, "responses by view", names.RESPONSES, ["view", "method", "status"], answers)
    yield from _counter(facts, at, "requests by view", names.BY_VIEW, ["view", "method"], routed)
    yield from _counter(facts, at, "all requests", names.ARRIVED, [], whole)
    yield from _counter(facts, at, "all responses", names.ANSWERED, [], whole)


def _readings(facts: Facts) -> Readings:
    stamps: dict[str, set[float]] = defaultdict(set)
    for metric in (names.ARRIVED, names.ANSWERED, names.BY_VIEW, names.RESPONSES):
        points = _samples(facts, metric)
        for instance, times in points[points["time"] <= facts.t1 + HALF_MS].groupby("instance")["time"]:
            stamps[str(instance)] |= set(times)
    time = np.array(sorted({each for own in stamps.values() for each in own if each > facts.t0 + HALF_MS}))
    durations = _samples(facts, "scrape_duration_seconds")
    newest, first, last = {}, np.full(len(time), np.inf), np.full(len(time), -np.inf)
    for instance, own in stamps.items():
        ordered = np.array([np.nan, *sorted(own)])
        newest[instance] = ordered[np.searchsorted(ordered[1:], time, side="right")]
        took = durations[durations["instance"] == instance].groupby("time")["value"].last()
        for place, stamp in enumerate(newest[instance]):
            if np.isnan(stamp):
                continue
            longest = took.max() if len(took) else facts.step
            is_scrape = stamp in took.index or not len(took)
            first[place] = min(first[place], stamp - (0.0 if is_scrape else longest))
            last[place] = max(last[place], stamp + took.get(stamp, longest))
    low, high = _clocks(facts)
    coarse = facts.run["generator"].get("start_resolution_s", 0.0)
    low, high = low - coarse, high + coarse
    sent = np.maximum.accumulate(last + high + ALIGNED_S + HALF_MS) if len(time) else last
    answered = np.minimum.accumulate(first[::-1])[::-1] + low - HALF_MS
    return Readings(time, newest, answered, sent)


def _samples(facts: Facts, metric: str) -> Frame:
    """Raw samples with their instance; none where they are not known."""
    try:
        return with_column(facts.raw(metric), "instance")
    except Unknown:
        return facts.nothing


def _clocks(facts: Facts) -> tuple[float, float]:
    """The least and the most that the client's clock can have been ahead of Prometheus's."""
    window, of_load = facts.run["window"], facts.run["generator"].get("clock_skew_s", 0.0)
    of_workers = facts.run["generator"].get("clock_error_s", 0.0)
    start = window.get("clock_skew_s", 0.0)
    end = window.get("clock_skew_end_s")
    both = [start, start if end is None else end]
    if facts.run.get("embedded", True) and not of_load and max(map(abs, both)) <= TWO_CLOCKS_S:
        return -ONE_CLOCK_S - of_workers, ONE_CLOCK_S + of_workers
    spare = TWO_CLOCKS_S * (2 if of_load else 1) + of_workers
    return min(both) + of_load - spare, max(both) + of_load + spare


def _none(at: Readings) -> Bounds:
    return np.zeros(len(at.time)), np.zeros(len(at.time))


def _plus(one: Bounds, other: Bounds) -> Bounds:
    return one[0] + other[0], one[1] + other[1]


def _until(times: Column, limits: Floats) -> Floats:
    """How many of the times are not after each limit."""
    return np.searchsorted(np.sort(times.to_numpy(float)), limits, side="right").astype(float)


def _by_client(rows: Frame, at: Readings) -> Bounds:
    """Rows with a response. Of a redirect that a redirect led to, the end is not known."""
    ended = (rows["started_s"] + rows["latency_s"]).mask((rows["hop"] > 0) & rows["status"].between(300, 399), np.inf)
    return _until(ended, at.answered), _until(rows["started_s"], at.sent)


def _answers(facts: Facts, at: Readings) -> dict[Key, Bounds]:
    rows = facts.answered
    known = rows["view"].where(rows["view"].isin(facts.known_views), POOL)
    groups = rows.groupby([known, rows["label"], rows["status"].astype(str)])
    return {tuple(map(str, key)): _by_client(own, at) for key, own in groups}


def _unanswered(facts: Facts, at: Readings, view: str, method: str) -> Floats:
    sent = facts.unanswered.loc[facts.may_be(view, method), "started_s"]
    return _until(sent, at.sent) + float(facts.unrecorded)


def _whole(facts: Facts, at: Readings) -> Bounds:
    """Of the totals: the client's requests, the scrapes, and declared background."""
    begun, ending = facts.known_spare
    low, high = _plus(_by_client(facts.answered, at), _others(facts, at))
    return np.maximum(low - begun, 0.0), high + ending


def _others(facts: Facts, at: Readings) -> Bounds:
    """Of the totals, what no response of the client stands for."""
    low, high = _none(at)
    bounds = low, high + _until(facts.unanswered["started_s"], at.sent) + facts.unrecorded
    for instance, newest in at.newest.items():
        if np.isnan(newest).all():
            continue
        bounds = _plus(bounds, _scrapes(facts, at, instance))
        for view in facts.declared:
            bounds = _plus(bounds, _by_others(_grown_of(facts, at, instance, view)))
    return bounds


def _scrapes(facts: Facts, at: Readings, instance: str) -> Bounds:
    counted, own = _grown_of(facts, at, instance, facts.metrics_view), np.cumsum(at.newest[instance] == at.time)
    if not (counted != 0).any() and len(_samples(facts, names.RESPONSES)):
        return _none(at)
    if not facts.views_fit or np.array_equal(counted, own):
        return own.astype(float), own.astype(float)
    low, high = _by_others(counted)
    return low, np.maximum(high, own)


def _by_others(counted: Floats) -> Bounds:
    """What was answered by the reading before has come by now, and no more than was answered by t1."""
    reached = np.maximum.accumulate(np.nan_to_num(counted))
    return np.append(0.0, reached[:-1]), np.full(len(reached), reached[-1])


def _grown_of(facts: Facts, at: Readings, instance: str, view: str) -> Floats:
    rows = with_column(_growth(facts, at, names.RESPONSES), "view")
    own = rows[(rows["view"] == view) & (rows["instance"] == instance)]
    return np.sum(np.stack(own["grown"]), axis=0) if len(own) else np.zeros(len(at.time))


def _growth(facts: Facts, at: Readings, metric: str) -> Frame:
    """Each series with `grown`: its growth since t0 at each reading; NaN where it has no sample though it was there."""
    points = _samples(facts, metric)
    rows = []
    for _, own in points.groupby("series"):
        time, value = own["time"].to_numpy(float), own["value"].to_numpy(float)
        early = time <= facts.t0 + HALF_MS
        before = np.append(value[0] if early[0] else 0.0, value[:-1])
        step = np.where(value < before / 2, value, value - before)
        total = np.cumsum(np.where(early, 0.0, step))
        newest = at.newest.get(own["instance"].iloc[0], np.full(len(at.time), np.nan))
        place = np.minimum(np.searchsorted(time, newest), len(time) - 1)
        grown = np.where(time[place] == newest, total[place], np.where(newest > time[0], np.nan, 0.0))
        rows.append({**own.iloc[0].to_dict(), "grown": grown})
    return facts.nothing.assign(grown=[]) if not rows else type(points)(rows)


def _counter(facts: Facts, at: Readings, subject: str, metric: str, by: list[str], bounds: dict[Key, Bounds]) -> Lines:
    labels = {"metric": facts.name(metric)}
    try:
        facts.grown(metric)
    except Unknown:
        yield Line(subject, labels, OPEN)
        return
    grown = _by_key(facts, at, metric, by)
    worst: dict[bool, tuple[float, Key, Line]] = {}
    caught_up = False
    for key in sorted({*grown, *bounds}):
        low, high = bounds.get(key, _none(at))
        if by:
            high = high + _unanswered(facts, at, key[0], key[1])
        seen = grown.get(key, np.zeros(len(at.time)))
        named = {**labels, **dict(zip(("view", "method", "status"), key, strict=False))}
        caught_up |= bool(np.any((low - seen > 0)[:-1] & (np.diff(seen) > high[1:] - low[:-1])))
        for is_behind, apart in ((True, low - seen), (False, seen - high)):
            off = np.nan_to_num(apart, nan=-np.inf)
            place = int(np.argmax(off))
            if off[place] <= 0 or (facts.foreign and not is_behind):
                continue
            if is_behind in worst and worst[is_behind][0] >= off[place]:
                continue
            spread = float(high[place] - low[place])
            band = None if facts.foreign else (0.0, spread) if is_behind else (spread, 0.0)
            limit = float((low if is_behind else high)[place])
            worst[is_behind] = float(off[place]), key, Line(subject, named, FAIL, limit, float(seen[place]), band)
    for is_behind, (_, _, line) in worst.items():
        late = {"late": "yes"} if is_behind and caught_up and not facts.foreign else {}
        yield replace(line, labels={**line.labels, **late})
    if not worst:
        unseen = any(np.isnan(own).all() for own in grown.values())
        yield Line(subject, labels, OPEN if unseen else PASS)


def _by_key(facts: Facts, at: Readings, metric: str, by: list[str]) -> dict[Key, Floats]:
    """Growth by labels, without background, and with the client's unknown views pooled or, of requests, left out."""
    rows = _growth(facts, at, metric)
    for label in by:
        rows = with_column(rows, label)
    has_pool = not facts.answered["view"].isin(facts.known_views).all()
    found: dict[Key, Floats] = {}
    for row in rows.to_dict("records"):
        key: Key = tuple(row[label] for label in by)
        if by and key[0] in facts.background:
            continue
        if by and has_pool and key[0] not in facts.known_views:
            if metric == names.BY_VIEW:
                continue
            key = (POOL, *key[1:])
        found[key] = found.get(key, 0.0) + row["grown"]
    return found


def running_latency(facts: Facts) -> Lines:
    """docs/checks/running-latency.md."""
    at = _thinned(facts, _readings(facts))
    if not len(at.time):
        yield unknown("")
        return
    for subject, metric, by in (
        ("latency by view", names.LATENCY, ["view", "method"]),
        ("latency of all requests", names.LATENCY_IN_ALL, []),
    ):
        labels = {"metric": facts.name(f"{metric}_bucket")}
        try:
            grown = facts.grown(f"{metric}_bucket")
        except Unknown:
            yield Line(subject, labels, OPEN)
            continue
        if not len(grown):
            yield Line(subject, labels, FAIL)
            continue
        yield from _latencies(facts, at, subject, labels, metric, by)


def _bounds_s(facts: Facts) -> Floats:
    """Those of both histograms."""
    both = [_samples(facts, f"{metric}_bucket") for metric in (names.LATENCY, names.LATENCY_IN_ALL)]
    found = {float(le) for rows in both if len(rows) for le in with_column(rows, "le")["le"] if le}
    return np.array(sorted(bound for bound in found if np.isfinite(bound)))


def _thinned(facts: Facts, at: Readings) -> Readings:
    """Every k-th reading, from the last one back, where there are too many."""
    cells = (len(_bounds_s(facts)) + 1) * len(rows_of(facts))
    step = max(-(-len(at.time) // min(240, max(2_000_000 // max(cells, 1), 1))), 1)
    taken = np.arange(len(at.time))[::-1][::step][::-1]
    newest = {instance: own[taken] for instance, own in at.newest.items()}
    return Readings(at.time[taken], newest, at.answered[taken], at.sent[taken])


def _latencies(facts: Facts, at: Readings, subject: str, labels: dict[str, str], metric: str, by: list[str]) -> Lines:
    buckets = _growth(facts, at, f"{metric}_bucket")
    for label in (*by, "le"):
        buckets = with_column(buckets, label)
    worst: dict[bool, tuple[float, Line]] = {}
    late = any_judged = has_bounds = unseen = False
    for key, rows in judged(facts).items():
        if (key == ALL) is bool(by) or key[0] in facts.background:
            continue
        own = buckets if key == ALL else buckets[(buckets["view"] == key[0]) & (buckets["method"] == key[1])]
        grown = {bound: np.sum(np.stack(each["grown"]), axis=0) for bound, each in own.groupby(own["le"].astype(float))}
        unseen |= any(np.isnan(each).all() for each in grown.values())
        any_judged, has_bounds = True, has_bounds or len(grown) > 1
        named = {**labels, **({} if key == ALL else {"view": key[0], "method": key[1]})}
        behind, ahead, catches_up = _worst_of_one(facts, at, key, rows, grown)
        late |= catches_up
        for is_behind, found in ((True, behind), (False, ahead)):
            off, limit, seen = found
            if off > (0 if is_behind else 1) and (is_behind or not facts.foreign):
                line = Line(subject, named, FAIL, limit, seen, None if is_behind else (0.0, 1.0))
                if is_behind not in worst or off > worst[is_behind][0]:
                    worst[is_behind] = off, line
    if any_judged and not has_bounds:
        yield Line(subject, labels, OPEN)
    if not has_bounds:
        return
    for is_behind, (_, line) in worst.items():
        yield replace(line, labels={**line.labels, "late": "yes"}) if is_behind and late and not facts.foreign else line
    if not worst:
        yield Line(subject, labels, OPEN if unseen else PASS)


def _worst_of_one(
    facts: Facts, at: Readings, key: Key, rows: Frame, grown: dict[float, Floats]
) -> tuple[tuple[float, float, float], tuple[float, float, float], bool]:
    """How far one histogram is behind at its worst, how far ahead over all readings, and whether it caught up."""
    own = rows["witness_app_s" if key == ALL else "witness_view_s"]
    whole = bool(own.notna().all())
    times = own if whole else rows["latency_s"]
    if whole and key != ALL:
        again = rows[rows["witness_raised_s"].notna()]
        rows, times = pd.concat([rows, again]), pd.concat([times, again["witness_raised_s"]])
    unknown_end = (rows["hop"] > 0) & rows["status"].between(300, 399)
    ended = (rows["started_s"] + rows["latency_s"]).mask(unknown_end, np.inf)
    grown = grown or {np.inf: np.zeros(len(at.time))}
    bounds = sorted(grown)
    unmatched, begun = 0.0, 0.0
    if key == ALL:
        low, high = _others(facts, at)
        begun, ending = facts.known_spare
        more = high - np.append(0.0, low[:-1]) + begun + ending
    else:
        more = 2 * _unanswered(facts, at, key[0], key[1])
        last = float(np.nan_to_num(grown[bounds[-1]]).max())
        unmatched = max(last - float(_until(rows["started_s"], at.sent)[-1]), 0.0)
    far = longest_s(facts)
    behind, ahead = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    least = {bound: np.maximum(_until(ended[times <= bound], at.answered) - begun, 0.0) for bound in bounds}
    was_behind = np.any([least[bound] > grown[bound] for bound in bounds], axis=0)
    afterwards, catches_up = np.append(False, was_behind[:-1]), False
    for bound in bounds:
        seen = grown[bound]
        off = np.nan_to_num(least[bound] - seen)
        place = int(np.argmax(off))
        if off[place] > behind[0]:
            behind = float(off[place]), float(least[bound][place]), float(seen[place])
        fast = (times <= bound + far) if whole else times.notna()
        most = _until(rows["started_s"][fast], at.sent)
        known = np.append(0.0, _until(ended[fast], at.answered)[:-1])
        gained = np.diff(seen, prepend=0.0)
        over = np.maximum(np.nan_to_num(gained - (most - known) - more - unmatched), 0.0)
        catches_up |= bool((over[afterwards] > 1).any())
        over[afterwards] = 0.0
        if over.sum() > ahead[0]:
            ahead = float(over.sum()), 0.0, float(over.sum())
    return behind, ahead, catches_up
