"""One side of a pair while it runs: fresh processes, or a target that was already running, loaded in slices.

What it leaves is a run directory.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.checks.validity import generator_health
from harness.config.profile import Profile
from harness.core.errors import HarnessError, StackError
from harness.core.run import GeneratorHealth
from harness.evidence import comparability
from harness.gate.pairs.worktree import Side
from harness.report import verification
from harness.runs import pipeline, window
from harness.runs.progress import Reporter, Watched
from harness.runs.run_directory import RunDirectory
from harness.runs.scrapes import await_scraped
from harness.runs.window import OpenWindow
from harness.runtime.load import generators, shards
from harness.runtime.load.distributed import gathering
from harness.runtime.load.distributed.crew import Crew
from harness.runtime.load.generator import Loaded, RunningLoad
from harness.runtime.process import NotReadyError
from harness.runtime.prometheus import Prometheus
from harness.runtime.stack import embedded

SLICE_SEEDS = 1000
"""More slices than a side has, so that each slice of each pair has a plan of arrivals of its own."""


@dataclass(slots=True)
class RunningSide:
    """Runs while its pair does. With `verified` its metrics are compared with the samples, as `harness run` does."""

    side: Side
    pair: int
    profile: Profile
    """As asked for, whatever the side starts; its duration is that of a slice."""
    project: Path
    """Where its locustfile is: both sides run the same one."""
    directory: RunDirectory
    services: embedded.Stack
    reporter: Reporter
    verified: bool
    crew: Crew | None = None
    """The workers on other hosts that load both sides, if they do."""
    _loads: list[Loaded] = field(default_factory=list)
    _started_s: float = field(default_factory=time.time)
    _window: OpenWindow | None = None
    _shards_before: frozenset[Path] = frozenset()

    def warming_up(self) -> AbstractContextManager[RunningLoad]:
        """Load it, to discard what comes."""
        return generators.of(self.profile, self.crew).loading(
            self.profile, self.project, self.directory.path, self.services.target, "warmup"
        )

    def open(self) -> None:
        """Wait for t0 where the metrics are verified."""
        prometheus = Prometheus(self.services.prometheus)
        if self.verified:
            scraped = await_scraped(prometheus, self.profile, self.reporter)
            self._window = window.open_window(scraped, self.services.target, self.profile)
        else:
            known = prometheus if self.services.prometheus else None
            self._window = window.open_unscraped(self.services.target, self.profile, known)
        self._shards_before = frozenset(shards.find(self.directory.path))

    def load(self, number: int, of: int) -> None:
        """Load one slice; the same slice of both sides has the same plan of arrivals."""
        self.reporter.stage(f"pair {self.pair}, {self.side.role}: slice {number} of {of}", self.profile.duration_s)
        self._watch()
        seed = self.profile.arrival_seed + SLICE_SEEDS * self.pair + number
        sliced = replace(self.profile, arrival_seed=seed)
        generator, target = generators.of(sliced, self.crew), self.services.target
        self._loads.append(
            generator.load(sliced, self.project, self.directory.path, target, "measure", self.reporter.load)
        )

    def _watch(self) -> None:
        """Let whoever watches look at this side."""
        if self.reporter.is_viewed and self._window is not None:
            path, opened = self.directory.path, self._window
            nothing = pipeline.NOTHING_LOADED
            made = pipeline.run_of(self.profile, path.name, self._started_s, self.services, opened.so_far, nothing)
            self.reporter.watch(Watched(made, path, self._shards_before, is_verified=self.verified))

    def close(self) -> None:
        """Wait for t1 where the metrics are verified, and leave all that is needed to judge it again."""
        assert self._window is not None  # it was opened before it was loaded
        profile, loaded = self.profile, joined(self._loads)
        ended = self.services.ended()
        measured = self._window.close(loaded.ended_s, abandoned=loaded.abandoned)
        self.reporter.until(measured.window.end_s)
        made = pipeline.run_of(profile, self.directory.path.name, self._started_s, self.services, measured, loaded)
        settings = comparability.settings(profile, generators.of(profile).find(profile, self.project).content)
        checks = made.checks if self.verified else (generator_health.ID,)
        made = replace(made, ended=ended, settings=settings, checks=checks)
        self.directory.write_run(made)
        prometheus = Prometheus(self.services.prometheus)
        answers = prometheus.fetch(verification.queries(made)) if self.verified else ()
        self.directory.write_evidence(answers, measured.totals)


def joined(loads: Sequence[Loaded]) -> Loaded:
    """Several slices as one load: all shards, and of the generator's health the worst slice, counts added up."""
    healths = [each.health for each in loads]
    short = max(healths, key=_missing_s)
    return Loaded(
        shards=tuple(shard for each in loads for shard in each.shards),
        health=GeneratorHealth(
            planned_users=max(health.planned_users for health in healths),
            peak_users=min(health.peak_users for health in healths),
            planned_duration_s=short.planned_duration_s,
            duration_s=short.duration_s,
            cpu_ratio=_worst([health.cpu_ratio for health in healths]),
            loop_lag_s=_worst([health.loop_lag_s for health in healths]),
            exit_code=max((health.exit_code for health in healths), key=abs),
            clock_skew_s=max((health.clock_skew_s for health in healths), key=abs),
            user_errors=sum(health.user_errors for health in healths),
            first_user_error=next((each.first_user_error for each in healths if each.first_user_error), ""),
            shaped=any(health.shaped for health in healths),
            elsewhere=sum(health.elsewhere for health in healths),
            planned_arrivals=_added([health.planned_arrivals for health in healths]),
            begun_arrivals=_added([health.begun_arrivals for health in healths]),
            unrecorded=sum(health.unrecorded for health in healths),
            loaded_s=short.loaded_s,
            stalled_s=_worst([health.stalled_s for health in healths]),
            stopped_by=max(health.stopped_by for health in healths),
            oom_kills=sum(health.oom_kills for health in healths),
            processes=max(health.processes for health in healths),
            clock_error_s=max(health.clock_error_s for health in healths),
        ),
        ended_s=max(each.ended_s for each in loads),
        abandoned=any(each.abandoned for each in loads),
    )


