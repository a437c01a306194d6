"""The points of series as columns: series that were sampled at the same times share one array of these times."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Point = tuple[float, float]
"""Time in Unix seconds, value."""


class Block:
    """Values of several series at the same times.

    Series are alike when they have the same block, not one that equals it; as a key it is never another's, as its `id`
    may be once it is gone.
    """

    def __init__(self, seconds: FloatArray, values: FloatArray) -> None:
        """`seconds` are the times in order, `values` a row for each of them and a column for each series."""
        self.seconds = seconds
        self.values = values

    @cached_property
    def ms(self) -> FloatArray:
        """The times in whole milliseconds, as Prometheus keeps them."""
        found: FloatArray = np.rint(self.seconds * 1000)
        return found


def columns(series: Sequence[tuple[Sequence[float], Sequence[float]]]) -> "list[Points]":
    """Times and values of each series as columns; those with the same times are in one block."""
    places: dict[tuple[float, ...], list[int]] = {}
    for place, (seconds, _) in enumerate(series):
        places.setdefault(tuple(seconds), []).append(place)
    found: dict[int, Points] = {}
    for seconds, own in places.items():
        values = np.array([series[place][1] for place in own], dtype=np.float64).reshape(len(own), len(seconds))
        block = Block(np.array(seconds, dtype=np.float64), np.ascontiguousarray(values.T))
        found |= {place: Points(block, column) for column, place in enumerate(own)}
    return [found[place] for place in range(len(series))]


class Points(Sequence[Point]):
    """One column of a block, or a stretch of it; as a sequence the pairs of time and value."""

    __slots__ = ("block", "column", "first", "last")

    def __init__(self, block: Block, column: int = 0, first: int = 0, last: int | None = None) -> None:
        """The rows from `first` on, up to and without `last`."""
        self.block = block
        self.column = column
        self.first = first
        self.last = len(block.seconds) if last is None else last

    @classmethod
    def of(cls, points: Sequence[Point]) -> "Points":
        """The same points as a column of its own, unless they are one."""
        if isinstance(points, Points):
            return points
        pairs = np.array(points, dtype=np.float64).reshape(-1, 2)
        return cls(Block(np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1:])))

    @property
    def seconds(self) -> FloatArray:
        """The times in Unix seconds."""
        return self.block.seconds[self.first : self.last]

    @property
    def values(self) -> FloatArray:
        """The values, one for each time."""
        return self.block.values[self.first : self.last, self.column]

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[Point]:
        return zip(self.seconds.tolist(), self.values.tolist(), strict=True)

    @overload
    def __getitem__(self, place: int) -> Point: ...

    @overload
    def __getitem__(self, place: slice) -> "Points": ...

    def __getitem__(self, place: int | slice) -> "Point | Points":
        if isinstance(place, slice):
            first, last, step = place.indices(len(self))
            if step != 1:
                raise ValueError("a stretch of points has every one of them")
            return Points(self.block, self.column, self.first + first, self.first + max(first, last))
        return self.seconds[place].item(), self.values[place].item()

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
