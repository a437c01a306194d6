"""The series that a selector chose, and what is known of them once for every evaluation."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from typing import overload

import numpy as np
import numpy.typing as npt

from harness.core.points import Block, FloatArray
from harness.core.query import Series
from harness.core.same import Same
from harness.promql.vectors import Labels, UnsupportedError, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Those of one source that were sampled at the same times."""

    source: str
    one: Series
    """Any of them."""
    block: Block
    """The samples of these and perhaps of others."""
    places: npt.NDArray[np.intp]
    """Where they stand among the chosen."""
    columns: npt.NDArray[np.intp]
    """Where they stand in the block."""


class Selected(Sequence[Series]):
    """Series, in the order in which a selector found them."""

    def __init__(self, series: Iterable[Series], source: Callable[[Series], str]) -> None:
        """`source` names where a series comes from."""
        self.series = tuple(series)
        self._source = source
        self._labels: dict[bool, list[Labels]] = {}
        self.known: dict[Hashable, Vector] = {}
        """What functions give of them."""

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    @overload
    def __getitem__(self, place: int) -> Series: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Series, ...]: ...

    def __getitem__(self, place: int | slice) -> Series | tuple[Series, ...]:
        return self.series[place]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The series, by what they share."""
        found: dict[tuple[str, Block, int, int], list[int]] = {}
        columns = [each.columns for each in self.series]
        for place, (each, own) in enumerate(zip(self.series, columns, strict=True)):
            found.setdefault((self._source(each), own.block, own.first, own.last), []).append(place)
        groups = []
        for (source, _, first, last), places in found.items():
            block = columns[places[0]].block
            if (first, last) != (0, len(block.seconds)):
                block = Block(block.seconds[first:last], block.values[first:last])
            own_columns = np.array([columns[place].column for place in places], dtype=np.intp)
            groups.append(Group(source, self.series[places[0]], block, np.array(places, dtype=np.intp), own_columns))
        return tuple(groups)

    def labels(self, *, named: bool) -> list[Labels]:
        """Those of each series."""
        if named not in self._labels:
            self._labels[named] = [each.sorted_labels(named=named) for each in self.series]
        return self._labels[named]

    def vector(self, values: Iterable[tuple[Group, FloatArray | None]], *, named: bool) -> Vector:
        """The values of groups by the labels of their series; the metric's name among them if `named`.

        A group without values has none. Raises UnsupportedError where two series have the same labels, which Prometheus
        refuses.
        """
        found = np.empty(len(self.series))
        there = np.zeros(len(self.series), dtype=np.bool_)
        for group, own in values:
            if own is not None:
                found[group.places] = own
                there[group.places] = True
        labels: Iterable[Labels] = self.labels(named=named)
        if not there.all():
            labels, found = compress(labels, there.tolist()), found[there]
        vector = dict(zip(labels, found.tolist(), strict=True))
        if len(vector) != len(found):
            raise UnsupportedError("two series of the result have the same labels")
        return vector


@dataclass(frozen=True, slots=True)
class Memo:
    """What selectors chose of the series of a run, found once for all expressions that ask for the same."""

    selected: dict[Hashable, Selected] = field(default_factory=dict)
    """By what it was chosen from, and how."""
    joined: dict[Hashable, tuple[Series, ...]] = field(default_factory=dict)
    """Series of several answers put together, by what these answer."""

    def of(self, series: Sequence[Series], how: Hashable, choose: Callable[[], Selected]) -> Selected:
        """What `choose` gives of the series."""
        key = (Same(series), how)
        if key not in self.selected:
            self.selected[key] = choose()
        return self.selected[key]
