"""Sizes of bodies -> their number, their sum, and how many are at or below each bound; as a stream."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.evidence.client.summary import Sizes


class SizeCounter:
    """Feed it sizes in bytes, then ask `sizes`."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` are finite and rising."""
        self._bounds = np.asarray(bounds, dtype=np.float64)
        self._counts = np.zeros(len(bounds) + 1, np.int64)
        self._total = 0

    def add(self, sizes: npt.NDArray[np.int64]) -> None:
        """Count more of them."""
        places = np.searchsorted(self._bounds, sizes, side="left")
        self._counts += np.bincount(places, minlength=len(self._counts))
        self._total += int(sizes.sum())

    def sizes(self) -> Sizes:
        """What was counted so far."""
        below = np.cumsum(self._counts)
        return Sizes(int(below[-1]), self._total, dict(zip(self._bounds.tolist(), below.tolist(), strict=False)))
