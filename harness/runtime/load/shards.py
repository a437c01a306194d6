"""The shards of samples in a run directory: found, counted, and read again as tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harness.core.errors import StoreError, UsageError
from harness.core.run import SCHEMA_VERSION, Shard, ShardState
from harness.evidence.client import integrity, repeats
from harness.evidence.client.aggregate import COLUMNS
from harness.evidence.client.repeats import Repeats
from harness.evidence.client.schema import CLOSING_KEY, SCHEMA, TIMES, VERSION_KEY, offset_s
from harness.runtime import files
from harness.runtime.load import seen_count

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Last bytes of a whole Arrow IPC stream. Source: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format"""
NO_REPEATS: Mapping[str, "FoundRepeats"] = MappingProxyType({})
UNREADABLE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)
CHUNK_ROWS = 65_536
"""Rows per table when shards are read: enough to make the arithmetic fast, small enough to bound memory."""


@dataclass(frozen=True, slots=True)
class FoundRepeats:
    """The answers that came again, of all shards of a run, and where a shard stands among them."""

    repeats: Repeats
    first_place: int
    """Rows in the shards before this one."""


def find(directory: Path) -> tuple[Path, ...]:
    """All sample files, by number."""
    return tuple(sorted(directory.glob("samples-*.arrow"), key=lambda file: (len(file.name), file.name)))


def number_of(file: Path) -> int:
    """The number in the name of a sample file; -1 for another name."""
    digits = file.stem.removeprefix("samples-")
    return int(digits) if digits.isdigit() else -1


def unnamed(directory: Path, named: Sequence[Shard]) -> tuple[Path, ...]:
    """The sample files that are not among those that run.json names: those of the warm-up."""
    known = {shard.file for shard in named}
    return tuple(file for file in find(directory) if file.name not in known)


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


def found(file: Path, phase: str) -> Shard:
    """A shard as its recorder left it."""
    rows = closing_count(file)
    return Shard(file.name, phase, rows, seen_count.read(file) if rows is None else None)


def find_repeats(directory: Path, named: Sequence[Shard]) -> Mapping[str, FoundRepeats]:
    """By file: which rows are answers that came again; empty when none is. Unreadable rows are left out.

    `named` are those of the measured phase. The warm-up's are read too: the first of two equal answers may be there.
    """
    found = Repeats()
    files = (*unnamed(directory, named), *(directory / shard.file for shard in named))
    for file in files:
        for table in _numbered(file):
            found.count(table)
    if not found.close():
        return NO_REPEATS
    place, by_file = 0, {}
    for file in files:
        by_file[file.name] = FoundRepeats(found, place)
        for table in _numbered(file):
            found.place(table, place)
            place += table.num_rows
    return by_file


def _numbered(file: Path) -> Iterator[pa.Table]:
    """What of a shard's rows can be read, in the columns by which repeats are found."""
    try:
        with _opened(file, repeats.COLUMNS) as reader:
            _check_types(reader.schema, file)
            for table, _ in _pieces(reader):
                if integrity.damage(table):
                    return
                yield table
    except (*UNREADABLE, StoreError):
        return  # `state_of` says so, and the run is judged inconclusive


