"""Shards that the harness writes itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.evidence.client.schema import Exchange, Labels
from harness.runtime.load import shard_file, shards

LABELS = Labels({"/cart": "shop:cart"}, {}, "measure", "<unnamed view>")


def exchange(name: str, header: str = "") -> Exchange:
    return Exchange(1790000005.0, 0.01, "GET", name, 200, header, None, 0, None, 0)


def test_rows_come_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And their number stands at the end."""
    monkeypatch.setattr(shard_file, "BATCH_ROWS", 2)
    shard = shard_file.write(tmp_path, (exchange("/cart") for _ in range(5)), LABELS)
    state = shards.state_of(tmp_path, shard)
    assert (shard.rows, state.rows, state.problem, state.contradiction) == (5, 5, "", "")
    assert shards.closing_count(tmp_path / shard.file) == 5


def test_no_row_is_a_whole_shard_too(tmp_path: Path) -> None:
    assert shards.state_of(tmp_path, shard_file.write(tmp_path, (), LABELS)).problem == ""


def test_what_was_not_read_to_its_end_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[Exchange]:
        yield exchange("/cart")
        raise ValueError("line 3")

    with pytest.raises(ValueError, match="line 3"):
        shard_file.write(tmp_path, rows(), LABELS)
    assert not list(tmp_path.iterdir())


def test_views_can_be_named_later(tmp_path: Path) -> None:
    """All else stays as it was, the count at the end too."""
    shard = shard_file.write(tmp_path, [exchange("/cart"), exchange("/pay"), exchange("/old")], LABELS)
    before = [row for table in shards.tables(tmp_path, [shard]) for row in table.to_pylist()]
    shard_file.name_views(tmp_path / shard.file, {"/pay": "shop:pay"})
    after = [row for table in shards.tables(tmp_path, [shard]) for row in table.to_pylist()]
    assert [row["view"] for row in after] == ["shop:cart", "shop:pay", "/old"]
    assert [row | {"view": ""} for row in after] == [row | {"view": ""} for row in before]
    assert shards.state_of(tmp_path, shard).problem == ""
