"""The shards of samples in a run directory: found, counted, and read again as tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.core.errors import StoreError, UsageError
from harness.core.run import SCHEMA_VERSION, Shard, ShardState
from harness.evidence.client import integrity
from harness.evidence.client.aggregate import COLUMNS
from harness.evidence.client.schema import CLOSING_KEY, SCHEMA, VERSION_KEY
from harness.runtime import files

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Last bytes of a whole Arrow IPC stream. Source: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format"""
UNREADABLE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)
CHUNK_ROWS = 65_536
"""Rows per table when shards are read: enough to make the arithmetic fast, small enough to bound memory."""


def find(directory: Path) -> tuple[Path, ...]:
    """All sample files, by number."""
    return tuple(sorted(directory.glob("samples-*.arrow"), key=lambda file: (len(file.name), file.name)))


def closing_count(file: Path) -> int | None:
    """The count the recorder wrote at the end of a shard; None when the shard has no readable end."""
    count = None
    try:
        with _opened(file) as reader:
            for _, seen in _pieces(reader):
                count = seen
    except UNREADABLE:
        return None
    return count if _has_end(file) else None


def state_of(directory: Path, shard: Shard) -> ShardState:
    """Count a shard's rows and say whether it is whole. Raises UsageError for a newer schema."""
    file = directory / shard.file
    rows, problem, contradiction, doubt, closing = 0, "", "", "", None
    try:
        with _opened(file) as reader:
            _check_schema(reader.schema, file)
            for table, seen in _pieces(reader):
                closing = seen
                if problem := integrity.damage(table):
                    break
                contradiction = contradiction or integrity.contradiction(table, rows)
                doubt = doubt or integrity.doubt(table, rows)
                rows += table.num_rows
    except FileNotFoundError:
        problem = "the file is missing"
    except UNREADABLE as error:
        problem = f"it cannot be read past row {rows}: {(str(error).splitlines() or [repr(error)])[0]}"
    if not problem and not _has_end(file):
        problem = f"its end is missing after row {rows}"
    elif not problem and shard.rows is None:
        problem = "the recorder never closed it"
    if closing not in (None, shard.rows):
        contradiction = contradiction or f"its end says {closing} rows, run.json {shard.rows}"
    return ShardState(shard, rows, problem or ("" if contradiction else doubt), contradiction)


def tables(directory: Path, shards: Sequence[Shard], columns: Sequence[str] = COLUMNS) -> Iterator[pa.Table]:
    """The rows of the shards in tables of about `CHUNK_ROWS`, as far as they can be read."""
    for shard in shards:
        try:
            with _opened(directory / shard.file) as reader:
                for table, _ in _pieces(reader):
                    if integrity.damage(table):
                        break
                    yield _columns(table, columns)
        except UNREADABLE:
            continue  # `state_of` says so, and the run is judged inconclusive


def _check_schema(schema: pa.Schema, file: Path) -> None:
    text = (schema.metadata or {}).get(VERSION_KEY, b"")
    if not text.isdigit():
        raise StoreError(f"{file}: its schema has no version; the file is damaged, run again")
    version = int(text[:9])
    if version > SCHEMA_VERSION:
        raise UsageError(
            f"{file}: samples of schema {version}, this harness reads up to {SCHEMA_VERSION}; upgrade the harness"
        )
    missing = [name for name in COLUMNS if name not in schema.names and not SCHEMA.field(name).nullable]
    if missing:
        raise UsageError(f"{file}: no column {missing[0]!r}; it is not a shard of this harness")
    for field in schema:
        if field.name in SCHEMA.names and field.type != SCHEMA.field(field.name).type:
            wanted = SCHEMA.field(field.name).type
            raise StoreError(f"{file}: column {field.name!r} is {field.type}, not {wanted}; the file was changed")


def _closing_count(metadata: Any) -> int | None:
    """The number of rows that a batch's custom metadata gives, if it is the closing one. Raises ValueError."""
    return int(metadata[CLOSING_KEY.encode()]) if metadata and CLOSING_KEY.encode() in metadata else None


def _pieces(reader: pa.RecordBatchStreamReader) -> Iterator[tuple[pa.Table, int | None]]:
    """The rows in tables of about `CHUNK_ROWS`, each with the closing count if it was seen by then.

    What was read before an error comes first, then the error. Raises pa.ArrowException, OSError, ValueError.
    """
    waiting: list[pa.RecordBatch] = []
    rows, closing, broken = 0, None, None
    while True:
        try:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
            closing = _closing_count(metadata) if closing is None else closing
        except StopIteration:
            break
        except UNREADABLE as error:
            broken = error
            break
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= CHUNK_ROWS:
            yield pa.Table.from_batches(waiting), closing
            waiting, rows = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting), closing
    if broken:
        raise broken


def _columns(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The columns that are read; what an older harness did not record is not known."""
    for name in names:
        if name not in table.schema.names:
            field = SCHEMA.field(name)
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(list(names))


def _opened(file: Path) -> pa.RecordBatchStreamReader:
    files.check_regular(file)  # Arrow would wait for a FIFO, where no signal ends it
    return pa.ipc.open_stream(pa.OSFile(str(file)))


def _has_end(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(stream.tell() - len(END_OF_STREAM), 0))
            return stream.read() == END_OF_STREAM
    except OSError:
        return False
