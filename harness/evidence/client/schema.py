"""What one sample is: the columns of a shard, and how exchanges seen by the client become rows.

A shard is an Arrow IPC stream. Its schema metadata carries the schema version; its last record batch is empty and
carries `CLOSING_KEY` in its custom metadata, so that a shard says by itself whether it is whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa

from harness.core.run import SCHEMA_VERSION
from harness.core.text import whole
from harness.evidence.client.server_timing import Witness, seconds, witness

VERSION_KEY = b"harness.schema_version"
CLOSING_KEY = "harness.rows"
OFFSET_KEY = b"harness.clock_offset_s"
"""By how much the clock of another host was ahead of the run's; the reader takes it off all times."""
TIMES = ("started_s", "intended_s")
"""Columns that are times of a clock."""

SCHEMA = pa.schema(
    [
        pa.field("started_s", pa.float64(), nullable=False),
        pa.field("intended_s", pa.float64()),
        pa.field("latency_s", pa.float64(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("view", pa.string(), nullable=False),
        pa.field("status", pa.int16(), nullable=False),
        pa.field("error", pa.string()),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("witness_view_s", pa.float64()),
        pa.field("witness_app_s", pa.float64()),
        pa.field("witness_raised_s", pa.float64()),
        pa.field("exception", pa.string()),
        pa.field("queue_s", pa.float64()),
        pa.field("db_queries", pa.int32()),
        pa.field("db_s", pa.float64()),
        pa.field("db", pa.string()),
        pa.field("cache", pa.string()),
        pa.field("model", pa.string()),
        pa.field("inner_nonce", pa.uint64()),
        pa.field("outer_nonce", pa.uint64()),
        pa.field("process", pa.int64()),
        pa.field("instance", pa.string()),
        pa.field("labels", pa.string()),
        pa.field("request_bytes", pa.int64()),
        pa.field("response_bytes", pa.int64()),
        pa.field("charset", pa.string()),
        pa.field("template", pa.string()),
        pa.field("flags", pa.string()),
        pa.field("between", pa.bool_()),
        pa.field("known_delay_s", pa.float64()),
        pa.field("hop", pa.int16(), nullable=False),
        pa.field("worker", pa.int16(), nullable=False),
        pa.field("phase", pa.string(), nullable=False),
    ],
    metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()},
)
"""Columns of a shard. `status` 0: no response came; `hop`: how many redirects were followed before this request."""


def stamped(clock_offset_s: float) -> pa.Schema:
    """The schema of a shard that is recorded on a clock so far ahead of the run's."""
    return SCHEMA.with_metadata({**(SCHEMA.metadata or {}), OFFSET_KEY: repr(clock_offset_s).encode()})


def offset_s(schema: pa.Schema) -> float:
    """By how much a shard's times are ahead of the run's clock. Raises ValueError when that is no number of seconds."""
    found = float((schema.metadata or {}).get(OFFSET_KEY, b"0"))
    if not isfinite(found):
        raise ValueError(f"its clock's offset is {found}")
    return found


class Exchange(NamedTuple):
    """One request on the wire and its response, as the client saw it."""

    started_s: float
    latency_s: float
    method: str
    name: str
    status: int
    server_timing: str
    """The response's `Server-Timing` header; empty without one."""
    error: str | None
    bytes: int
    url: str | None
    hop: int
    intended_s: float | None = None
    """When it should have been sent; None in a closed model."""


@dataclass(frozen=True, slots=True)
class Labels:
    """How the load's profile names what the client saw."""

    views: Mapping[str, str]
    """The view of a request's name, for targets without a witness."""
    known_delay: Mapping[str, str]
    """The query parameter that asks the view of a request's name to take so many milliseconds."""
    phase: str
    unrouted: str
    """The view label of a request that no route matched."""


def batch(exchanges: Sequence[Exchange], labels: Labels, worker: int) -> pa.RecordBatch:
    """Exchanges, at least one, as rows of a shard; column by column, since this runs while the load does."""
    seen = _columns(exchanges)
    witnessed = _columns([witness(header, labels.unrouted) for header in seen["server_timing"]])
    columns = seen | witnessed | {"known_delay_s": _known_delays(exchanges, labels.known_delay)}
    if None in witnessed["view"]:
        columns["view"] = [
            labels.views.get(name, name) if view is None else view
            for name, view in zip(seen["name"], witnessed["view"], strict=True)
        ]
    constants = {"worker": worker, "phase": labels.phase}
    return pa.record_batch(
        [
            pa.repeat(pa.scalar(constants[field.name], field.type), len(exchanges))
            if field.name in constants
            else _array(columns[field.name], field.type)
            for field in SCHEMA
        ],
        schema=SCHEMA,
    )


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """A column; a locustfile may give names with half a character, which UTF-8 cannot hold."""
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([None if each is None else whole(each) for each in values], kind)


def _columns(rows: Sequence[Exchange] | Sequence[Witness]) -> dict[str, Sequence[Any]]:
    return dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))


def known_delay(url: str, parameter: str) -> float | None:
    """Seconds that a URL asked its view to take: the query `parameter`, in milliseconds; None when it is not there."""
    try:
        values = parse_qs(urlsplit(url).query).get(parameter)
    except ValueError:  # a request to what is no URL was not sent
        return None
    return seconds(values[0]) if values else None


def _known_delays(exchanges: Sequence[Exchange], parameters: Mapping[str, str]) -> list[float | None]:
    """Only the request that the locustfile made carries the parameter, not those it was sent on to."""
    if not parameters:
        return [None] * len(exchanges)
    return [
        known_delay(exchange.url, parameters[exchange.name])
        if exchange.name in parameters and exchange.url and exchange.hop == 0
        else None
        for exchange in exchanges
    ]
