"""Runs the clean app and each fault, every one as a `harness run` of its own, so that none can touch another."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness import catalogue, process
from harness.catalogue import Catalogue, Row
from harness.checks import CHECKS
from harness.errors import HarnessError
from harness.faults import Fault
from harness.model import SCHEMA_VERSION
from harness.process import Service
from harness.render import catalogue as renderers
from harness.render import json as json_report
from harness.store import RunDirectory

POLL_S = 0.1
RUN_LIMIT_S = 180.0
"""A single run is given up after this; it takes about 15 s."""


@dataclass(frozen=True, slots=True)
class _Started:
    fault: Fault | None
    service: Service
    out: Path
    began: float


def run_all(
    faults: Sequence[Fault],
    command: Sequence[str],
    out: Path,
    jobs: int,
    on_row: Callable[[Row], None],
) -> Catalogue:
    """Run the clean app and `faults`, `jobs` at a time, each below `out`, and write the catalogue there.

    While one is judged and stopped, the next is started already: no two of them load more than `jobs` at a time.
    `command` is `harness run` with its profile. Raises StoreError when `out` cannot be made or is in use.
    """
    directory = RunDirectory(out)
    directory.create()
    started_s, began = time.time(), time.monotonic()
    rows: list[Row] = []
    with ExitStack() as running:
        waiting: list[Fault | None] = [None, *faults]
        started: list[_Started] = []
        while waiting or started:
            while waiting and sum(_is_loading(each) for each in started) < jobs:
                fault = waiting.pop(0)
                if missing := _missing(fault):
                    rows.append(catalogue.unknown(fault, f"{missing} is not installed; `make services` installs it"))
                    on_row(rows[-1])
                else:
                    started.append(_start(running, fault, command, directory))
            for ended in [each for each in started if _has_ended(each)]:
                started.remove(ended)
                rows.append(_row(ended))
                on_row(rows[-1])
            time.sleep(POLL_S)
    made = Catalogue(
        schema_version=SCHEMA_VERSION,
        started_s=started_s,
        took_s=time.monotonic() - began,
        checks=tuple(check.id for check in CHECKS),
        rows=tuple(sorted(rows, key=lambda row: row.number)),
        exit_code=catalogue.exit_code(rows),
    )
    for name, render in renderers.FORMATS.items():
        directory.write_text(name, render(made))
    return made


def _missing(fault: Fault | None) -> str:
    """The first program that is needed and not there; empty when all are."""
    return next((name for name in (fault.needs if fault else ()) if shutil.which(name) is None), "")


def _start(running: ExitStack, fault: Fault | None, command: Sequence[str], directory: RunDirectory) -> _Started:
    name = fault.id if fault else catalogue.CLEAN
    out = directory.path / name
    words = [*command, *(("--fault", fault.id) if fault else ()), "--quiet", "--out", str(out)]
    spawn = partial(process.spawn, name, words, directory.logs / f"{name}.log")
    return _Started(fault, process.registered(running, spawn), out, time.monotonic())


def _is_loading(started: _Started) -> bool:
    """True until its evidence is fetched: what then follows needs neither the target nor Prometheus."""
    return not (started.out / "evidence.json").exists()


def _has_ended(started: _Started) -> bool:
    if started.service.process.poll() is not None:
        return True
    if time.monotonic() - started.began > RUN_LIMIT_S:
        process.stop(started.service)
        return True
    return False


def _row(ended: _Started) -> Row:
    took_s = time.monotonic() - ended.began
    try:
        return catalogue.judge(ended.fault, RunDirectory(ended.out).read_report(json_report.parse), took_s)
    except HarnessError:
        told = process.tail(ended.service.log).strip() or f"exit {ended.service.process.returncode}"
        return catalogue.unknown(ended.fault, told.splitlines()[0], took_s)


def harness_run(config: Path, profile: str) -> Iterator[str]:
    """The words of `harness run` on a profile."""
    yield from (sys.executable, "-m", "harness.cli", "run", profile, "--config", str(config))
