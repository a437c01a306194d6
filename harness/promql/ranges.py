"""The samples that a range of an expression sees."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.points import Block, FloatArray, Point, Points
from harness.promql._time import in_ms
from harness.promql.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the samples in a range."""

    end_s: float
    range_s: float
    dialect: Dialect
    numbers: tuple[float, ...] = ()
    """The arguments that are numbers, in their order."""
    at_s: float | None = None
    """When the function is evaluated, where that may not be the end of the range; by `offset` it is later."""

    @property
    def end_ms(self) -> int:
        """When the range ends."""
        return in_ms(self.end_s)

    @property
    def start_ms(self) -> int:
        """When it begins."""
        return in_ms(self.end_s) - in_ms(self.range_s)

    def rows(self, block: Block, until_s: float = math.inf) -> slice:
        """Those of a block that are in the range, and not after `until_s`."""
        first = int(np.searchsorted(block.ms, self.start_ms, "right" if self.dialect.left_open else "left"))
        last = int(np.searchsorted(block.ms, self.end_ms, "right"))
        last = min(last, int(np.searchsorted(block.seconds, until_s, "right")))
        return slice(first, max(first, last))


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """The samples in a range of series that were sampled at the same times."""

    asked: Asked
    ms: FloatArray
    """Their times in milliseconds, rising."""
    values: FloatArray
    """A row for each time, a column for each series."""

    @classmethod
    def of(cls, points: Sequence[Point], asked: Asked) -> "Range":
        """What is in the range of one series, of which all samples are given."""
        columns = Points.of(points)
        block = Block(columns.seconds, columns.values.reshape(-1, 1))
        rows = asked.rows(block)
        return cls(asked, block.ms[rows], block.values[rows])

    def series(self) -> list[list[Point]]:
        """The samples of each series."""
        times = (self.ms / 1000).tolist()
        return [list(zip(times, column, strict=True)) for column in self.values.T.tolist()]
