"""The shards of samples as one frame, and whether each is what the recorder wrote.

Source: docs/run-directory.md, "Samples" and "When a shard is complete"; docs/verification.md, "Answers that came
again".
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
    *("queue_s", "db_s", "known_delay_s", "request_bytes", "response_bytes"),
)
TEXTS = (
    *("method", "name", "view", "exception", "db", "cache", "model", "phase"),
    *("instance", "labels", "charset", "template", "flags"),
)
NUMBERS: dict[str, Any] = {"inner_nonce": "UInt64", "outer_nonce": "UInt64", "between": "boolean"}
"""Columns whose numbers no float holds, or that may be unknown."""
BY_INNER = [
    *("witness_view_s", "witness_raised_s", "exception"),
    *("request_bytes", "response_bytes", "charset", "template", "flags"),
]
BY_OUTER = ["witness_app_s", "queue_s", "db_s", "db", "cache", "model", "instance", "labels"]
MEASURED, PROBES = "measure", "probe"


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


@dataclass(frozen=True)
class Samples:
    """All rows of the shards that run.json names."""

    files: list[ShardFile]
    """Of the measured phase."""
    measured: Frame
    probe_files: list[ShardFile]
    probes: Frame


def read(directory: Path, shards: list[dict[str, Any]]) -> Samples:
    """Read the shards of a run; those that run.json does not name are of the warm-up, where an answer may come from.

    An answer that came again has lost what its witness said of another request, and is marked: `origin` is `app`,
    `between` or `replayed`.
    """
    named = [(shard["file"], shard) for shard in shards]
    found = sorted(directory.glob("samples-*.arrow"), key=lambda file: (len(file.name), file.name))
    order = [file.name for file in found if file.name not in dict(named)] + [name for name, _ in named]
    streams = {name: _read_stream(directory / name) for name in order}
    origins = _origins([streams[name][0] for name in order])
    kinds: dict[str, tuple[list[ShardFile], list[Frame]]] = {MEASURED: ([], []), PROBES: ([], [])}
    for name, shard in named:
        frame, closing, has_end = streams[name]
        frame = _without_others(frame.assign(origin=origins[order.index(name)]))
        if shard["phase"] in kinds:
            files, frames = kinds[shard["phase"]]
            files.append(_judged(name, shard["rows"], frame, closing, has_end))
            frames.append(frame)
    none = _frame([]).assign(origin="app")
    samples, probes = (
        pd.concat(kinds[kind][1], ignore_index=True) if kinds[kind][1] else none for kind in (MEASURED, PROBES)
    )
    return Samples(kinds[MEASURED][0], samples[samples["phase"] == MEASURED], kinds[PROBES][0], probes)


def _judged(name: str, recorded: int | None, rows: Frame, closing: int | None, has_end: bool) -> ShardFile:
    impossible, doubtful = (bool(each.any()) for each in (_impossible(rows), _doubtful(rows)))
    is_changed = impossible or closing not in (None, recorded)
    is_whole = has_end and recorded is not None and (is_changed or not doubtful)
    return ShardFile(name, recorded, len(rows), is_whole, is_changed)


def _origins(frames: list[Frame]) -> list[Column]:
    """Who gave each answer. Of equal numbers the earliest start has the answer itself, then the first place."""
    if not frames:
        return []  # a run without load, as of `harness dashboards`
    columns = [*NUMBERS, "started_s"]
    rows = pd.concat([frame[columns].assign(file=place) for place, frame in enumerate(frames)], ignore_index=True)
    by_start = rows.sort_values("started_s", kind="stable")
    again = {
        name: by_start[name].notna() & by_start[name].duplicated(keep="first")
        for name in ("inner_nonce", "outer_nonce")
    }
    inside = again["inner_nonce"] | by_start["between"].fillna(False).astype(bool)
    origin = pd.Series("app", index=by_start.index).mask(inside, "between").mask(again["outer_nonce"], "replayed")
    origin = origin.sort_index()
    return [origin[rows["file"] == place].to_numpy() for place in range(len(frames))]


def _without_others(frame: Frame) -> Frame:
    """What the witness says of another request is unknown of this one."""
    frame = frame.copy()
    frame.loc[frame["origin"] != "app", BY_INNER] = None
    frame.loc[frame["origin"] == "replayed", BY_OUTER] = None
    return frame


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
    ahead_s = float((reader.schema.metadata or {}).get(b"harness.clock_offset_s", b"0"))
    rows = _frame(batches)
    rows[["started_s", "intended_s"]] -= ahead_s  # of a worker on another host
    return rows, closing, has_end


def _frame(batches: list[pa.RecordBatch]) -> Frame:
    """Rows with all the columns that are used; what a shard does not have is unknown."""
    exact = {pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}
    rows: Frame = pd.DataFrame({"status": []})
    if batches:
        rows = pa.Table.from_batches(batches).to_pandas(types_mapper=exact.get)
    frame = pd.DataFrame({"status": rows["status"].astype("int64")})
    frame["hop"] = rows["hop"].astype("int64") if "hop" in rows else 0
    for name in FLOATS:
        frame[name] = rows[name].astype("float64") if name in rows else float("nan")
    for name in TEXTS:
        frame[name] = rows[name].astype("object") if name in rows else None
    for name, kind in NUMBERS.items():
        frame[name] = rows[name].astype(kind) if name in rows else pd.Series([None] * len(rows), dtype=kind)
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
