"""Samples -> client summary, as a stream: shards are read twice; memory grows with views and thresholds, not samples.

The first pass counts: requests by view, method and status, latencies at or below each threshold, and a fine histogram
that locates each quantile within 0.4 %. The second pass collects only the values of those few bins, and so finds each
quantile exactly (docs/decisions/006-streaming-verification.md). It is longer than other modules because both passes
share the same arrays.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from harness.core import statistics
from harness.evidence.client import event_counts
from harness.evidence.client.repeats import ORIGIN, Origin, origins
from harness.evidence.client.rows import Rows
from harness.evidence.client.running_latency import RunningCounter, by_then
from harness.evidence.client.second_counter import SecondCounter
from harness.evidence.client.size_counter import SizeCounter
from harness.evidence.client.summary import (
    ALL,
    GAP_GRID_S,
    QUANTILES,
    Answered,
    Attribute,
    ClientSummary,
    Event,
    Gaps,
    Latency,
    Running,
    Values,
    ViewKey,
)
from harness.evidence.moments import Moment

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Numbers = TypeVar("Numbers", Codes, Floats)

KINDS = ("db", "cache", "model")
"""Columns of event counts: what the witness counted."""
ATTRIBUTES = ("request_bytes", "response_bytes", "charset", "template", "flags")
"""Columns of what the metrics count of a request or response apart from its time."""
FLAGS = {"s": "streaming", "a": "ajax"}
"""What letters of the column `flags` are called as an attribute; `t` is the transport."""
COLUMNS = (
    "started_s",
    "intended_s",
    "latency_s",
    "method",
    "name",
    "view",
    "status",
    "error",
    "witness_view_s",
    "witness_app_s",
    "witness_raised_s",
    "exception",
    "queue_s",
    "known_delay_s",
    "db_s",
    *KINDS,
    "hop",
    "instance",
    "labels",
    *ATTRIBUTES,
    "phase",
)
"""The columns that are read."""
REFINED = (
    *("started_s", "intended_s", "latency_s", "method", "view", "status"),
    *("witness_view_s", "witness_app_s", "witness_raised_s", "queue_s", "db_s", "hop", "phase"),
)
"""Those of the second pass."""

INTENDED = "intended_latency_s"
"""Made of three columns: latency from the intended start."""
FIRST_ERROR = 400
_SHIFT = 44
"""Keeps 8 bits of a float's mantissa: 256 bins per power of two, each at most 0.4 % wide."""
_LOWEST = int(np.float64(1e-7).view(np.int64) >> _SHIFT)
_BINS = int(np.float64(1e5).view(np.int64) >> _SHIFT) - _LOWEST + 1


@dataclass(slots=True)
class _Column:
    """Running counts of one latency column: `counts[code, threshold]`, `bins[code, bin]`, sums by code."""

    counts: Codes
    bins: Codes
    sums: Floats = field(default_factory=lambda: np.zeros(0))


