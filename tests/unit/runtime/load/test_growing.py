"""Shards that are read while they grow."""

from pathlib import Path

import pyarrow as pa
import pytest

from harness.evidence.client.schema import CLOSING_KEY, SCHEMA, Exchange, Labels, batch
from harness.runtime.load.growing import GrowingShards

LABELS = Labels({}, {}, "measure", "")


def shard(batches: int) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        for number in range(batches):
            rows = [Exchange(1000.0 + number + i / 7, 0.01, "GET", "/x", 200, "", None, 1, "/x", 0) for i in range(5)]
            writer.write_batch(batch(rows, LABELS, 0))
        empty = pa.record_batch([pa.array([], type=field.type) for field in SCHEMA], schema=SCHEMA)
        writer.write_batch(empty, custom_metadata={CLOSING_KEY: str(5 * batches)})
    return bytes(sink.getvalue())


@pytest.mark.parametrize("step", [1, 97, 1000, 10**6])
def test_each_row_is_read_once_however_it_comes(tmp_path: Path, step: int) -> None:
    """Half a message waits for its other half."""
    whole, growing, starts = shard(3), GrowingShards(tmp_path, frozenset()), []
    with (tmp_path / "samples-0.arrow").open("wb", buffering=0) as file:
        for at in range(0, len(whole), step):
            file.write(whole[at : at + step])
            if step > 1 or at % 50 == 0:
                starts += [value for each in growing.read() for value in each.column("started_s").to_pylist()]
    starts += [value for each in growing.read() for value in each.column("started_s").to_pylist()]
    assert starts == [1000.0 + number + i / 7 for number in range(3) for i in range(5)]


def test_shards_of_before_are_left_out_and_new_ones_found(tmp_path: Path) -> None:
    """Those of the warm-up, by their paths."""
    warm = tmp_path / "samples-0.arrow"
    warm.write_bytes(shard(1))
    growing = GrowingShards(tmp_path, frozenset({warm}))
    assert list(growing.read()) == []
    (tmp_path / "samples-1.arrow").write_bytes(shard(2))
    assert sum(each.num_rows for each in growing.read()) == 10
    assert growing.files == (tmp_path / "samples-1.arrow",)


def test_what_is_no_shard_harms_nothing(tmp_path: Path) -> None:
    """The checks say so at the end."""
    (tmp_path / "samples-0.arrow").write_bytes(b"no shard at all, whatever its name says")
    (tmp_path / "samples-1.arrow").write_bytes(shard(1))
    growing = GrowingShards(tmp_path, frozenset())
    assert sum(each.num_rows for each in growing.read()) == 5
    assert list(growing.read()) == []
