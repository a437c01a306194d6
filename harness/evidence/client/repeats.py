"""Which rows are answers that came again: a cached, replayed or merged response repeats the witness's numbers.

A row whose outer number an earlier-started row had never reached the app: a proxy or a CDN answered it, with the header
of another response. One whose inner number alone is another's reached the outer witness, and something between the two
answered it, as Django's per-site cache does; the outer witness says so too, for the first answer may be one that nobody
recorded. Numbers are kept in arrays of 8 bytes each; more is kept only of those
that occur more than once.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harness.evidence import arrays
from harness.evidence.client.schema import SCHEMA

ORIGIN = "origin"
"""The column of a table that says where each row's answer came from, an `Origin`; it is in no file."""
INNER, OUTER = "inner_nonce", "outer_nonce"
BETWEEN = "between"
COLUMNS = ("started_s", INNER, OUTER, BETWEEN)
"""What is read for it."""
OF_INNER = (
    *("witness_view_s", "witness_raised_s", "exception", INNER),
    *("request_bytes", "response_bytes", "charset", "template", "flags"),
)
"""What the inner witness says: in an answer of something outside of it, it is about another request."""
OF_BOTH = (
    *OF_INNER,
    *("witness_app_s", "queue_s", "db_queries", "db_s", "db", "cache", "model"),
    *(OUTER, "process", "instance", "labels"),
)
Numbers = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Origin(IntEnum):
    """Where a row's answer came from, by its witness."""

    APP = 0
    """The app, as far as anybody knows: also of a row without a witness."""
    BETWEEN = 1
    """Something between the two witnesses."""
    REPLAYED = 2
    """Something before the app."""


@dataclass(slots=True)
class _First:
    """Of each number that occurs more than once: where it occurs first, by start and then by place."""

    numbers: Numbers
    """Rising."""
    started_s: npt.NDArray[np.float64]
    places: Places

    def note(self, numbers: Numbers, started_s: npt.NDArray[np.float64], places: Places) -> None:
        """Take in more rows, in the order of their places."""
        at, known = _find(self.numbers, numbers)
        at, began, places = at[known], started_s[known], places[known]
        order = np.lexsort((places, began, at))
        at, began, places = at[order], began[order], places[order]
        lead = np.ones(len(at), dtype=bool)
        lead[1:] = at[1:] != at[:-1]
        at, began, places = at[lead], began[lead], places[lead]
        better = began < self.started_s[at]
        self.started_s[at[better]], self.places[at[better]] = began[better], places[better]

    def is_later(self, numbers: Numbers, places: Places) -> Mask:
        """Which rows have a number that was there before."""
        at, known = _find(self.numbers, numbers)
        later = known.copy()
        later[known] = self.places[at[known]] != places[known]
        return later


def _find(numbers: Numbers, wanted: Numbers) -> tuple[Places, Mask]:
    """Where each wanted number is, and whether it is there at all."""
    at = np.searchsorted(numbers, wanted).clip(max=max(len(numbers) - 1, 0))
    known: Mask = numbers[at] == wanted if len(numbers) else np.zeros(len(wanted), dtype=bool)
    return at, known


@dataclass(slots=True)
class Repeats:
    """Feed it every table to `count`, then every table again to `place`; then it says what each row is."""

    _seen: dict[str, list[Numbers]] = field(default_factory=lambda: {INNER: [], OUTER: []})
    _first: dict[str, _First] = field(default_factory=dict)
    _said: bool = False
    """Whether a witness said of any row that it was answered between the two."""

    def count(self, table: pa.Table) -> None:
        """First pass: the columns `COLUMNS` of any rows, also of the warm-up."""
        self._said = self._said or bool(_said(table).any())
        for name, parts in self._seen.items():
            numbers, known = _numbers(table, name)
            parts.append(numbers[known])

    def close(self) -> bool:
        """The first pass is over. Returns whether any answer came again: only then the second one is needed."""
        for name, parts in self._seen.items():
            numbers = _joined(parts)
            numbers.sort()
            twice = np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
            self._first[name] = _First(twice, np.full(len(twice), np.inf), np.full(len(twice), -1, np.int64))
        return self._said or any(len(first.numbers) for first in self._first.values())

    def place(self, table: pa.Table, first_place: int) -> None:
        """Second pass, over the same rows; `first_place` is how many rows came before."""
        started_s = arrays.values(table.column("started_s"))
        for name, first in self._first.items():
            numbers, known = _numbers(table, name)
            places = np.flatnonzero(known) + first_place
            first.note(numbers[known], started_s[known], places)

    def marked(self, table: pa.Table, first_place: int) -> pa.Table:
        """The table with a column `ORIGIN`, and without what a repeated answer's witness said of another request."""
        later = {}
        for name, first in self._first.items():
            numbers, known = _numbers(table, name)
            mask = np.zeros(table.num_rows, dtype=bool)
            mask[known] = first.is_later(numbers[known], np.flatnonzero(known) + first_place)
            later[name] = mask
        replayed = later.get(OUTER, np.zeros(table.num_rows, dtype=bool))
        between = (later.get(INNER, np.zeros(table.num_rows, dtype=bool)) | _said(table)) & ~replayed
        origin = np.where(replayed, Origin.REPLAYED, np.where(between, Origin.BETWEEN, Origin.APP)).astype(np.int8)
        for names, mask in ((OF_INNER, between), (OF_BOTH, replayed)):
            if mask.any():
                table = _blank(table, names, mask)
        return table.append_column(ORIGIN, arrays.column(origin))


def origins(table: pa.Table) -> npt.NDArray[np.int8]:
    """The column `ORIGIN`; all from the app where nobody marked them."""
    if ORIGIN not in table.schema.names:
        return np.zeros(table.num_rows, dtype=np.int8)
    return arrays.values(table.column(ORIGIN))


def _joined(parts: list[Numbers]) -> Numbers:
    """All parts as one; each is given up as soon as it is copied."""
    joined, at = np.empty(sum(map(len, parts)), np.uint64), 0
    parts.reverse()
    while parts:
        part = parts.pop()
        joined[at : at + len(part)] = part
        at += len(part)
    return joined


def _said(table: pa.Table) -> Mask:
    if BETWEEN not in table.schema.names:
        return np.zeros(table.num_rows, dtype=bool)
    return arrays.values(table.column(BETWEEN))


def _numbers(table: pa.Table, name: str) -> tuple[Numbers, Mask]:
    """A column's numbers, and which rows have one."""
    if name not in table.schema.names:
        return np.zeros(table.num_rows, np.uint64), np.zeros(table.num_rows, dtype=bool)
    column = table.column(name)
    return arrays.values(column), arrays.valid(column)


def _blank(table: pa.Table, names: tuple[str, ...], mask: Mask) -> pa.Table:
    for name in names:
        if name in table.schema.names:
            kept = pc.if_else(arrays.truths(mask), pa.scalar(None, SCHEMA.field(name).type), table.column(name))
            table = table.set_column(table.schema.get_field_index(name), SCHEMA.field(name), kept)
    return table