def state_of(directory: Path, shard: Shard, found: Mapping[str, FoundRepeats] = NO_REPEATS) -> ShardState:
    """Count a shard's rows and say whether it is whole. Raises UsageError for a newer schema."""
    file = directory / shard.file
    rows, problem, contradiction, doubt, closing = 0, "", "", "", None
    try:
        with _opened(file) as reader:
            _check_schema(reader.schema, file)
            for piece, seen in _pieces(reader):
                closing = seen
                if problem := integrity.damage(piece):
                    break
                table = _marked(piece, found.get(shard.file), rows)
                contradiction = contradiction or integrity.contradiction(table, rows)
                doubt = doubt or integrity.doubt(table, rows)
                rows += table.num_rows
    except FileNotFoundError:
        problem = shard.missing or "the file is missing"
    except UNREADABLE as error:
        problem = f"it cannot be read past row {rows}: {(str(error).splitlines() or [repr(error)])[0]}"
    if not problem and not _has_end(file):
        problem = f"its end is missing after row {rows}"
    elif not problem and shard.rows is None:
        problem = "the recorder never closed it"
    if problem and shard.seen is not None:
        problem += f"; {max(shard.seen - rows, 0):,} of {shard.seen:,} samples were lost with the recorder"
    if closing not in (None, shard.rows):
        contradiction = contradiction or f"its end says {closing} rows, run.json {shard.rows}"
    return ShardState(shard, rows, problem or ("" if contradiction else doubt), contradiction)


def tables(
    directory: Path,
    shards: Sequence[Shard],
    columns: Sequence[str] = COLUMNS,
    found: Mapping[str, FoundRepeats] = NO_REPEATS,
    *,
    are_whole: bool = False,
) -> Iterator[pa.Table]:
    """The rows of the shards in tables of about `CHUNK_ROWS`, as far as these columns of them can be read.

    With repeats, each table has their column `ORIGIN` too. Shards that `state_of` found whole are not validated again.
    """
    for shard in shards:
        try:
            with _opened(directory / shard.file, () if shard.file in found else columns) as reader:
                rows = 0
                for table, _ in _pieces(reader):
                    if not are_whole and integrity.damage(table):
                        break
                    yield _columns(_marked(table, found.get(shard.file), rows), columns)
                    rows += table.num_rows
        except UNREADABLE:
            continue  # `state_of` says so, and the run is judged inconclusive


def _marked(table: pa.Table, found: FoundRepeats | None, first_row: int) -> pa.Table:
    return table if found is None else found.repeats.marked(table, found.first_place + first_row)


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
    _check_types(schema, file)


def _check_types(schema: pa.Schema, file: Path) -> None:
    """See that each column can be read as what it is. Raises StoreError."""
    if twice := next((name for name in SCHEMA.names if schema.names.count(name) > 1), ""):
        raise StoreError(f"{file}: column {twice!r} is there more than once; the file was changed")
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
    ahead_s = offset_s(reader.schema)
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
            yield _moved(waiting, ahead_s), closing
            waiting, rows = [], 0
    if waiting:
        yield _moved(waiting, ahead_s), closing
    if broken:
        raise broken


def _moved(batches: Sequence[pa.RecordBatch], ahead_s: float) -> pa.Table:
    """The rows with their times on the run's clock."""
    table = pa.Table.from_batches(batches).replace_schema_metadata(SCHEMA.metadata)
    for name in TIMES if ahead_s else ():
        if name in table.schema.names:
            place = table.schema.get_field_index(name)
            field = table.schema.field(name)
            table = table.set_column(place, field, pc.subtract(table.column(name), pa.scalar(ahead_s)))
    return table


def _columns(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The columns that are read; what an older harness did not record is not known."""
    for name in names:
        if name not in table.schema.names:
            field = SCHEMA.field(name)
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select([*names, *(name for name in (repeats.ORIGIN,) if name in table.schema.names)])


def _opened(file: Path, columns: Sequence[str] = ()) -> pa.RecordBatchStreamReader:
    """All columns, or those of the names that the file has."""
    files.check_regular(file)  # Arrow would wait for a FIFO, where no signal ends it
    whole = pa.ipc.open_stream(pa.OSFile(str(file)))
    places = [place for place, name in enumerate(whole.schema.names) if name in columns]
    if not places:
        return whole
    whole.close()
    return pa.ipc.open_stream(pa.OSFile(str(file)), options=pa.ipc.IpcReadOptions(included_fields=places))


def _has_end(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(stream.tell() - len(END_OF_STREAM), 0))
            return stream.read() == END_OF_STREAM
    except OSError:
        return False
