"""Profile -> samples: runs Locust as a subprocess with the recorder beside the user's locustfile.

Importing Locust monkey-patches the process, so it never happens here (docs/decisions/001-locust-subprocess.md).
"""

import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.config.profile import Profile
from harness.core import url
from harness.core.arrivals import Arrivals
from harness.core.errors import HarnessError, LoadError, UsageError
from harness.core.run import GeneratorHealth, Shard
from harness.instrumentation import registry
from harness.runtime import http, interrupt, process
from harness.runtime.load import caller_environment, endings, locust_command, shards, witness_token
from harness.runtime.load.health import health
from harness.runtime.load.pulse import UNWRITTEN
from harness.runtime.load.pulse_reader import Progress, Pulses

POLL_S = 0.1
SILENCE_LIMIT_S = 60.0
"""Locust is stopped when it shows no sign of life for this long."""
START_LIMIT_S = 60.0
"""Locust must show its first sign of life within this."""
MOST_PROCESSES = 256
"""A load may be so many processes at once, beside its workers: a locustfile that forks without end must not exhaust the
machine, and one that runs a browser or two per user is let be."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one phase left."""

    shards: tuple[Shard, ...]
    health: GeneratorHealth
    ended_s: float
    """This machine's clock at the last response."""
    abandoned: bool = False
    """The target may still be busy with requests that nobody waits for."""


@dataclass(slots=True)
class Load:
    """One phase that Locust drives now."""

    profile: Profile
    directory: Path
    phase: str
    duration_s: float
    plan: Arrivals | None
    service: process.Service
    signal_file: Path
    """Where the recorder leaves the number of a signal that ended the load."""
    oom_kills: int
    """How many processes the system had killed for want of memory when it began."""
    pulses: Pulses
    shards_before: frozenset[Path]
    running: ExitStack
    """Stops it when closed."""
    began: float

    def finish(self, on_progress: Callable[[Progress], None]) -> Loaded:
        """Follow it to its end. Raises UsageError when the locustfile does not load, LoadError when Locust fails."""
        try:
            _follow(self.service, self.pulses, self.phase, self.began, on_progress)
        finally:
            self.running.close()
            self.pulses.read()
            self.pulses.close()
        if crowd := self.service.process.crowd:
            raise LoadError(
                f"{self.profile.scenario} had {crowd} processes at once, more than {_most_processes(self.profile)}, "
                "and was killed; let it start fewer"
            )
        ended = self._ended()
        files = [file for file in shards.find(self.directory) if file not in self.shards_before]
        if not files:
            raise self._unrecorded(ended)
        closed = tuple(Shard(file.name, self.phase, shards.closing_count(file)) for file in files)
        measured = health(
            self.pulses,
            locust_command.users(self.profile, self.plan)[0],
            self.duration_s,
            ended.exit_code,
            self.plan,
            stopped_by=ended.stopped_by,
            oom_kills=ended.oom_kills,
        )
        return Loaded(closed, measured, self.pulses.ended_s, self.pulses.abandoned)

    def _ended(self) -> endings.Ending:
        code = self.service.process.returncode
        assert code is not None  # it was stopped
        return endings.ending(code, self.signal_file, self.oom_kills)

    def _unrecorded(self, ended: endings.Ending) -> HarnessError:
        """Why there is not one sample: the locustfile's fault, or the machine's."""
        log, why = self.service.log, endings.described(ended)
        if why:
            return LoadError(f"Locust {why} before it recorded a request; see {log}; run again")
        reason = _reason(log)
        if ended.exit_code == UNWRITTEN or endings.is_shortage(reason):
            return LoadError(f"Locust cannot run here (exit {ended.exit_code}): {reason}; see {log}; free some of it")
        return UsageError(
            f"{self.profile.scenario} cannot be run by Locust (exit {ended.exit_code}): {reason}; see {log}"
        )


