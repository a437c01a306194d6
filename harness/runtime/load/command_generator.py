"""Any load generator: a command of the profile, run once between t0 and t1, whose results become samples.

It runs as Locust does: without a shell, in a session of its own, and dies with the harness. There is no warm-up.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.config.profile import Profile
from harness.core.errors import LoadError, StackError, UsageError
from harness.core.run import GeneratorHealth
from harness.evidence.client.results.formats import FORMATS
from harness.runtime import files, interrupt, process
from harness.runtime.load import command_line, command_results, endings
from harness.runtime.load.command_results import Results
from harness.runtime.load.command_watch import Watch
from harness.runtime.load.generator import Loaded, LoadGenerator, Progress

POLL_S = 0.1
START_LIMIT_S = 60.0
"""A command may take so long beside its `duration`: to start, to stop its users, to write its results."""
MOST_PROCESSES = 256
REMEDY = "Give --duration as long as the command loads, or let the command take {duration}"


@dataclass(slots=True)
class CommandLoad:
    """A command that loads now."""

    profile: Profile
    directory: Path
    target: str
    samples: Path
    service: process.Service
    oom_kills: int
    running: ExitStack
    """Stops it when closed."""
    began_s: float
    """This machine's clock before it was started."""
    watch: Watch = field(default_factory=Watch)

    def finish(self, on_progress: Callable[[Progress], None]) -> Loaded:
        """Wait for its end and read what it wrote.

        Raises UsageError for results that are not what the profile says, LoadError for a command that fails or does
        not end.
        """
        begun = time.monotonic()
        try:
            self._follow(begun, on_progress)
        finally:
            self.running.close()
        took_s, ended_s = time.monotonic() - begun, time.time()
        command = command_line.of(self.profile)
        tool, log = command_line.tool(command), self.service.log
        if crowd := self.service.process.crowd:
            raise LoadError(f"{tool} had {crowd} processes at once, more than {MOST_PROCESSES}, and was killed")
        code = self.service.process.returncode
        assert code is not None  # it has ended
        ended = endings.ending(code, None, self.oom_kills)
        failed = code not in command_line.accepted_exits(command)
        if not self.samples.exists() or not self.samples.stat().st_size:
            raise command_results.nothing_written(self.profile, code, endings.described(ended), log)
        span_s = (self.began_s, ended_s)
        found = command_results.read(self.profile, self.directory, self.target, self.samples, span_s, failed=failed)
        self.samples.unlink()
        health = self._health(found, took_s, ended)
        unsaid = found.beside.unsaid(FORMATS[command.format].unsaid)
        return Loaded((found.shard,), health, ended_s, failed or bool(found.lost or health.unrecorded), unsaid)

    def _follow(self, begun: float, on_progress: Callable[[Progress], None]) -> None:
        tool = command_line.tool(command_line.of(self.profile))
        limit_s = self.profile.duration_s + self.profile.stop_timeout_s + START_LIMIT_S
        before_s = begun
        while self.service.process.poll() is None:
            self.watch.look(self.service.process.members)
            size = self.samples.stat().st_size if self.samples.exists() else 0
            if size > command_results.MOST_BYTES:
                most = command_results.MOST_BYTES // files.MIB
                raise LoadError(f"{tool} wrote more than {most:,} MiB to {self.samples}; shorten the load")
            if before_s - begun > limit_s:
                raise LoadError(
                    f"{tool} did not end within {limit_s:g} s: duration {self.profile.duration_s:g} s, stop_timeout "
                    f"{self.profile.stop_timeout_s:g} s and {START_LIMIT_S:g} s more. {REMEDY}; see "
                    f"{self.service.log}:\n{process.tail(self.service.log)}"
                )
            note = f"{tool} runs, {size / files.MIB:.1f} MiB of results"
            on_progress(Progress("measure", before_s - begun, note=note))
            before_s = time.monotonic()
            interrupt.sleep(POLL_S)
            self.watch.slept(POLL_S, time.monotonic() - before_s)

    def _health(self, found: Results, took_s: float, ended: endings.Ending) -> GeneratorHealth:
        profile, command, beside = self.profile, command_line.of(self.profile), found.beside
        planned_s = profile.duration_s if command_line.uses(command, "duration") else took_s
        dropped = beside.dropped or 0
        return GeneratorHealth(
            planned_users=0,
            peak_users=beside.peak_users,
            planned_duration_s=planned_s,
            duration_s=took_s,
            cpu_ratio=self.watch.cpu_ratio,
            loop_lag_s=self.watch.lag_s,
            exit_code=ended.exit_code,
            elsewhere=beside.elsewhere,
            planned_arrivals=(beside.iterations or 0) + dropped if dropped else None,
            begun_arrivals=beside.iterations or 0 if dropped else None,
            unrecorded=command_results.in_flight(profile, self.service.log, beside),
            loaded_s=took_s,
            stalled_s=self.watch.stalled_s,
            oom_kills=ended.oom_kills,
            tool=command_line.tool(command),
            log=f"logs/{self.service.log.name}",
            accepted_exits=command_line.accepted_exits(command),
            start_resolution_s=beside.start_resolution_s,
        )


@contextmanager
def loading(profile: Profile, project: Path, directory: Path, target: str, phase: str) -> Iterator[CommandLoad]:
    """Start the command; it is stopped at the end of the block. Raises UsageError when it cannot be started."""
    assert phase == "measure", "a command has no warm-up"
    samples = (directory / "logs" / "load-results").resolve()
    log = directory / "logs" / "load-measure.log"
    command = command_line.filled(profile, samples, target)
    env = process.environment({})
    env = {**command_line.ENVIRONMENT, **env}
    oom_kills, began_s = endings.oom_kills(), time.time()
    with ExitStack() as running:
        try:
            service = process.registered(
                running,
                lambda: process.spawn("the load", command, log, cwd=project, env=env, most=MOST_PROCESSES),
                grace_s=profile.stop_timeout_s + process.STOP_GRACE_S,
            )
        except StackError as error:
            raise UsageError(f"{command_line.WHERE}: {error}") from None
        yield CommandLoad(profile, directory, target, samples, service, oom_kills, running, began_s)


COMMAND = LoadGenerator(warms_up=False, find=command_line.find, loading=loading)