class SampleAggregator:
    """First pass: feed it every table, then ask `summary`. A table has the columns `COLUMNS`, any number of rows."""

    def __init__(
        self,
        bounds_s: Iterable[float],
        readings: Sequence[Moment] = (),
        size_bounds: Iterable[float] = (),
        stalled_s: float = 0.0,
    ) -> None:
        """Upper bounds of histograms, `bounds_s` in seconds and `size_bounds` in bytes; `readings` are in order.

        `stalled_s` is for how long another process on the target's machine stood still.
        """
        finite = sorted({bound for bound in bounds_s if np.isfinite(bound)})
        self._bounds_s, self._readings, self._stalled_s = finite, readings, stalled_s
        self._thresholds = np.unique(np.array([bound + gap for bound in (0.0, *finite) for gap in GAP_GRID_S]))
        self._codes: dict[ViewKey, int] = {}
        width = len(self._thresholds) + 1
        self._columns = {
            name: _Column(np.zeros((0, width), np.int64), np.zeros((0, _BINS), np.int64)) for name in _LATENCIES
        }
        self._gap_above = np.zeros((0, len(GAP_GRID_S)), np.int64)
        self._gap_sums = np.zeros((0, 3))
        self._gap_largest = np.zeros(0)
        self._delay = np.zeros((0, 2))
        self._answered: Counter[tuple[str, str, int]] = Counter()
        self._unanswered: Counter[tuple[str, str]] = Counter()
        self._rejected: Counter[tuple[str, str, int]] = Counter()
        self._exceptions: Counter[tuple[str, str, str]] = Counter()
        self._events: Counter[Event] = Counter()
        self._views_of_name: dict[str, set[str]] = {}
        self._witnessed_views: set[str] = set()
        self._witnessed = self._rows = 0
        self._answered_s = np.array([each.answered_s for each in readings])
        self._sent_s = np.array([each.sent_s for each in readings])
        self._running: dict[tuple[str, str, int], Codes] = {}
        self._repeated: dict[Origin, Counter[tuple[str, str, int]]] = {each: Counter() for each in Origin}
        self._identified: Counter[Answered] = Counter()
        self._attributes: Counter[Attribute] = Counter()
        self._attributed = self._failed = 0
        self._seconds = SecondCounter()
        bounds = sorted({bound for bound in size_bounds if np.isfinite(bound)})
        self._sizes = {name: SizeCounter(bounds) for name in ("request_bytes", "response_bytes")}
        self._first_s: float | None = None
        self._last_s: float | None = None

    def add(self, table: pa.Table) -> None:
        """Count the rows of the measured phase."""
        rows = _measured(table)
        if not len(rows):
            return
        self._rows += len(rows)
        status, started_s, origin = rows.whole("status"), rows.floats("started_s"), rows.whole(ORIGIN)
        lost = status == 0
        self._failed += int((rows.has("error") | lost).sum())
        self._first_s = _known(np.fmin.reduce(started_s, initial=_or_nan(self._first_s)))
        self._last_s = _known(np.fmax.reduce(started_s + rows.floats("latency_s"), initial=_or_nan(self._last_s)))
        self._add_running(rows.only((origin != Origin.REPLAYED) & ~lost), ("view", "method", "status"))
        self._add_running(rows.only(lost), ("name", "method", "status"))
        self._unanswered.update(rows.counted("name", "method", where=lost))
        for kind in (Origin.BETWEEN, Origin.REPLAYED):
            self._repeated[kind].update(rows.counted("view", "method", "status", where=(origin == kind) & ~lost))
        self._add_answers(rows.only((origin != Origin.REPLAYED) & ~lost))

    def _add_answers(self, rows: Rows) -> None:
        """What the app, or something in it, answered."""
        if not len(rows):
            return
        status = rows.whole("status")
        self._answered.update(rows.counted("view", "method", "status"))
        rejected = rows.has("error") & (status < FIRST_ERROR)
        self._rejected.update(rows.counted("view", "method", "status", where=rejected))
        self._exceptions.update(rows.counted("view", "method", "exception"))
        for kind in KINDS:
            self._events.update(_events(kind, rows))
        for name, view in rows.counted("name", "view"):
            self._views_of_name.setdefault(name, set()).add(view)
        witnessed = rows.has("witness_view_s")
        self._witnessed += int(witnessed.sum())
        named = witnessed | (rows.whole(ORIGIN) == Origin.BETWEEN)
        self._witnessed_views.update(view for (view,) in rows.counted("view", where=named))
        self._seconds.add(rows.floats("started_s"), status, rows.floats("latency_s"))
        self._add_latencies(rows)
        self._add_identities(rows)
        self._add_attributes(rows)

    def summary(self, tables: Iterable[pa.Table]) -> ClientSummary:
        """Second pass over the same rows, of which `REFINED` is read: refine the quantiles and return everything."""
        rough = {key: self._latency(key) for key in (*self._codes, ALL)}
        over_time = RunningCounter(self._readings, self._bounds_s, self._codes, rough, self._stalled_s)
        refined = self._refine(tables, over_time)
        latency = {key: _with_quantiles(each, refined[key]) for key, each in rough.items()}
        return replace(self.counted(), latency=latency, running_latencies=over_time.found())

    def counted(self) -> ClientSummary:
        """Everything but the latencies, which take a second pass: over shards that still grow there is none."""
        return ClientSummary(
            rows=self._rows,
            answered=dict(self._answered),
            unanswered=dict(self._unanswered),
            rejected=dict(self._rejected),
            exceptions=dict(self._exceptions),
            events=dict(self._events),
            views_of_name={name: frozenset(views) for name, views in self._views_of_name.items()},
            witnessed=self._witnessed,
            witnessed_views=frozenset(self._witnessed_views),
            latency={},
            started=dict(self._seconds.started),
            first_s=self._first_s,
            last_s=self._last_s,
            running={
                key: Running(*(tuple(np.cumsum(row)[:-1].tolist()) for row in counts))
                for key, counts in self._running.items()
            },
            replayed=dict(self._repeated[Origin.REPLAYED]),
            between=dict(self._repeated[Origin.BETWEEN]),
            identified=dict(self._identified),
            attributes=dict(self._attributes),
            attributed=self._attributed,
            request_sizes=self._sizes["request_bytes"].sizes(),
            response_sizes=self._sizes["response_bytes"].sizes(),
            failed=self._failed,
            errors_started=dict(self._seconds.errors),
            latency_started=self._seconds.latencies,
        )

    def _add_running(self, rows: Rows, columns: tuple[str, str, str]) -> None:
        """Count each row from the first reading that has it on: `counts[answered or sent, reading]`."""
        width = len(self._sent_s) + 1
        if width == 1 or not len(rows):
            return
        answered, sent = by_then(rows, self._answered_s, self._sent_s)
        for key, own in rows.grouped(*columns):
            counts = [np.bincount(places[own], minlength=width) for places in (answered, sent)]
            self._running[key] = self._running.get(key, np.zeros((2, width), np.int64)) + np.stack(counts)

    def _add_identities(self, rows: Rows) -> None:
        """Of answers of the whole app: one that the inner witness did not see is in no counter by view."""
        named = rows.with_text("labels", rows.texts["labels"].filled(""))
        columns = ("instance", "labels", "view", "method", "status")
        for key, number in named.counted(*columns, where=rows.has("witness_view_s")).items():
            self._identified[Answered(*key)] += number

    def _add_attributes(self, rows: Rows) -> None:
        told = rows.has("flags")
        self._attributed += int(told.sum())
        for kind in ("charset", "template"):
            for (value,), number in rows.counted(kind, where=told).items():
                self._attributes[Attribute(kind, value)] += number
        for (flags,), number in rows.counted("flags").items():
            self._attributes[Attribute("transport", "https" if "t" in flags else "http")] += number
            for letter, kind in FLAGS.items():
                if letter in flags:
                    self._attributes[Attribute(kind, "")] += number
        for name, counter in self._sizes.items():
            values = rows.floats(name)
            counter.add(values[told & ~np.isnan(values)].astype(np.int64))

    def _add_latencies(self, rows: Rows) -> None:
        codes = self._encode(rows)
        n = len(self._codes)
        for name, column in _LATENCIES.items():
            running = self._columns[name]
            values = rows.floats(column)
            known = ~np.isnan(values)
            code, value = codes[known], values[known]
            places = np.searchsorted(self._thresholds, value, side="left")
            running.counts = _grown(running.counts, n) + _count2(code, places, n, running.counts.shape[1])
            running.bins = _grown(running.bins, n) + _count2(code, _bin(value), n, _BINS)
            running.sums = _grown(running.sums, n) + np.bincount(code, weights=value, minlength=n)
        gap = rows.floats("witness_app_s") - rows.floats("witness_view_s")
        known = ~np.isnan(gap)
        code, gap = codes[known], gap[known]
        moments = [np.bincount(code, weights=gap**power, minlength=n) for power in (0, 1, 2)]
        self._gap_sums = _grown(self._gap_sums, n) + np.stack(moments, axis=1)
        self._gap_largest = _grown(self._gap_largest, n)
        np.maximum.at(self._gap_largest, code, gap)
        above = [np.bincount(code[gap > offset], minlength=n) for offset in GAP_GRID_S]
        self._gap_above = _grown(self._gap_above, n) + np.stack(above, axis=1)
        delay = rows.floats("known_delay_s")
        known = ~np.isnan(delay)
        delays = [np.bincount(codes[known], weights=delay[known] ** power, minlength=n) for power in (0, 1)]
        self._delay = _grown(self._delay, n) + np.stack(delays, axis=1)

    def _encode(self, rows: Rows) -> Codes:
        """One integer per row for its view and method, the same in every table."""
        views, methods = rows.texts["view"], rows.texts["method"]
        pairs = views.places * len(methods.words) + methods.places
        seen, places = np.unique(pairs, return_inverse=True)
        table = []
        for pair in seen.tolist():
            view, method = divmod(pair, len(methods.words))
            key = (views.words[view], methods.words[method])
            table.append(self._codes.setdefault(key, len(self._codes)))
        return np.asarray(table, dtype=np.int64)[places]

    def _refine(
        self, tables: Iterable[pa.Table], over_time: RunningCounter
    ) -> Mapping[ViewKey, Mapping[str, Mapping[float, float]]]:
        """Exact quantiles by key, column and q: collect the values of the bins that hold them, sort, pick."""
        wanted: list[tuple[str, ViewKey, float, int, int]] = []
        masks: dict[str, npt.NDArray[np.bool_]] = {}
        for name, running in self._columns.items():
            mask = np.zeros(running.bins.shape, dtype=bool)
            for key in (*self._codes, ALL):
                rows = slice(None) if key == ALL else slice(self._codes[key], self._codes[key] + 1)
                counts = running.bins[rows].sum(axis=0)
                if (size := int(counts.sum())) == 0:
                    continue
                ends = np.cumsum(counts)
                for q in QUANTILES:
                    rank = statistics.rank(q, size)
                    place = int(np.searchsorted(ends, rank, side="left"))
                    wanted.append((name, key, q, place, rank - int(ends[place] - counts[place])))
                    mask[rows, place] = True
            masks[name] = mask
        found: dict[str, list[tuple[Codes, Codes, Floats]]] = {name: [] for name in masks}
        for table in tables:
            read = _measured(table, REFINED)
            own = read.only((read.whole("status") != 0) & (read.whole(ORIGIN) != Origin.REPLAYED))
            if not len(own):
                continue
            codes = self._encode(own)
            over_time.add(codes, own)
            for name, column in _LATENCIES.items():
                values = own.floats(column)
                known = ~np.isnan(values)
                code, value = codes[known], values[known]
                bins = _bin(value)
                hit = masks[name][code, bins]
                if hit.any():
                    found[name].append((code[hit], bins[hit], value[hit]))
        return self._pick(wanted, found)

    def _pick(
        self,
        wanted: list[tuple[str, ViewKey, float, int, int]],
        found: dict[str, list[tuple[Codes, Codes, Floats]]],
    ) -> Mapping[ViewKey, Mapping[str, Mapping[float, float]]]:
        joined: dict[str, tuple[Codes, Codes, Floats]] = {}
        for name, pieces in found.items():
            if pieces:
                parts = tuple(zip(*pieces, strict=True))
                joined[name] = np.concatenate(parts[0]), np.concatenate(parts[1]), np.concatenate(parts[2])
        refined: dict[ViewKey, dict[str, dict[float, float]]] = {
            key: {name: {} for name in _LATENCIES} for key in (*self._codes, ALL)
        }
        for name, key, q, place, rank in wanted:
            codes, places, values = joined[name]
            here = (places == place) & ((key == ALL) | (codes == self._codes.get(key, -1)))
            refined[key][name][q] = float(np.partition(values[here], rank - 1)[rank - 1])
        return refined

    def _latency(self, key: ViewKey) -> Latency:
        """By the first pass: without quantiles."""
        rows = slice(None) if key == ALL else slice(self._codes[key], self._codes[key] + 1)
        values = {}
        for name, running in self._columns.items():
            counts = running.counts[rows].sum(axis=0)
            bins = running.bins[rows].sum(axis=0)
            values[name] = Values(
                n=int(counts.sum()),
                sum_s=float(running.sums[rows].sum()),
                at_or_below=dict(zip(self._thresholds.tolist(), np.cumsum(counts)[:-1].tolist(), strict=True)),
                quantiles_s={},
                curve=_curve(bins),
                bins_s=array("d", (_bin_begin(place) for place in np.flatnonzero(bins).tolist())),
                bin_ends=array("q", np.cumsum(bins[bins > 0]).tolist()),
            )
        n, sum_s, squares = self._gap_sums[rows].sum(axis=0).tolist()
        above = dict(zip(GAP_GRID_S, self._gap_above[rows].sum(axis=0).tolist(), strict=True))
        largest_s = float(self._gap_largest[rows].max(initial=0.0))
        delay_n, delay_s = self._delay[rows].sum(axis=0).tolist()
        gaps = Gaps(int(n), sum_s, squares, largest_s, above)
        return Latency(gaps=gaps, known_delay_n=int(delay_n), known_delay_sum_s=delay_s, **values)


