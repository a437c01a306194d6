"""Samples -> what a measurement holds: successful requests by view with their quantiles, and the failed ones."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from harness.core import statistics
from harness.gate.decision.endpoint import QUANTILES
from harness.gate.decision.measurement import ViewSample

COLUMNS = ("latency_s", "view", "status", "error", "phase")
FIRST_FAILED = 500
"""A status from here on is a failure, whatever the locustfile says; below it, the locustfile decides."""


class Measure:
    """Feed it the tables of one measurement, then ask. It keeps the latencies of successful requests: 8 bytes each."""

    def __init__(self) -> None:
        self._latencies: dict[str, list[npt.NDArray[np.float64]]] = {}
        self.requests = 0
        """All requests of the measured phase, redirect hops included."""
        self.errors = 0
        """Of these, those without response, with a status of 5xx, or failed by the locustfile."""

    def add(self, table: pa.Table) -> None:
        """Take in the rows of the measured phase."""
        frame = table.select(list(COLUMNS)).to_pandas()
        frame = frame[frame["phase"] == "measure"]
        status = frame["status"]
        good = frame[(status != 0) & (status < FIRST_FAILED) & frame["error"].isna()]
        self.requests += len(frame)
        self.errors += len(frame) - len(good)
        for view, latency_s in good.groupby("view")["latency_s"]:
            self._latencies.setdefault(str(view), []).append(latency_s.to_numpy(dtype=np.float64))

    @property
    def views(self) -> Mapping[str, ViewSample]:
        """By view label, its methods together."""
        return {view: _sample(np.concatenate(parts)) for view, parts in sorted(self._latencies.items())}


def _sample(latencies_s: npt.NDArray[np.float64]) -> ViewSample:
    n = len(latencies_s)
    ordered = np.sort(latencies_s).tolist()
    return ViewSample(n, {str(kind): statistics.nearest_rank(ordered, q) for kind, q in QUANTILES.items()})