def _missing_s(health: GeneratorHealth) -> float:
    return health.planned_duration_s - (health.duration_s if health.loaded_s is None else health.loaded_s)


def _worst(values: Sequence[float | None]) -> float | None:
    """The largest; not known when any is not."""
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _added(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def started(
    running: ExitStack,
    side: Side,
    pair: int,
    profile: Profile,
    project: Path,
    path: Path,
    reporter: Reporter,
    *,
    verified: bool,
    crew: Crew | None = None,
) -> RunningSide:
    """Start a side's processes, unless it is already running: then its metrics are not verified.

    Raises HarnessError that names the side, UsageError as such.
    """
    directory = RunDirectory(path)
    directory.create()
    if side.url:
        try:
            embedded.reach(side.url)
        except NotReadyError as error:
            raise StackError(f"--{side.role}: {error}; is it running?") from None
        return RunningSide(
            side, pair, profile, project, directory, embedded.Stack(side.url, ""), reporter, verified=False, crew=crew
        )
    gathering.check_listens(side.start, f"--{side.role}")
    reporter.stage(f"pair {pair}, {side.role}: starting {side.text}")
    try:
        services = running.enter_context(
            embedded.embedded(side.start, side.project, directory.logs, profile.scrape_interval_s)
        )
    except HarnessError as error:
        raise type(error)(f"--{side.role}: {side.text} does not start: {error}") from None
    return RunningSide(side, pair, profile, project, directory, services, reporter, verified, crew)


def warm_up(pair: Sequence[RunningSide], profile: Profile, reporter: Reporter) -> None:
    """Both at once, unless workers on other hosts load, who do one thing at a time: nothing of it is judged."""
    if not profile.warmup_s:
        return
    reporter.stage(f"warming up both sides for {profile.warmup_s:g} s", profile.warmup_s)
    for together in [pair] if pair[0].crew is None else [[side] for side in pair]:
        with ExitStack() as warming:
            for load in [warming.enter_context(side.warming_up()) for side in together]:
                load.finish(reporter.load)
