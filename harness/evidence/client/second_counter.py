"""What the client saw second by second, for the chart: requests, errors, and latencies in coarse bins."""

import math
from array import array
from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

LOWEST_S, STEP = 1e-5, 1.12
"""The first bin ends at `LOWEST_S`; each further one is 12 % wider, so a value is known to within 6 %."""
BINS = 140
"""The last bin begins at 70 s."""
FIRST_SERVER_ERROR = 500


class SecondCounter:
    """Feed it the answered requests of each table; memory grows with the seconds of the load, half a kB each."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self.started: Counter[int] = Counter()
        """Requests, by whole second of their start."""
        self.errors: Counter[int] = Counter()
        """Responses with status 5xx, by whole second of their start."""
        self.latencies: dict[int, array[int]] = {}
        """Requests in each bin, by whole second of their start."""

    def add(
        self, started_s: npt.NDArray[np.float64], status: npt.NDArray[np.int64], latency_s: npt.NDArray[np.float64]
    ) -> None:
        """Count requests: three columns of one table."""
        seconds = np.floor(started_s).astype(np.int64)
        begun, counts = np.unique(seconds, return_counts=True)
        self.started.update(dict(zip(begun.tolist(), counts.tolist(), strict=True)))
        wrong, counts = np.unique(seconds[status >= FIRST_SERVER_ERROR], return_counts=True)
        self.errors.update(dict(zip(wrong.tolist(), counts.tolist(), strict=True)))
        known = np.isfinite(latency_s)
        keys, counts = np.unique(seconds[known] * BINS + _places(latency_s[known]), return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            second, place = divmod(key, BINS)
            self.latencies.setdefault(second, array("L", bytes(BINS * array("L").itemsize)))[place] += count

    def forget(self, before_s: float) -> None:
        """Drop the seconds before a time, so that what is watched for a day takes no more memory than an hour."""
        for known in (self.started, self.errors, self.latencies):
            for second in [second for second in known if second < before_s]:
                del known[second]


def _places(latency_s: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    places = np.ceil(np.log(np.maximum(latency_s, LOWEST_S) / LOWEST_S) / math.log(STEP)).astype(np.int64)
    return places.clip(0, BINS - 1)


def quantile_of(counts: "Iterable[array[int]]", q: float) -> float | None:
    """The quantile of what several seconds hold, in the middle of its bin; None when they hold nothing."""
    total = np.zeros(BINS, dtype=np.int64)
    for each in counts:
        total += np.asarray(each, dtype=np.int64)
    if not (size := int(total.sum())):
        return None
    place = int(np.searchsorted(np.cumsum(total), math.ceil(q * size), side="left"))
    return float(LOWEST_S * STEP ** (place - 0.5))
