"""Rows as arrays: groups, fills and keys of many columns."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from harness.evidence.client import rows
from harness.evidence.client.rows import Rows, Text


def text(*words: str | None) -> Text:
    return Text.of(pa.chunked_array([pa.array(words, pa.string())]))


def test_a_fill_that_is_among_the_words_is_that_word() -> None:
    """Two places of one word would be two groups, of which the one lost the other's count."""
    made = Rows.of(pa.table({"name": pa.array(["", None, "a", None], pa.string())}))
    filled = made.with_text("name", made.texts["name"].filled(""))
    assert filled.counted("name") == {("",): 3, ("a",): 1}
    assert {key: places.tolist() for key, places in filled.grouped("name")} == {("",): [0, 1, 3], ("a",): [2]}


def test_a_fill_that_is_not_among_the_words_is_another() -> None:
    assert text("a", None).filled("-").words == ("a", "-")
    assert text("a", None).filled("-").places.tolist() == [0, 1]


@pytest.mark.parametrize("most", [1, 2, 8, 1 << 40])
def test_many_columns_are_counted_as_few(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Of combinations that are too many to number, only those that occur are; here few of them do."""
    monkeypatch.setattr(rows, "_MOST_KEYS", most)
    random = np.random.default_rng(7)
    codes = random.choice([0, 3, 4], 60)
    columns = {
        "view": [f"v{code}" for code in codes],
        "method": [("GET", "POST")[place % 2] if place % 7 else None for place in range(60)],
        "status": (codes * 100 + 200).tolist(),
        "instance": [f"i{code % 2}" if place % 5 else None for place, code in enumerate(codes)],
    }
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    made, names = Rows.of(table), tuple(columns)
    complete = [key for key in zip(*columns.values(), strict=True) if None not in key]
    assert made.counted(*names) == dict(Counter(complete))
    grouped = {key: len(places) for key, places in made.grouped(*names)}
    assert grouped == dict(Counter(complete))
    for key, places in made.grouped(*names):
        assert {tuple(columns[name][place] for name in names) for place in places.tolist()} == {key}
