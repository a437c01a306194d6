"""The shards of samples as one frame, and whether each is what the recorder wrote.

Source: docs/run-directory.md, "When a shard is complete".
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from tests.oracle.frames import Column, Frame

END_MARK = bytes.fromhex("ffffffff00000000")
FLOATS = (
    *("started_s", "intended_s", "latency_s", "witness_view_s", "witness_app_s", "witness_raised_s"),
    *("queue_s", "db_s", "known_delay_s"),
)
TEXTS = ("method", "name", "view", "exception", "db", "cache", "model", "phase")


@dataclass(frozen=True)
class ShardFile:
    """One shard as it lies there."""

    name: str
    recorded: int | None
    """Rows by run.json."""
    rows: int
    """Rows that can be read."""
    is_whole: bool
    is_changed: bool
    """It holds what no recorder wrote."""


def read(directory: Path, shards: list[dict[str, Any]]) -> tuple[list[ShardFile], Frame]:
    """The shards of the measured phase, and all their rows of that phase."""
    files, frames = [], []
    for shard in (each for each in shards if each["phase"] == "measure"):
        frame, closing, has_end = _read_stream(directory / shard["file"])
        impossible, doubtful = (bool(rows.any()) for rows in (_impossible(frame), _doubtful(frame)))
        is_whole = has_end and shard["rows"] is not None
        is_changed = impossible or closing not in (None, shard["rows"])
        is_whole = is_whole and (is_changed or not doubtful)
        files.append(ShardFile(shard["file"], shard["rows"], len(frame), is_whole, is_changed))
        frames.append(frame)
    samples = pd.concat(frames, ignore_index=True) if frames else _frame([])
    return files, samples[samples["phase"] == "measure"]


def _read_stream(file: Path) -> tuple[pd.DataFrame, int | None, bool]:
    """The readable rows, the recorder's closing count, and whether the stream has its end."""
    batches, closing = [], None
    try:
        data = file.read_bytes()
        reader = pa.ipc.open_stream(data)
    except (OSError, pa.ArrowException):
        return _frame([]), None, False
    has_end = False
    try:
        while True:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
            batches.append(batch)
            if closing is None and metadata and b"harness.rows" in metadata:
                closing = int(metadata[b"harness.rows"])
    except StopIteration:
        has_end = data.endswith(END_MARK)
    except (OSError, ValueError, pa.ArrowException):
        pass  # what came before the damage is there
    return _frame(batches), closing, has_end


def _frame(batches: list[pa.RecordBatch]) -> Frame:
    """Rows with all the columns that are used; what a shard does not have is unknown."""
    rows: Frame = pa.Table.from_batches(batches).to_pandas() if batches else pd.DataFrame({"status": []})
    frame = pd.DataFrame({"status": rows["status"].astype("int64")})
    for name in FLOATS:
        frame[name] = rows[name].astype("float64") if name in rows else float("nan")
    for name in TEXTS:
        frame[name] = rows[name].astype("object") if name in rows else None
    return frame


def _impossible(rows: Frame) -> Column:
    """No request can have been like this."""
    lost = rows["status"] == 0
    bad = ~lost & ~rows["status"].between(100, 999)
    bad |= ~((rows["started_s"] > 0) & (rows["started_s"] < 1e11)) | ~(rows["latency_s"].between(0, 1e9, "left"))
    for name in ("witness_view_s", "witness_app_s", "witness_raised_s", "queue_s", "db_s", "known_delay_s"):
        bad |= rows[name].notna() & ~rows[name].between(0, 1e9, "left")
    bad |= (rows["intended_s"] <= 0) | (rows["intended_s"] > rows["started_s"] + 1e-6)
    for name in ("witness_view_s", "witness_app_s", "witness_raised_s"):
        bad |= lost & rows[name].notna()
    bad |= rows["witness_view_s"] > rows["witness_app_s"] + 1e-6
    return bad | (rows["witness_raised_s"] > rows["witness_view_s"] + 1e-6)


def _doubtful(rows: Frame) -> Column:
    """The client waited less than the app worked."""
    return rows["witness_app_s"] > rows["latency_s"] + 1e-6
