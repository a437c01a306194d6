"""Samples that a worker could not hand in, brought to their run later; the run is judged again with them."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow.compute as pc

from harness.core.errors import StoreError, UsageError
from harness.core.run import Run, Shard
from harness.report.render import FORMATS
from harness.runs import manifest
from harness.runs.judge import Outcome, judge, write_reports
from harness.runs.run_directory import RunDirectory
from harness.runtime import files
from harness.runtime.load import seen_count, shards
from harness.runtime.load.distributed import wire


def collect(path: Path, brought: Sequence[Path]) -> Outcome:
    """Take in shards, each with its note beside it, and judge the run again.

    All are looked at before any is taken. The manifest then vouches for them too, and for the rest as before. Raises
    UsageError for a file that is no shard of this run, StoreError for one that was altered.
    """
    directory = RunDirectory(path)
    sealed = directory.check(FORMATS)
    run = directory.read_run()
    if sealed is None:
        raise UsageError(f"{path}: nothing vouches for this run, so nothing is added to it")
    taken = {file: _taken(run, file) for file in brought}
    changed = {shard.file for shard in taken.values()} | {"run.json", *FORMATS}
    for file, shard in taken.items():
        _copy(file, path / shard.file)
    found = {shard.file: shard for shard in taken.values()}
    complete = tuple(found.get(shard.file, shard) for shard in run.shards)
    error_s = max(shard.clock_error_s for shard in complete)
    directory.write_run(replace(run, shards=complete, generator=replace(run.generator, clock_error_s=error_s)))
    report = judge(directory, fresh=True)
    write_reports(directory, report)
    manifest.seal(path, {name: entry for name, entry in sealed.files.items() if name not in changed})
    return Outcome(report, path)


def _taken(run: Run, file: Path) -> Shard:
    """What run.json says of a shard when it is here. Raises UsageError and StoreError."""
    note = _note(file)
    load = f"{note.run}/{note.phase}"
    lacking = [shard for shard in run.shards if shard.worker == note.worker and shard.load == load]
    if not lacking:
        raise UsageError(f"{file}: it is of worker {note.worker} in {load}, and run {run.id} has no such part")
    shard, closed = lacking[0], note.closed
    sha256 = closed.sha256 if closed else ""
    try:
        found = wire.digest(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}; name the file that the worker named") from None
    for known in filter(None, (sha256, shard.sha256)):
        if found != known:
            raise StoreError(f"{file}: it was cut or altered since the worker closed it (SHA-256 {found[:12]})")
    if not shard.missing:
        raise UsageError(f"{file}: run {run.id} has the samples of worker {note.worker} already")
    if (last_s := _last_s(file)) > run.window.end_s + run.window.clock_skew_s:
        raise StoreError(
            f"{file}: the worker went on loading until {last_s - run.window.end_s:.1f} s after the measured window, "
            "so the counters at its end do not hold these requests; run again"
        )
    rows, seen, error_s = None, seen_count.read(file), 0.0
    if closed:
        rows, seen, error_s = closed.rows, closed.seen, closed.clock_error_s
    return replace(shard, rows=rows, seen=seen, missing="", sha256=found, clock_error_s=error_s)


def _note(file: Path) -> wire.Note:
    beside = file.with_name(f"{file.name}.json")
    try:
        return msgspec.json.decode(files.read_bytes(beside, files.MIB), type=wire.Note)
    except FileNotFoundError:
        raise UsageError(f"{beside} is missing: the worker leaves it beside its samples; bring both") from None
    except (OSError, msgspec.DecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"{beside} cannot be read: {reason}; bring it as the worker left it") from None


def _last_s(file: Path) -> float:
    """The end of the last request, on the run's clock; 0 without one."""
    last_s = 0.0
    for table in shards.tables(file.parent, [Shard(file.name, "", None)], ("started_s", "latency_s")):
        last_s = max(last_s, pc.max(pc.add(table["started_s"], table["latency_s"])).as_py() or 0.0)
    return last_s


def _copy(file: Path, to: Path) -> None:
    coming = to.with_name(f".{to.name}.part")
    try:
        shutil.copyfile(file, coming)
        coming.replace(to)
    except OSError as error:
        raise StoreError(f"{to} cannot be written: {error.strerror}; free space, and bring the samples again") from None
