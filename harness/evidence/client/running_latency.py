"""How many requests of each view were how fast, at the readings of the counters: part of the second pass over samples.

At each reading and each bound b of the histograms, with w a request's own account of its time: how many had been
answered with w <= b, and how many had been answered, or sent, with w <= b + M, where M is the longest time for which a
layer was held up in the run. What was sent may be counted, what was answered is (`evidence.moments`). Where readings
are many, every k-th is taken, so that memory does not grow with them.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from harness.evidence.client.rows import Rows
from harness.evidence.client.summary import (
    ALL,
    Counts,
    Latency,
    RunningLatencies,
    RunningLatency,
    ViewKey,
    longest_gap_s,
)
from harness.evidence.moments import Moment

Floats = npt.NDArray[np.float64]
TABLES = ("answered", "answered_beyond", "sent_beyond")
MOST_READINGS = 240
MOST_CELLS = 2_000_000
"""Numbers in each of the three tables."""


def by_then(rows: Rows, answered_s: Floats, sent_s: Floats) -> tuple[Counts, Counts]:
    """The first reading by which each row was answered, and the first by which it was sent; none is their number."""
    started_s, status = rows.floats("started_s"), rows.whole("status")
    ended_s = started_s + rows.floats("latency_s")
    # What the client did between two hops is in neither's latency: the ends of later ones are not known.
    ended_s[(rows.whole("hop") > 0) & (status >= 300) & (status <= 399)] = np.inf
    return np.searchsorted(answered_s, ended_s, side="left"), np.searchsorted(sent_s, started_s, side="left")


class RunningCounter:
    """Feed it every row of the measured phase that had a response from the app."""

    def __init__(
        self,
        readings: Sequence[Moment],
        bounds_s: Sequence[float],
        codes: Mapping[ViewKey, int],
        latencies: Mapping[ViewKey, Latency],
        stalled_s: float = 0.0,
    ) -> None:
        """`latencies` are those of the first pass, `codes` the numbers that it gave to views.

        `stalled_s` is for how long another process on the target's machine stood still.
        """
        self._bounds_s = np.array(bounds_s)
        self._beyond_s = self._bounds_s + longest_gap_s(latencies, stalled_s)
        self._codes = {**codes, ALL: len(codes)}
        width, height = len(bounds_s) + 1, len(self._codes)
        step = -(-len(readings) // min(MOST_READINGS, max(MOST_CELLS // (width * height), 1))) or 1
        self._places = range(len(readings))[::-1][::step][::-1]
        self._answered_s = np.array([readings[place].answered_s for place in self._places])
        self._sent_s = np.array([readings[place].sent_s for place in self._places])
        shape = (height, len(self._places) + 1, width)
        self._tables = {name: np.zeros(shape, np.int64) for name in TABLES}
        self._by_inner = np.array([latencies[key].is_whole(latencies[key].inner) for key in codes], dtype=bool)
        self._by_outer = latencies[ALL].is_whole(latencies[ALL].outer)

    def add(self, codes: Counts, rows: Rows) -> None:
        """Count rows, whose views have these codes, from the first reading that has them on."""
        if not self._places:
            return
        answered, sent = by_then(rows, self._answered_s, self._sent_s)
        latency_s = rows.floats("latency_s")
        witnessed = self._by_inner[codes]
        inner = np.where(witnessed, rows.floats("witness_view_s"), latency_s)
        raised = np.where(witnessed, rows.floats("witness_raised_s"), np.nan)
        outer = rows.floats("witness_app_s") if self._by_outer else latency_s
        for where, values_s in ((codes, inner), (codes, raised), (np.full_like(codes, self._codes[ALL]), outer)):
            known = ~np.isnan(values_s)
            place_of, value_s = where[known], values_s[known]
            exact, beyond = (np.searchsorted(bounds, value_s, "left") for bounds in (self._bounds_s, self._beyond_s))
            for name, at, place in (
                ("answered", answered, exact),
                ("answered_beyond", answered, beyond),
                ("sent_beyond", sent, beyond),
            ):
                np.add.at(self._tables[name], (place_of, at[known], place), 1)

    def found(self) -> RunningLatencies:
        """What was counted."""
        if not self._places:
            return RunningLatencies()
        sums = {name: table.cumsum(axis=1)[:, :-1].cumsum(axis=2) for name, table in self._tables.items()}
        by_view = {
            key: RunningLatency(**{name: table[code] for name, table in sums.items()})
            for key, code in self._codes.items()
        }
        return RunningLatencies(tuple(self._places), tuple(self._bounds_s.tolist()), by_view)