def load(
    profile: Profile,
    project: Path,
    directory: Path,
    target: str,
    phase: str,
    on_progress: Callable[[Progress], None],
) -> Loaded:
    """Drive one phase (`warmup` or `measure`) and return its shards and the generator's health.

    Raises UsageError when the locustfile is missing or does not load, LoadError when Locust fails or falls silent.
    """
    with loading(profile, project, directory, target, phase) as begun:
        return begun.finish(on_progress)


@contextmanager
def loading(profile: Profile, project: Path, directory: Path, target: str, phase: str) -> Iterator[Load]:
    """Begin one phase; it is stopped at the end of the block.

    Raises UsageError when the locustfile is missing, or the variable that the profile names for the witness's token.
    """
    locustfile = locust_command.find_locustfile(profile, project)
    duration_s = profile.warmup_s if phase == "warmup" else profile.duration_s
    logs = directory / "logs"
    shards_before = frozenset(shards.find(directory))
    pulses = Pulses(logs, frozenset(path.name for path in logs.glob("pulse-*.jsonl")))
    log = logs / f"locust-{phase}.log"
    plan = locust_command.plan_of(profile, duration_s)
    signal_file = logs / f"locust-{phase}.signal"
    signal_file.unlink(missing_ok=True)
    command = list(locust_command.command(profile, locustfile, target, duration_s, plan))
    settings = _settings(profile, directory, target, phase, duration_s, plan, signal_file)
    env = process.environment({"HARNESS_RECORDER": settings})
    env = caller_environment.withheld(env)
    env[witness_token.VARIABLE] = witness_token.read(profile, os.environ)
    env[witness_token.AUTHORIZATION] = http.authorization(target)
    with ExitStack() as running:
        service = process.registered(
            running,
            lambda: process.spawn("locust", command, log, cwd=project, env=env, most=_most_processes(profile)),
            grace_s=profile.stop_timeout_s + process.STOP_GRACE_S,
        )
        yield Load(
            profile,
            directory,
            phase,
            duration_s,
            plan,
            service,
            signal_file,
            endings.oom_kills(),
            pulses,
            shards_before,
            running,
            time.monotonic(),
        )


def _most_processes(profile: Profile) -> int:
    return MOST_PROCESSES + profile.workers


def _addresses(target: str) -> dict[str, list[str]]:
    """The addresses of the target's host that were looked up first: the load goes to no other. Raises UsageError."""
    found = url.parse(target)
    try:
        return {found.host: [address for _, address in http.addresses(found.host, found.port)]}
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"--target: {found.host} has no address: {reason}; is its name right?") from None


def _settings(
    profile: Profile,
    directory: Path,
    target: str,
    phase: str,
    duration_s: float,
    plan: Arrivals | None,
    signal_file: Path,
) -> str:
    return json.dumps(
        {
            "directory": str(directory.resolve()),
            "signal_file": str(signal_file.resolve()),
            "phase": phase,
            "views": dict(profile.views),
            "known_delay": dict(profile.known_delay),
            "unrouted": registry.of(profile).unrouted,
            "closed_loop": profile.pace == "closed",
            "stamp_requests": profile.start is not None,
            "arrivals": dataclasses.asdict(plan) if plan else None,
            "workers": profile.workers,
            "duration_s": duration_s,
            "addresses": _addresses(target),
        }
    )


def _follow(
    service: process.Service, pulses: Pulses, phase: str, began: float, on_progress: Callable[[Progress], None]
) -> None:
    heard = began
    while service.process.poll() is None:
        now = time.monotonic()
        if pulses.read():
            heard = now
            on_progress(pulses.progress(phase, now - began))
        limit_s = SILENCE_LIMIT_S if pulses.lines else START_LIMIT_S
        if now - heard > limit_s:
            raise LoadError(
                f"locust gave no sign of life for {limit_s:g} s; see {service.log}:\n{process.tail(service.log)}"
            )
        interrupt.sleep(POLL_S)


def _reason(log: Path) -> str:
    """The line of Locust's log that says why it ended: the last one of a traceback, else the last one."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line.strip() for line in lines if "Error" in line or "Exception" in line]
    return (errors or lines or ["it printed nothing"])[-1]
