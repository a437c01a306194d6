"""Rows as arrays: what pandas counts and groups, without pandas."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from harness.evidence.client import rows as module
from harness.evidence.client.rows import Rows, Text

COLUMNS = ("view", "method", "status")


def table(seed: int, number: int = 500, words: int = 7) -> pa.Table:
    """Texts and numbers, of which some are missing, in several chunks."""
    chance = np.random.default_rng(seed)
    view = [f"v{each}" if each else None for each in chance.integers(0, words, number).tolist()]
    method = [("GET", "POST", None)[each] for each in chance.integers(0, 3, number).tolist()]
    part = pa.table(
        {
            "view": pa.array(view, pa.string()),
            "method": pa.array(method, pa.string()),
            "status": pa.array(chance.choice([200, 301, 404, 500], number), pa.int16()),
            "bytes": pa.array([each or None for each in chance.integers(0, 4, number).tolist()], pa.int64()),
            "latency_s": pa.array(chance.random(number)),
        }
    )
    return pa.concat_tables([part, part.slice(3, 50)])


def by_pandas(given: pa.Table, columns: list[str]) -> dict[object, int]:
    """The same counts."""
    return {key: int(number) for key, number in given.to_pandas().groupby(columns).size().items()}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("columns", [COLUMNS, ("view", "method"), ("method", "status")])
def test_combinations_are_counted_as_pandas_does(seed: int, columns: tuple[str, ...]) -> None:
    """Rows that lack a value in one of the columns are in no count."""
    given = table(seed)
    assert Rows.of(given).counted(*columns) == by_pandas(given, [*columns])


def test_many_combinations_are_counted_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an array of all of them nor a product beyond 64 bits is in the way."""
    given = table(1)
    expected = by_pandas(given, [*COLUMNS])
    monkeypatch.setattr(module, "_DENSE", 0)
    monkeypatch.setattr(module, "_MOST_KEYS", 8)
    assert Rows.of(given).counted(*COLUMNS) == expected


def test_a_mask_says_which_rows_count() -> None:
    """And none of them is an empty answer."""
    read = Rows.of(table(2))
    failed = read.whole("status") >= 500
    found = read.counted(*COLUMNS, where=failed)
    assert found == {key: number for key, number in read.counted(*COLUMNS).items() if key[2] >= 500}
    assert read.counted(*COLUMNS, where=np.zeros(len(read), dtype=bool)) == {}


@pytest.mark.parametrize("limit", [1 << 40, 8])
def test_groups_are_the_places_of_their_rows(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each complete row is in one of them."""
    monkeypatch.setattr(module, "_MOST_KEYS", limit)
    given = table(3)
    expected = {key: sorted(places) for key, places in given.to_pandas().groupby([*COLUMNS]).indices.items()}
    assert {key: sorted(places) for key, places in Rows.of(given).grouped(*COLUMNS)} == expected
    assert list(Rows.of(given.slice(0, 0)).grouped(*COLUMNS)) == []


def test_a_missing_number_is_nan_and_a_missing_text_has_no_place() -> None:
    """Whatever the column's type is."""
    given = table(4)
    read, frame = Rows.of(given), given.to_pandas()
    assert np.isnan(read.floats("bytes")).tolist() == frame["bytes"].isna().tolist()
    for name in ("view", "bytes", "latency_s"):
        assert read.has(name).tolist() == frame[name].notna().tolist()


def test_a_row_without_a_text_can_be_given_one() -> None:
    """It then counts under it."""
    read = Rows.of(table(5))
    filled = read.with_text("view", read.texts["view"].filled("none"))
    assert filled.counted("view")[("none",)] == int((~read.has("view")).sum())
    assert sum(filled.counted("view").values()) == len(read)


def test_rows_of_a_mask_keep_their_values() -> None:
    """All columns are cut alike."""
    given = table(6)
    read = Rows.of(given).with_number("twice", 2 * given.column("latency_s").to_numpy())
    mask = read.has("bytes") & read.has("view")
    cut = read.only(mask)
    frame = given.to_pandas()[mask]
    assert len(cut) == len(frame)
    assert cut.floats("twice").tolist() == (2 * frame["latency_s"]).tolist()
    assert cut.counted("view") == {(view,): number for view, number in Counter(frame["view"]).items()}


def test_a_column_without_any_text_has_no_words() -> None:
    """Every row lacks one."""
    text = Text.of(pa.chunked_array([pa.array([None, None], pa.string())]))
    assert text.places.tolist() == [-1, -1]
    assert list(text.words) == []
