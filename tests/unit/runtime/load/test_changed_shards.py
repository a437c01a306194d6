"""Shards whose columns are of other types: a message, never the end of the interpreter."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from harness.core.errors import StoreError
from harness.core.run import Shard
from harness.evidence.client.schema import Exchange, Labels
from harness.runtime.load import shard_file, shards

LABELS = Labels({}, {}, "measure", "<unnamed view>")
HEADER = 'mw-view;dur=1.5;desc="shop", mw-inner;desc="00000000000000aa 0 5 utf-8 -"'
NUMBERS = pa.array([1, 2, 3])
TYPES = [
    pa.timestamp("ns"),
    pa.decimal128(20, 0),
    pa.string(),
    pa.null(),
    pa.bool_(),
    pa.binary(8),
    pa.dictionary(pa.int32(), pa.string()),
    pa.list_(pa.int8()),
]


def changed(directory: Path, name: str, type_: pa.DataType) -> Shard:
    """A whole shard of three rows, of which one column is of another type, all else as it was."""
    rows = [Exchange(1790000005.0 + each, 0.01, "GET", "/a", 200, HEADER, None, 5, "", 0) for each in range(3)]
    shard = shard_file.write(directory, rows, LABELS)
    file = directory / shard.file
    table = pa.ipc.open_stream(file.read_bytes()).read_all()
    place = table.schema.get_field_index(name)
    table = table.set_column(place, pa.field(name, type_), pa.nulls(3, type_))
    with pa.ipc.new_stream(str(file), table.schema) as writer:
        writer.write_table(table)
    return shard


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("name", ["inner_nonce", "outer_nonce", "started_s", "between"])
def test_a_column_of_another_type_is_named(tmp_path: Path, name: str, type_: pa.DataType) -> None:
    """Repeats are looked for before the shard is judged, by the same columns."""
    if name == "between" and type_ == pa.bool_():
        pytest.skip("that is its type")
    shard = changed(tmp_path, name, type_)
    assert shards.find_repeats(tmp_path, [shard]) == {}
    with pytest.raises(StoreError, match=rf"column '{name}' is .*; the file was changed"):
        shards.state_of(tmp_path, shard)


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    """Arrow would not say which of them is meant."""
    shard = changed(tmp_path, "between", pa.bool_())
    file = tmp_path / shard.file
    table = pa.ipc.open_stream(file.read_bytes()).read_all()
    table = table.append_column(table.schema.field("started_s"), table.column("started_s"))
    with pa.ipc.new_stream(str(file), table.schema) as writer:
        writer.write_table(table)
    assert shards.find_repeats(tmp_path, [shard]) == {}
    with pytest.raises(StoreError, match=r"column 'started_s' is there more than once; the file was changed"):
        shards.state_of(tmp_path, shard)


@pytest.mark.parametrize("type_", ["pa.dictionary(pa.int32(), pa.string())", "pa.string()", "pa.timestamp('s')"])
def test_what_is_no_number_is_never_read_as_one(type_: str) -> None:
    """Its memory holds something else; NumPy would end the interpreter, so another one tries."""
    program = f"import pyarrow as pa; from harness.evidence import arrays; arrays.values(pa.nulls(3, {type_}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is no type of numbers" in done.stderr