_LATENCIES = {
    "client": "latency_s",
    "inner": "witness_view_s",
    "outer": "witness_app_s",
    "raised": "witness_raised_s",
    "queue": "queue_s",
    "database": "db_s",
    "intended": INTENDED,
}


def _or_nan(moment_s: float | None) -> float:
    return math.nan if moment_s is None else moment_s


def _known(moment_s: float) -> float | None:
    return None if math.isnan(moment_s) else float(moment_s)


def _with_quantiles(latency: Latency, found: Mapping[str, Mapping[float, float]]) -> Latency:
    known: dict[str, Any] = {name: replace(getattr(latency, name), quantiles_s=own) for name, own in found.items()}
    return replace(latency, **known)


def _measured(table: pa.Table, columns: Sequence[str] = COLUMNS) -> Rows:
    """The rows of the measured phase, with the origin of each one's answer and its latency from the intended start."""
    read = Rows.of(table.select([*columns])).with_number(ORIGIN, origins(table))
    rows = read.only(read.texts["phase"].equals("measure"))
    late_s = np.maximum(rows.floats("started_s") - rows.floats("intended_s"), 0.0)
    return rows.with_number(INTENDED, rows.floats("latency_s") + late_s)


def _events(kind: str, rows: Rows) -> Counter[Event]:
    """The sum of the event counts in the column `kind`."""
    counts: Counter[Event] = Counter()
    for (view, text), number in rows.counted("view", kind).items():
        for subject, own in event_counts.parse(text).items():
            for key, each in own.items():
                counts[Event(kind, view, subject, key)] += each * number
    return counts


