"""The rows of one table as arrays: numbers as they are, texts as places in a list of the words that occur.

pandas would do the same; loading it takes longer than judging a short run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from harness.evidence import arrays

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Key = tuple[Any, ...]
"""Texts and whole numbers, one of each column."""

_MOST_KEYS = 1 << 40
"""Combinations of values that are numbered without looking which of them occur."""
_DENSE = 1 << 16
"""So many, or as many as there are rows, are counted in an array of all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A column of texts."""

    places: Places
    """By row, into `words`; -1 where a row has none."""
    words: Sequence[str]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Text":
        """From a column of strings."""
        encoded = column.combine_chunks().dictionary_encode()
        return cls(arrays.values(encoded.indices, -1).astype(np.int64), encoded.dictionary.to_pylist())

    def equals(self, word: str) -> Mask:
        """Which rows have this word."""
        found: Mask = self.places == (self.words.index(word) if word in self.words else len(self.words))
        return found

    def filled(self, word: str) -> "Text":
        """With a word where a row has none."""
        if word in self.words:
            return Text(np.where(self.places < 0, self.words.index(word), self.places), self.words)
        return Text(np.where(self.places < 0, len(self.words), self.places), (*self.words, word))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Columns of the same length."""

    numbers: Mapping[str, npt.NDArray[np.generic]]
    texts: Mapping[str, Text]

    @classmethod
    def of(cls, table: pa.Table) -> "Rows":
        """Every column of a table: strings as texts, all others as numbers."""
        numbers, texts = {}, {}
        for field, column in zip(table.schema, table.columns, strict=True):
            if pa.types.is_string(field.type):
                texts[field.name] = Text.of(column)
            else:
                numbers[field.name] = arrays.floats(column) if column.null_count else arrays.values(column)
        return cls(numbers, texts)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(next(iter((*self.numbers.values(), *(text.places for text in self.texts.values())))))

    def floats(self, name: str) -> Floats:
        """A column of numbers; NaN where a row has none."""
        return self.numbers[name].astype(np.float64, copy=False)

    def whole(self, name: str) -> Places:
        """A column of whole numbers, of which every row has one."""
        return self.numbers[name].astype(np.int64, copy=False)

    def has(self, name: str) -> Mask:
        """Which rows have a value in a column."""
        if name in self.texts:
            found: Mask = self.texts[name].places >= 0
            return found
        known: Mask = ~np.isnan(self.floats(name))
        return known

    def with_number(self, name: str, values: npt.NDArray[np.generic]) -> "Rows":
        """With another column of this name."""
        return replace(self, numbers={**self.numbers, name: values})

    def with_text(self, name: str, text: Text) -> "Rows":
        """The same of texts."""
        return replace(self, texts={**self.texts, name: text})

    def only(self, mask: Mask) -> "Rows":
        """The rows of a mask."""
        if mask.all():
            return self
        numbers = {name: values[mask] for name, values in self.numbers.items()}
        texts = {name: Text(text.places[mask], text.words) for name, text in self.texts.items()}
        return Rows(numbers, texts)

    def counted(self, *columns: str, where: Mask | None = None) -> dict[Key, int]:
        """How many rows have each combination of values in these columns; a row that lacks one counts for none."""
        keys, digits = self._keys(columns, where)
        if keys.size == 0:
            return {}
        if (most := int(keys.max()) + 1) <= max(_DENSE, keys.size):
            counts = np.bincount(keys, minlength=most)
            found = np.flatnonzero(counts)
            counts = counts[found]
        else:
            found, counts = np.unique(keys, return_counts=True)
        return dict(zip(_values(found, digits), counts.tolist(), strict=True))

    def grouped(self, *columns: str) -> Iterator[tuple[Key, Places]]:
        """The rows of each combination of values in these columns, by their places."""
        keys, digits = self._keys(columns, None)
        kept = np.flatnonzero(self._complete(columns))
        order = np.argsort(keys, kind="stable")
        found, begins = np.unique(keys[order], return_index=True)
        parts = np.split(kept[order], begins[1:])
        yield from zip(_values(found, digits), parts, strict=False)

    def _complete(self, columns: Sequence[str]) -> Mask:
        mask = np.ones(len(self), dtype=bool)
        for name in columns:
            if name in self.texts:
                mask &= self.texts[name].places >= 0
        return mask

    def _keys(self, columns: Sequence[str], where: Mask | None) -> tuple[Places, Sequence["_Digit"]]:
        """One number for each complete row, made of a digit for each column."""
        mask = self._complete(columns)
        if where is not None:
            mask &= where
        keys, most = np.zeros(int(mask.sum()), np.int64), 1
        digits = []
        for name in columns:
            if name in self.texts:
                places, values = self.texts[name].places[mask], self.texts[name].words
            else:
                found, places = np.unique(self.whole(name)[mask], return_inverse=True)
                values = found.tolist()
            seen = None
            if most * len(values) > _MOST_KEYS:
                seen, keys = np.unique(keys, return_inverse=True)
                most = len(seen)
            keys = keys * len(values) + places
            most *= len(values)
            digits.append(_Digit(values, seen))
        return keys, digits


@dataclass(frozen=True, slots=True, eq=False)
class _Digit:
    """One column's part of a key."""

    values: Sequence[str] | Sequence[int]
    seen: Places | None
    """Where there were too many combinations: the keys of the columns before, of which places took the place."""


def _values(keys: Places, digits: Sequence[_Digit]) -> Iterator[Key]:
    """The values of each combination."""
    parts = []
    for digit in reversed(digits):
        keys, places = np.divmod(keys, max(len(digit.values), 1))
        parts.append([digit.values[place] for place in places.tolist()])
        if digit.seen is not None:
            keys = digit.seen[keys]
    yield from zip(*reversed(parts), strict=True)
