"""What a worker does in one phase: it runs Locust's worker, reports, and closes what was recorded."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.core import secret, url
from harness.core.errors import HarnessError, LoadError, UsageError
from harness.runtime import connections, files, interrupt, process
from harness.runtime.load import (
    caller_environment,
    endings,
    locust_command,
    pulse,
    seen_count,
    shards,
    target_way,
    witness_token,
)
from harness.runtime.load.distributed import offset, wire
from harness.runtime.load.distributed.link import CutOffError, Link, RefusedError
from harness.runtime.load.distributed.offset import Offset
from harness.runtime.load.locust_generator import MOST_PROCESSES

AFTER_OVER_S = 3.0
"""Locust's master tells its workers that the load is over; one that did not hear it is stopped after so long."""
SHARD = "samples-0.arrow"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a worker is to be."""

    host: str
    port: int
    token: str
    name: str
    locustfile: Path | None
    out: Path | None


@dataclass(frozen=True, slots=True)
class Given:
    """What there is to load with."""

    phase: wire.Phase
    asked: Asked
    welcome: wire.Welcome
    scenario: Path
    """Directory of the scenario that the run sent."""
    place: Path
    """Directory of what this phase leaves."""


class Loading:
    """Locust's worker in one phase."""

    def __init__(self, given: Given, link: Link, say: Callable[[str], None]) -> None:
        """`given.place` is there, with a directory for logs. The run's clock is asked for."""
        self._given, self._link, self._say = given, link, say
        self._phase, self._place, place = given.phase, given.place, given.place
        self._log = place / "logs" / "locust.log"
        self._signal_file = place / "logs" / "locust.signal"
        self._pulses = _Lines(place / "logs" / "pulse-0.jsonl")
        self._offset = self._measured() or Offset(0.0, 0.0)
        self._middle_s = self._offset.middle_s
        self._waiting: list[str] = []
        self._sent = 0
        self._heard = time.monotonic()
        self._pulsed = False
        self._problem = ""

    def run(self) -> wire.Closed:
        """Load until the run says that the phase is over, or is not heard any more."""
        self._note(None)
        before = endings.oom_kills()
        with ExitStack() as running:
            try:
                service = process.registered(
                    running, self._start, grace_s=self._phase.stop_timeout_s + process.STOP_GRACE_S
                )
                self._follow(service)
            except interrupt.Interrupted:
                running.close()
                self._note(self._closed(""))
                raise
            except HarnessError as error:
                return self._closed(str(error))
        code = service.process.returncode
        assert code is not None  # it was stopped
        closed = self._closed(self._problem or self._why(endings.ending(code, self._signal_file, before), code))
        self._note(closed)
        return closed

    def _note(self, closed: wire.Closed | None) -> None:
        """Leave beside the shard what `harness collect` needs."""
        note = wire.Note(self._given.welcome.run, self._given.asked.name, self._phase.number, self._phase.name, closed)
        with suppress(OSError):  # a full disk: the samples are what counts
            files.write_text(self._place / f"{SHARD}.json", msgspec.json.encode(note).decode())

    def _start(self) -> process.Service:
        given, phase = self._given, self._phase
        own = given.asked.locustfile
        locustfile = own or given.scenario / given.welcome.locustfile
        token = os.environ.get(phase.token_variable, "") if phase.token_variable else ""
        if phase.token_variable and not token:
            raise UsageError(
                f"{phase.token_variable}: the run's profile names this environment variable for the witness's token, "
                "and it is not set here; set it on each worker"
            )
        secret.remember(token)
        env = caller_environment.withheld(process.environment({"HARNESS_RECORDER": json.dumps(self._settings())}))
        env[witness_token.VARIABLE] = token
        env[target_way.VARIABLE] = ""
        env.pop(wire.TOKEN_VARIABLE, None)
        command = [
            *(sys.executable, "-m", "locust", "-f", f"{locust_command.RECORDER},{locustfile}"),
            *phase.arguments,
            *("--worker", "--master-host", given.asked.host, "--master-port", str(given.welcome.locust_port)),
        ]
        cwd = None if own else given.scenario
        return process.spawn("locust", command, self._log, cwd=cwd, env=env, most=MOST_PROCESSES)

    def _settings(self) -> Mapping[str, object]:
        host = url.parse(self._phase.target)
        try:
            addresses = [address for _, address in connections.addresses(host.host, host.port)]
        except OSError as error:
            raise LoadError(
                f"{host.host} has no address here: {error.strerror}; workers must reach the target"
            ) from None
        return {
            **self._phase.settings,
            "directory": str(self._place.resolve()),
            "signal_file": str(self._signal_file.resolve()),
            "addresses": {host.host: addresses},
            "part": self._given.welcome.part,
            "clock_offset_s": self._middle_s,
        }

    def _follow(self, service: process.Service) -> None:
        """Report until Locust has ended; stop it when the phase is over, or the run cannot be reached."""
        over_since: float | None = None
        while service.process.poll() is None:
            if self._beat() and over_since is None:
                over_since = time.monotonic()
            now = time.monotonic()
            if over_since is not None and now - over_since > AFTER_OVER_S:
                process.ask_to_stop(service)
            if over_since is None and now - self._heard > wire.CUT_OFF_S and not self._problem:
                self._problem = f"it could not reach the run for {wire.CUT_OFF_S:g} s, and stopped its load"
                self._say(f"the run cannot be reached for {wire.CUT_OFF_S:g} s: the load is stopped")
                process.ask_to_stop(service)
                over_since = now
            if over_since is not None and now - over_since > self._phase.stop_timeout_s + process.STOP_GRACE_S:
                process.stop(service, 0.0)
            interrupt.sleep(wire.BEAT_S)

    def _beat(self) -> bool:
        """Hand on new pulses; whether the phase is over."""
        self._waiting += self._on_the_runs_clock(self._pulses.read())
        self._pulsed = self._pulsed or bool(self._waiting)
        try:
            heard = self._link.beat(wire.Beat(self._phase.number, self._sent, tuple(self._waiting)))
        except CutOffError:
            return False
        except RefusedError:
            return True
        self._sent += len(self._waiting)
        self._waiting, self._heard = [], time.monotonic()
        return heard.over

    def _on_the_runs_clock(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            seen = pulse.decode(line)
            last_s = seen.last_response_s and seen.last_response_s - self._middle_s + self._offset.error_s
            moved = msgspec.structs.replace(seen, time_s=seen.time_s - self._middle_s, last_response_s=last_s)
            yield pulse.encode(moved).decode()

    def _measured(self) -> Offset | None:
        with suppress(CutOffError, RefusedError):
            return offset.measure(self._link.time_s, time.time)
        return None

    def _closed(self, problem: str) -> wire.Closed:
        for _ in range(3):  # the last pulses say when the last answer came
            self._beat()
            if not self._waiting:
                break
        after = self._measured()
        found = self._offset.and_also(after) if after else self._offset
        file = self._place / SHARD
        examples = ""
        with suppress(OSError):
            examples = (self._place / "logs" / "examples-0.json").read_text(encoding="utf-8")
        try:
            size, sha256, rows = file.stat().st_size, wire.digest(file), shards.closing_count(file)
        except OSError:
            size, sha256, rows = 0, "", None
        return wire.Closed(
            phase=self._phase.number,
            rows=rows,
            bytes=size,
            sha256=sha256,
            clock_offset_s=self._middle_s,
            clock_error_s=found.around(self._middle_s),
            seen=seen_count.read(file) if rows is None else None,
            examples=examples,
            problem=problem,
        )

    def _why(self, ended: endings.Ending, code: int) -> str:
        """Why the load did not end as it should; empty when it did."""
        if not self._pulsed or code == pulse.UNWRITTEN:
            return endings.reason(self._log)
        if code < 0 or code > 1:
            return f"Locust {endings.described(ended) or f'ended with exit code {code}'}"
        return ""


class _Lines:
    """Whole lines of a file that is still written."""

    def __init__(self, file: Path) -> None:
        self._file, self._at = file, 0

    def read(self) -> Iterator[str]:
        """Those that are new."""
        with suppress(FileNotFoundError), self._file.open("rb") as stream:
            stream.seek(self._at)
            whole, _, _ = stream.read().rpartition(b"\n")
            self._at += len(whole) + 1 if whole else 0
            yield from whole.decode().splitlines()