def _bin(values: Floats) -> Codes:
    """Logarithmic bin of each value: the float's own exponent and first mantissa bits, which rise with the value."""
    places: Codes = (values.view(np.int64) >> _SHIFT) - _LOWEST
    return places.clip(0, _BINS - 1)


def _bin_begin(place: int) -> float:
    """The lowest value of a bin; the first holds everything below it, too."""
    return _bin_end(place - 1) if place else 0.0


def _bin_end(place: int) -> float:
    return float(np.int64((place + _LOWEST + 1) << _SHIFT).view(np.float64))


def _count2(rows: Codes, columns: Codes, height: int, width: int) -> Codes:
    """Count how often each (row, column) pair occurs."""
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)


def _grown(array: Numbers, height: int) -> Numbers:
    """The array with rows of zeros added up to `height`."""
    padding = [(0, height - array.shape[0])] + [(0, 0)] * (array.ndim - 1)
    return np.pad(array, padding)


def _curve(bins: Codes, points: int = 80) -> tuple[tuple[float, float], ...]:
    """Cumulative shares at the ends of occupied bins, about `points` of them."""
    size = int(bins.sum())
    if size == 0:
        return ()
    occupied = np.flatnonzero(bins)
    ends = np.cumsum(bins)
    if len(occupied) > points:
        ranks = np.unique(np.ceil(np.linspace(0, 1, points) * size).clip(1))
        occupied = np.unique(np.searchsorted(ends, ranks, side="left"))
    return tuple((_bin_end(int(place)), float(ends[place] / size)) for place in occupied)
