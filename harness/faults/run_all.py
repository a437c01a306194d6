"""Runs the clean app and each fault, every one as a `harness run` of its own, so that none can touch another."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.checks import CHECKS
from harness.checks.validity import generator_health
from harness.core.errors import ExitCode, HarnessError
from harness.core.run import SCHEMA_VERSION
from harness.core.verdict import Status
from harness.faults import render as renderers
from harness.faults import results
from harness.faults.fault import Fault
from harness.faults.results import Detection, FaultReport, Row
from harness.report.render import json_report
from harness.runs.run_directory import RunDirectory
from harness.runtime import interrupt, process
from harness.runtime.process import Service
from harness.runtime.stack import embedded

POLL_S = 0.1
RUN_LIMIT_S = 180.0
"""A single run is given up after this; it takes about 15 s."""
CROWDED = "crowded"
"""Added to the name of a run's directory when the other runs left it too little of the machine."""


@dataclass(frozen=True, slots=True)
class _Started:
    fault: Fault | None
    service: Service
    out: Path
    began: float
    grace_s: float


def run_all(
    faults: Sequence[Fault],
    command: Sequence[str],
    out: Path,
    jobs: int,
    on_row: Callable[[Row], None],
    *,
    stop_timeout_s: float,
) -> FaultReport:
    """Run the clean app and `faults`, `jobs` at a time, each below `out`, and write their report there.

    While one is judged and stopped, the next is already started: never do more than `jobs` load at a time. A run
    whose load generator was starved says nothing about the fault, and the others may have been the reason: such a run
    is put aside as `<name>-crowded` and made once more when all others have ended, by itself.
    `command` is `harness run` with its profile, whose `stop_timeout_s` is given. Raises StoreError when `out` cannot be
    made or is in use.
    """
    directory = RunDirectory(out)
    directory.create()
    started_s, began = time.time(), time.monotonic()
    rows: list[Row] = []
    crowded: list[Fault | None] = []

    def add(row: Row) -> None:
        rows.append(row)
        on_row(row)

    with ExitStack() as running:
        runs = _Runs(running, command, directory, stop_timeout_s)
        for ended, row in runs.made([None, *faults], jobs):
            if jobs > 1 and ended and was_starved(row):
                ended.out.rename(ended.out.with_name(f"{ended.out.name}-{CROWDED}"))
                crowded.append(ended.fault)
            else:
                add(row)
        for _ended, row in runs.made(crowded, 1):
            add(row)
    made = FaultReport(
        schema_version=SCHEMA_VERSION,
        started_s=started_s,
        took_s=time.monotonic() - began,
        checks=tuple(check.id for check in CHECKS),
        rows=tuple(sorted(rows, key=lambda row: row.number)),
        exit_code=results.exit_code(rows),
    )
    for name, render in renderers.FORMATS.items():
        directory.write_text(name, render(made))
    return made


def was_starved(row: Row) -> bool:
    """True when it is inconclusive because the load generator had too little CPU."""
    unsettled = row.outcome in (Detection.UNKNOWN, Detection.MISSED, Detection.OTHERWISE)
    return unsettled and row.checks.get(generator_health.ID) is Status.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class _Runs:
    """Starts runs; what is still running when `running` closes is stopped."""

    running: ExitStack
    command: Sequence[str]
    directory: RunDirectory
    stop_timeout_s: float

    def made(self, faults: Sequence[Fault | None], jobs: int) -> Iterator[tuple[_Started | None, Row]]:
        """The row of each, as they end, with the run it is of; None when a program that it needs is missing."""
        waiting, started = [*faults], list[_Started]()
        try:
            while waiting or started:
                while waiting and sum(_is_loading(each) for each in started) < jobs:
                    fault = waiting.pop(0)
                    if missing := _missing(fault):
                        reason = f"{missing} is not installed; `make services` installs it"
                        yield None, results.unknown(fault, reason)
                    else:
                        started.append(self._start(fault))
                for ended in [each for each in started if _has_ended(each)]:
                    started.remove(ended)
                    yield ended, _row(ended)
                interrupt.sleep(POLL_S)
        finally:
            for each in started:  # all at once: each may need its whole grace
                process.ask_to_stop(each.service)

    def _start(self, fault: Fault | None) -> _Started:
        name = fault.id if fault else results.CLEAN
        out = self.directory.path / name
        arguments = [*self.command, *(("--fault", fault.id) if fault else ()), "--quiet", "--out", str(out)]
        spawn = partial(process.spawn, name, arguments, self.directory.logs / f"{name}.log", is_harness=True)
        grace_s = self._grace_s(fault)
        return _Started(fault, process.registered(self.running, spawn, grace_s), out, time.monotonic(), grace_s)

    def _grace_s(self, fault: Fault | None) -> float:
        """What the run itself needs to stop its parts, and a grace for itself."""
        stop_timeout_s = self.stop_timeout_s
        if fault:
            stop_timeout_s = fault.injection.profile.get("stop_timeout_s", stop_timeout_s)
        sidecars = len(fault.injection.sidecars) if fault else 0
        return embedded.stop_limit_s(sidecars, stop_timeout_s) + process.STOP_GRACE_S


def _missing(fault: Fault | None) -> str:
    """The first program that is needed and not there; empty when all are."""
    return next((name for name in (fault.needs if fault else ()) if shutil.which(name) is None), "")


def _is_loading(started: _Started) -> bool:
    """True until its evidence is fetched: what then follows needs neither the target nor Prometheus."""
    return not (started.out / "evidence.json").exists()


def _has_ended(started: _Started) -> bool:
    if started.service.process.poll() is not None:
        return True
    if time.monotonic() - started.began > RUN_LIMIT_S:
        process.stop(started.service, started.grace_s)
        return True
    return False


def _row(ended: _Started) -> Row:
    took_s, code = time.monotonic() - ended.began, ended.service.process.returncode
    if code == ExitCode.CRASHED:  # whatever report it left is not reliable
        last = "".join(process.tail(ended.service.log).splitlines()[-1:]).strip()
        return results.unknown(ended.fault, f"exit {code}: {last}; see {ended.service.log}", took_s)
    try:
        return results.judge(ended.fault, RunDirectory(ended.out).read_report(json_report.parse), took_s)
    except HarnessError:
        output = process.tail(ended.service.log).strip() or f"exit {code}"
        return results.unknown(ended.fault, output.splitlines()[0], took_s)


def harness_run(config: Path, profile: str) -> Iterator[str]:
    """The command line of `harness run` on a profile."""
    yield from (sys.executable, "-m", "harness.cli.main", "run", profile, "--config", str(config))
