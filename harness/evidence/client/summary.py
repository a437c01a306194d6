"""What really happened, by the samples: exact counts, sums, counts at thresholds and quantiles per view."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.evidence.moments import PAUSE_S

Counts = npt.NDArray[np.int64]
ViewKey = tuple[str, str]
"""View label and method."""


class Event(NamedTuple):
    """What the app's witness counted: `key` happened to `subject` in requests of `view`."""

    kind: str
    """`db`, `cache` or `model`."""
    view: str
    subject: str
    """Database alias, cache backend or model."""
    key: str


class Attribute(NamedTuple):
    """Something that requests or responses had, by the witness."""

    kind: str
    """`charset`, `template`, `transport`, `ajax` or `streaming`."""
    value: str
    """Empty for the last two."""


class Answered(NamedTuple):
    """Responses of one process, as it calls itself."""

    instance: str
    labels: str
    """As in the shards' column."""
    view: str
    method: str
    status: int


ALL: ViewKey = ("", "")
"""The key of everything together."""
QUANTILES = (0.5, 0.95, 0.99)
GAP_GRID_S = (0.0, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5)
"""Offsets at which gaps are counted, and at which latencies above a bucket bound are counted."""


@dataclass(frozen=True, slots=True)
class Values:
    """One latency distribution. Durations in seconds."""

    n: int
    sum_s: float
    at_or_below: Mapping[float, int]
    """Exact count of values <= each threshold."""
    quantiles_s: Mapping[float, float]
    """Exact nearest-rank quantiles; empty when n is 0."""
    curve: tuple[tuple[float, float], ...] = ()
    """`(latency_s, share <= it)`, thinned for plotting; the last point is at most 0.4 % above the largest value."""
    bins_s: Sequence[float] = ()
    """Where each occupied bin of at most 0.4 % begins, rising."""
    bin_ends: Sequence[int] = ()
    """How many values lie in each of these bins or below it."""

    @property
    def mean_s(self) -> float:
        """Mean; 0 for none."""
        return self.sum_s / self.n if self.n else 0.0

    @property
    def usual_s(self) -> float:
        """Where the bin of the 90th percentile begins, of few values that of the last but one; 0 for none."""
        rank = min(-(-self.n * 9 // 10), max(self.n - 1, 1))
        return self.bins_s[bisect_left(self.bin_ends, rank)] if self.n else 0.0

    @property
    def largest_s(self) -> float:
        """The largest value, or at most 0.4 % more; 0 for none."""
        return self.curve[-1][0] if self.curve else 0.0

    def at_most(self, threshold_s: float) -> int:
        """No more values than this are <= any threshold: those whose bin begins there or below it."""
        place = bisect_right(self.bins_s, threshold_s)
        return self.bin_ends[place - 1] if place else 0


@dataclass(frozen=True, slots=True)
class Gaps:
    """Outer minus inner witness of the same request: how long one layer of middleware takes here."""

    n: int
    sum_s: float
    sum_squares: float
    largest_s: float
    above: Mapping[float, int]
    """Count of gaps > each offset of `GAP_GRID_S`."""

    @property
    def mean_s(self) -> float:
        """Mean gap; raises ZeroDivisionError when there is none."""
        return self.sum_s / self.n

    @property
    def variance(self) -> float:
        """Sample variance in s^2; 0 for fewer than two gaps."""
        return max(self.sum_squares - self.sum_s**2 / self.n, 0.0) / (self.n - 1) if self.n > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Latency:
    """The accounts of one view and method."""

    client: Values
    inner: Values
    """Immediately outside the After middleware; pairs with the by-view histogram."""
    outer: Values
    """Outermost; pairs with the histogram that includes middlewares."""
    raised: Values
    """Time until the exception hooks ran, for requests whose view raised; pairs with the second observation."""
    queue: Values
    database: Values
    """Time in SQL statements, of the requests that ran any."""
    intended: Values
    """The client's, from the moment at which the request should have started; empty in a closed model."""
    gaps: Gaps
    known_delay_n: int
    known_delay_sum_s: float

    def is_whole(self, witness: Values) -> bool:
        """Every response has this witness, and there is one."""
        return 0 < witness.n == self.client.n


def longest_gap_s(latencies: Mapping[ViewKey, Latency], stalled_s: float) -> float:
    """The longest that a layer may have been held up in a run, by a thread switch or by other processes.

    A gap is part of its request, so none is longer than the slowest request of the views that do next to nothing, here
    those with a 90th percentile, which no single stall raises, of `PAUSE_S` at the most and in the lower half; without
    any, it may be `PAUSE_S`. Nor may it be shorter than the gaps between the two witnesses, nor than `stalled_s`, for
    which another process on the target's machine stood still.
    """
    inner = (latency.inner for key, latency in latencies.items() if key != ALL and latency.inner.n)
    known = sorted(inner, key=lambda values: (values.usual_s, values.largest_s))
    fast = [values.largest_s for values in known[: (len(known) + 1) // 2] if values.usual_s <= PAUSE_S]
    return max(latencies[ALL].gaps.largest_s, stalled_s, *(fast or [PAUSE_S]))


@dataclass(frozen=True, slots=True)
class Running:
    """Requests of one kind at each reading of the counters (`evidence.moments`), in its order."""

    answered: tuple[int, ...]
    """Those whose response the client had, so that they are counted."""
    sent: tuple[int, ...]
    """Those that the client had sent, so that they may be counted."""


@dataclass(frozen=True, slots=True, eq=False)
class RunningLatency:
    """Requests of one view and method: a row for each reading, a column for each bound, and a last one for all.

    Without a witness the client's latency stands for each request's own, and the columns `b + M` mean nothing.
    """

    answered: Counts
    """Up to b."""
    answered_beyond: Counts
    """Up to b + M."""
    sent_beyond: Counts


@dataclass(frozen=True, slots=True)
class RunningLatencies:
    """Latencies between the ends of the window."""

    places: Sequence[int] = ()
    """Which readings of the counters these are, rising; the last of the window is among them."""
    bounds_s: Sequence[float] = ()
    """The finite bounds of the columns."""
    by_view: Mapping[ViewKey, RunningLatency] = field(default_factory=dict)
    """`ALL` holds everything together, by the outer witness."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """One distribution of the sizes of bodies, in bytes."""

    n: int = 0
    total: int = 0
    at_or_below: Mapping[float, int] = field(default_factory=dict)
    """Exact count of sizes <= each finite bound of the histograms of sizes."""


@dataclass(frozen=True, slots=True)
class ClientSummary:
    """What the client saw in the measured phase."""

    rows: int
    answered: Mapping[tuple[str, str, int], int]
    """Responses by view, method and status."""
    unanswered: Mapping[tuple[str, str], int]
    """Requests without a response by sample name and method."""
    rejected: Mapping[tuple[str, str, int], int]
    """Of these, those below status 400 that the client took for failures, e.g. by what the body says."""
    exceptions: Mapping[tuple[str, str, str], int]
    """Witnessed exceptions by view, method and type."""
    events: Mapping[Event, int]
    """What the witness counted of SQL, cache and model operations."""
    views_of_name: Mapping[str, frozenset[str]]
    """Which views answered under each sample name."""
    witnessed: int
    """Responses that carried a witness."""
    witnessed_views: frozenset[str]
    latency: Mapping[ViewKey, Latency]
    """By view and method; `ALL` holds everything together."""
    started: Mapping[int, int]
    """Answered requests by whole second of their start."""
    first_s: float | None
    last_s: float | None
    running: Mapping[tuple[str, str, int], Running] = field(default_factory=dict)
    """By view, method and status; by sample name, method and 0 where no response came."""
    running_latencies: RunningLatencies = RunningLatencies()
    replayed: Mapping[tuple[str, str, int], int] = field(default_factory=dict)
    """Responses by view, method and status that repeat an earlier one and never reached the app; in nothing above."""
    between: Mapping[tuple[str, str, int], int] = field(default_factory=dict)
    """Of those answered: by something between the two witnesses, with an earlier answer."""
    identified: Mapping[Answered, int] = field(default_factory=dict)
    """Responses whose process said which it is; none of `between`."""
    attributes: Mapping[Attribute, int] = field(default_factory=dict)
    attributed: int = 0
    """Responses whose attributes the witness reported."""
    request_sizes: Sizes = Sizes()
    response_sizes: Sizes = Sizes()
    """Of those that were not streaming."""
    failed: int = 0
    """Requests that the load generator took for failures, those without a response included."""
    errors_started: Mapping[int, int] = field(default_factory=dict)
    """Responses with status 5xx by whole second of their start."""
    latency_started: Mapping[int, "array[int]"] = field(default_factory=dict)
    """Latencies by whole second of their start, as counts in the bins of `second_counter`."""

    @property
    def responses(self) -> int:
        """All answered requests."""
        return sum(self.answered.values())

    @property
    def lost(self) -> int:
        """All requests without a response."""
        return sum(self.unanswered.values())
