"""evidence.arrow: the raw samples of an evidence as columns. evidence.json says to which question each belongs.

A row holds the series of one answer that were sampled at the same times, so that these stand there once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from harness.core.points import Block, Points
from harness.core.query import NoData, NoSeries, Reading, Series
from harness.evidence import arrays, prometheus_evidence

FILE = "evidence.arrow"
SERIES = "series"
"""The key of an answer whose samples are in the file: how many series it has."""
SCHEMA = pa.schema(
    [
        pa.field("answer", pa.int32(), nullable=False),
        pa.field("places", pa.list_(pa.int32()), nullable=False),
        pa.field("labels", pa.list_(pa.string()), nullable=False),
        pa.field("seconds", pa.list_(pa.float64()), nullable=False),
        pa.field("values", pa.list_(pa.float64()), nullable=False),
    ]
)
UNREADABLE = (pa.ArrowException, msgspec.MsgspecError, LookupError, ValueError, OverflowError, MemoryError)
"""What reading a damaged file raises."""


def parted(answers: Iterable[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], bytes]:
    """The answers without their raw samples, and these as a file."""
    sink, index = pa.BufferOutputStream(), list[Mapping[str, Any]]()
    with pa.ipc.new_stream(sink, SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for number, answer in enumerate(answers):
            result = answer.get("result")
            if not isinstance(result, list) or not result or not all(_is_raw(each) for each in result):
                index.append(answer)
                continue
            reading = prometheus_evidence.parse_result(result)
            assert isinstance(reading, Reading)
            writer.write_batch(_batch(number, reading.series))
            index.append({**{key: value for key, value in answer.items() if key != "result"}, SERIES: len(result)})
    return index, sink.getvalue().to_pybytes()


def read(data: bytes) -> dict[int, tuple[Series, ...]]:
    """The series of each answer, by its place in the index. Raises one of `UNREADABLE`."""
    found: dict[int, dict[int, Series]] = {}
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        if reader.schema != SCHEMA:
            raise ValueError("it has other columns")
        for batch in reader:
            batch.validate(full=True)
            for row in range(batch.num_rows):
                own = found.setdefault(batch["answer"][row].as_py(), {})
                own |= _series(*(batch[name][row].values for name in SCHEMA.names[1:]))
    return {number: tuple(own[place] for place in range(len(own))) for number, own in found.items()}


def reading_of(answer: Mapping[str, Any], series: Sequence[Series]) -> Reading | NoData:
    """The answer that the index describes, whichever file holds it. Raises KeyError or ValueError."""
    if SERIES not in answer:
        return prometheus_evidence.parse_result(answer["result"])
    if answer[SERIES] != len(series):
        raise ValueError(f"it has {answer[SERIES]} series, and {FILE} holds {len(series)} of them")
    return Reading(tuple(series)) if series else NoSeries()


def _is_raw(item: object) -> bool:
    return isinstance(item, Mapping) and "values" in item


def _batch(number: int, series: Sequence[Series]) -> pa.RecordBatch:
    places: dict[Block, list[int]] = {}
    for place, each in enumerate(series):
        places.setdefault(each.columns.block, []).append(place)
    blocks = list(places)
    columns = [
        [number] * len(blocks),
        list(places.values()),
        [[msgspec.json.encode(series[place].labels).decode() for place in own] for own in places.values()],
        [block.seconds for block in blocks],
        [block.values.ravel() for block in blocks],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=SCHEMA)


def _series(places: pa.Array, labels: pa.Array, seconds: pa.Array, values: pa.Array) -> dict[int, Series]:
    if seconds.null_count or values.null_count:
        raise ValueError("a sample has no time or no value")
    times = arrays.values(seconds)
    block = Block(times, arrays.values(values).reshape(len(times), len(labels)))
    read = [msgspec.json.decode(text.as_py(), type=dict[str, str]) for text in labels]
    return {
        place: Series(own, Points(block, column))
        for column, (place, own) in enumerate(zip(places.to_pylist(), read, strict=True))
    }
