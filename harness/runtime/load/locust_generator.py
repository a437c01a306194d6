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
from functools import partial
from pathlib import Path
from typing import Any

from harness.config.profile import Profile
from harness.core import url
from harness.core.arrivals import Arrivals
from harness.core.errors import HarnessError, LoadError, UsageError
from harness.instrumentation import registry
from harness.runtime import connections, interrupt, process
from harness.runtime.load import caller_environment, endings, locust_command, shards, target_way, witness_token
from harness.runtime.load.distributed import gathering, wire
from harness.runtime.load.distributed.crew import Crew
from harness.runtime.load.distributed.strangers import clients_file, collected
from harness.runtime.load.generator import Loaded, LoadGenerator, Progress, Scenario
from harness.runtime.load.health import health
from harness.runtime.load.pulse import UNWRITTEN
from harness.runtime.load.pulse_reader import Pulses

POLL_S = 0.1
SILENCE_LIMIT_S = 60.0
"""Locust is stopped when it shows no sign of life for this long."""
START_LIMIT_S = 60.0
"""Locust must show its first sign of life within this."""
MOST_PROCESSES = 256
"""A load may be so many processes at once, beside its workers: a locustfile that forks without end must not exhaust the
machine, and one that runs a browser or two per user is let be."""


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
    crew: Crew | None = None
    """The workers on other hosts that load, if they do."""

    def finish(self, on_progress: Callable[[Progress], None]) -> Loaded:
        """Follow it to its end. Raises UsageError when the locustfile does not load, LoadError when Locust fails."""
        try:
            _follow(self.service, self.pulses, self.phase, self.began, on_progress, self.crew)
            handed_in = collected(self.crew, self.profile.stop_timeout_s, self.directory) if self.crew else ()
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
        if not files and (lost := next((shard.missing for shard in handed_in if shard.missing), "")):
            raise LoadError(f"{lost}, and nobody else recorded a request; see that worker's log")
        if not files:
            raise self._unrecorded(ended)
        closed = handed_in or tuple(shards.found(file, self.phase) for file in files)
        measured = health(
            self.pulses,
            locust_command.users(self.profile, self.plan)[0],
            self.duration_s,
            ended.exit_code,
            self.plan,
            stopped_by=ended.stopped_by,
            oom_kills=ended.oom_kills,
            clock_error_s=max((shard.clock_error_s for shard in closed), default=0.0),
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
        reason = endings.reason(log)
        if endings.is_interruption(reason):
            return LoadError(f"Locust was stopped by SIGINT while it started; see {log}; run again")
        if ended.exit_code == UNWRITTEN or endings.is_shortage(reason):
            return LoadError(f"Locust cannot run here (exit {ended.exit_code}): {reason}; see {log}; free some of it")
        return UsageError(
            f"{self.profile.scenario} cannot be run by Locust (exit {ended.exit_code}): {reason}; see {log}"
        )


def find(profile: Profile, project: Path) -> Scenario:
    """The locustfile. Raises UsageError when there is none, or for an argument that the profile decides."""
    locust_command.check_installed()
    locustfile = locust_command.find_locustfile(profile, project)
    locust_command.check_arguments(profile)
    return Scenario(profile.scenario, locustfile.read_bytes())


@contextmanager
def loading(
    profile: Profile, project: Path, directory: Path, target: str, phase: str, crew: Crew | None = None
) -> Iterator[Load]:
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
    clients_file(directory, phase).unlink(missing_ok=True)
    master = (crew.bind, crew.locust_port) if crew else None
    command = list(locust_command.command(profile, locustfile, target, duration_s, plan, master))
    settings = recorder_settings(profile, directory, target, phase, duration_s, plan, signal_file)
    env = process.environment({"HARNESS_RECORDER": json.dumps(settings)})
    env = caller_environment.withheld(env)
    env.pop(wire.TOKEN_VARIABLE, None)
    env[witness_token.VARIABLE] = witness_token.read(profile, os.environ)
    env[target_way.VARIABLE] = target_way.encode(target)
    with ExitStack() as running:
        service = process.registered(
            running,
            lambda: process.spawn("locust", command, log, cwd=project, env=env, most=_most_processes(profile)),
            grace_s=profile.stop_timeout_s + process.STOP_GRACE_S,
        )
        if crew:
            running.callback(crew.end)
            crew.begin(gathering.phase(crew, profile, target, phase, settings), directory)
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
            crew,
        )


def _most_processes(profile: Profile) -> int:
    return MOST_PROCESSES + profile.workers


def _addresses(target: str) -> dict[str, list[str]]:
    """The addresses of the target's host that were looked up first: the load goes to no other. Raises UsageError.

    None through a proxy, which looks the name up itself.
    """
    found = url.parse(target)
    if connections.of(target).proxy is not None:
        return {}
    try:
        return {found.host: [address for _, address in connections.addresses(found.host, found.port)]}
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"--target: {found.host} has no address: {reason}; is its name right?") from None


def recorder_settings(
    profile: Profile,
    directory: Path,
    target: str,
    phase: str,
    duration_s: float,
    plan: Arrivals | None,
    signal_file: Path,
) -> dict[str, Any]:
    """What the recorder is given in its environment, as JSON in `HARNESS_RECORDER`."""
    return {
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
        "clients_file": str(clients_file(directory, phase).resolve()),
    }


def _follow(
    service: process.Service,
    pulses: Pulses,
    phase: str,
    began: float,
    on_progress: Callable[[Progress], None],
    crew: Crew | None,
) -> None:
    heard = began
    while service.process.poll() is None:
        now = time.monotonic()
        if crew:
            crew.check()
        if pulses.read():
            heard = now
            on_progress(pulses.progress(phase, now - began))
        limit_s = SILENCE_LIMIT_S if pulses.lines else START_LIMIT_S
        if now - heard > limit_s:
            raise LoadError(
                f"locust gave no sign of life for {limit_s:g} s; see {service.log}:\n{process.tail(service.log)}"
            )
        interrupt.sleep(POLL_S)


LOCUST = LoadGenerator(warms_up=True, find=find, loading=loading)


def of_workers(crew: Crew) -> LoadGenerator:
    """Locust's master here, whose workers on other hosts load."""
    return dataclasses.replace(LOCUST, loading=partial(loading, crew=crew))
