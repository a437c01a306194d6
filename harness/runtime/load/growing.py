"""The rows of shards while the recorders still write them: each is read once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from harness.runtime import files
from harness.runtime.load import shards

MOST_BYTES = 64 * 2**20
"""What is read of a shard at once; the rest follows the next time."""


@dataclass(slots=True)
class _Shard:
    """How far a shard has been read: up to the end of a whole message."""

    offset: int = 0
    schema: pa.Schema | None = None
    broken: bool = False


class GrowingShards:
    """The shards of a directory that were not there before; `seen` are those that were."""

    def __init__(self, directory: Path, seen: frozenset[Path]) -> None:
        """Nothing is read yet."""
        self._directory = directory
        self._seen = seen
        self._shards: dict[Path, _Shard] = {}

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that were found so far."""
        return tuple(self._shards)

    def read(self) -> Iterator[pa.RecordBatch]:
        """What was added since the last call. What cannot be read is left out: the checks say so at the end."""
        for path in shards.find(self._directory):
            if path not in self._seen:
                shard = self._shards.setdefault(path, _Shard())
                if not shard.broken:
                    yield from _added(path, shard)


def _added(path: Path, shard: _Shard) -> Iterator[pa.RecordBatch]:
    try:
        files.check_regular(path)
        with path.open("rb") as stream:
            stream.seek(shard.offset)
            text = pa.BufferReader(stream.read(MOST_BYTES))
    except OSError:
        return
    messages, begun = pa.ipc.MessageReader.open_stream(text), shard.offset
    while True:
        try:
            message = messages.read_next_message()
        except (StopIteration, pa.ArrowException, OSError):
            return  # the end, or a message that is half written
        shard.offset = begun + text.tell()
        try:
            if shard.schema is None:
                shard.schema = pa.ipc.read_schema(message)
            else:
                yield pa.ipc.read_record_batch(message, shard.schema)
        except shards.UNREADABLE:
            shard.broken = True
            return
