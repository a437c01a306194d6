"""What one sample is: the columns of a shard, and how a response header becomes a witness.

A shard is an Arrow IPC stream. Its schema metadata carries the schema version; its last record batch is empty and
carries `CLOSING_KEY` in its custom metadata, so that a shard says by itself whether it is whole.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa

from harness.model import SCHEMA_VERSION

VERSION_KEY = b"harness.schema_version"
CLOSING_KEY = "harness.rows"

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
        pa.field("cache", pa.string()),
        pa.field("known_delay_s", pa.float64()),
        pa.field("hop", pa.int16(), nullable=False),
        pa.field("worker", pa.int16(), nullable=False),
        pa.field("phase", pa.string(), nullable=False),
    ],
    metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()},
)
"""Columns of a shard. `status` 0: no response came; `hop`: how many redirects were followed before this request."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rf'(?:{_TOKEN}|"(?:[^"\\]|\\.)*")'
_ENTRY = re.compile(rf"\s*({_TOKEN})((?:\s*;\s*{_TOKEN}(?:\s*=\s*{_VALUE})?)*)\s*(?:,|$)")
_PARAMETER = re.compile(rf";\s*({_TOKEN})\s*=\s*({_VALUE})")
_ESCAPE = re.compile(r"\\(.)")


_COMMON = re.compile(
    r'view;dur=(\d+\.\d+)(?:;desc="([^"\\]*)")?, app;dur=(\d+\.\d+)(?:, queue;dur=(\d+\.\d+))?',
)
"""The witness's header when nothing was raised and nobody added to it: most headers, so they are read in one go."""


class Timing(NamedTuple):
    """One entry of a `Server-Timing` header."""

    duration_s: float | None
    description: str | None


def parse_server_timing(header: str) -> dict[str, Timing]:
    """Read a `Server-Timing` header into its entries by name; the first of a repeated name wins.

    Durations are milliseconds on the wire and seconds here. A malformed entry is left out, as a browser does.
    Source: https://www.w3.org/TR/server-timing/#the-server-timing-header-field
    """
    if match := _COMMON.fullmatch(header):
        view, description, app, queue = match.groups()
        common = {"view": Timing(float(view) / 1000, description), "app": Timing(float(app) / 1000, None)}
        if queue:
            common["queue"] = Timing(float(queue) / 1000, None)
        return common
    timings: dict[str, Timing] = {}
    for name, parameters in _ENTRY.findall(header):
        if name in timings:
            continue
        duration_s = description = None
        for key, value in _PARAMETER.findall(parameters):
            text = _ESCAPE.sub(r"\1", value[1:-1]) if value[0] == '"' else value
            if key == "dur" and duration_s is None:
                duration_s = _milliseconds(text)
            elif key == "desc" and description is None:
                description = text
        timings[name] = Timing(duration_s, description)
    return timings


def known_delay(url: str, parameter: str) -> float | None:
    """Seconds that a URL told its view to take: the query `parameter`, in milliseconds; None when it is not there."""
    values = parse_qs(urlsplit(url).query).get(parameter)
    return _milliseconds(values[0]) if values else None


def _milliseconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value / 1000 if 0 <= value < float("inf") else None
