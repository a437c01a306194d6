"""One shard, written by the harness itself: exchanges that it sent, or that it read in the results of a command."""

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

import pyarrow as pa

from harness.core.run import Shard
from harness.evidence.client.schema import CLOSING_KEY, SCHEMA, Exchange, Labels, batch
from harness.runtime.load import shards

BATCH_ROWS = 65_536


def write(directory: Path, exchanges: Iterable[Exchange], labels: Labels, taken: int = -1) -> Shard:
    """Write exchanges as the next shard of the run directory, with a number above `taken`.

    Raises OSError, and what `exchanges` raises.

    A shard that was not written to its end is removed.
    """
    file = directory / f"samples-{1 + max([taken, *map(shards.number_of, shards.find(directory))])}.arrow"
    rest, rows = iter(exchanges), 0
    try:
        with file.open("xb") as sink, pa.ipc.new_stream(sink, SCHEMA) as writer:
            while piece := list(islice(rest, BATCH_ROWS)):
                writer.write_batch(batch(piece, labels, 0))
                rows += len(piece)
            writer.write_batch(_empty(), custom_metadata={CLOSING_KEY: str(rows)})
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return Shard(file.name, labels.phase, rows)


def name_views(file: Path, views: Mapping[str, str]) -> None:
    """Write a shard anew, with the view of each request's name where it is known. Raises OSError, pa.ArrowException."""
    written = file.with_name(f".{file.name}.part")
    place = SCHEMA.get_field_index("view")
    with pa.ipc.open_stream(pa.OSFile(str(file))) as reader, pa.ipc.new_stream(str(written), reader.schema) as writer:
        while True:
            try:
                rows, metadata = reader.read_next_batch_with_custom_metadata()
            except StopIteration:
                break
            names = zip(rows.column("name").to_pylist(), rows.column("view").to_pylist(), strict=True)
            named = pa.array([views.get(name, view) for name, view in names], pa.string())
            columns = [*rows.columns[:place], named, *rows.columns[place + 1 :]]
            writer.write_batch(pa.record_batch(columns, schema=reader.schema), custom_metadata=metadata)
    written.replace(file)


def _empty() -> pa.RecordBatch:
    return pa.record_batch([pa.array([], type=field.type) for field in SCHEMA], schema=SCHEMA)
