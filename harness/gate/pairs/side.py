"""One arm of a pair: fresh processes of one side, or what runs already, loaded in slices.

What it leaves is a run directory.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.checks.validity import generator_health
from harness.config.profile import Profile
from harness.core.errors import HarnessError, StackError
from harness.core.run import GeneratorHealth
from harness.evidence import comparability
from harness.gate.pairs.worktree import Side
from harness.instrumentation import registry
from harness.report import verification
from harness.runs import pipeline
from harness.runs.progress import Reporter
from harness.runs.run_directory import RunDirectory
from harness.runtime.load.locust_generator import Load, Loaded, find_locustfile, load, loading
from harness.runtime.process import NotReadyError
from harness.runtime.prometheus import Prometheus, QuietScrape
from harness.runtime.stack import embedded

SLICE_SEEDS = 1000
"""More slices than an arm has, so that each slice of each pair has a plan of arrivals of its own."""


@dataclass(slots=True)
class RunningSide:
    """Runs while its pair does. With `verified` its metrics are held against the samples, as `harness run` does."""

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
    _loads: list[Loaded] = field(default_factory=list)
    _started_s: float = field(default_factory=time.time)
    _before: QuietScrape = field(default_factory=lambda: QuietScrape(0.0, 0))
    _instances: tuple[str, ...] = ()
    _skew_s: float = 0.0
    _version: str = ""
    _books: dict[str, dict[str, Any]] = field(default_factory=dict)

    def warming_up(self) -> AbstractContextManager[Load]:
        """Load it, to discard what comes."""
        return loading(self.profile, self.project, self.directory.path, self.services.target, "warmup")

    def open(self) -> None:
        """Wait for t0 where the metrics are verified."""
        self._books["start"] = pipeline.ledger_of(self.services.target, self.profile, ("state", "sql_log"))
        prometheus = Prometheus(self.services.prometheus)
        if self.services.prometheus:
            self._version = prometheus.version()
        if not self.verified:
            self._before = QuietScrape(time.time(), 0)
            return
        interval_s, self.profile = pipeline.await_scraped(prometheus, self.profile, self.reporter)
        names = registry.of(self.profile)
        self._skew_s = prometheus.skew_s()
        limit_s = max(self.profile.quiet_timeout_s, 4 * interval_s)
        self._before = prometheus.await_quiet(
            names, self.profile.selector, prometheus.now(), interval_s, limit_s, still=True
        )
        self._instances = prometheus.instances(self.profile.selector)

    def load(self, number: int, of: int) -> None:
        """Load one slice; the same slice of both sides has the same plan of arrivals."""
        self.reporter.stage(f"pair {self.pair}, {self.side.role}: slice {number} of {of}")
        seed = self.profile.arrival_seed + SLICE_SEEDS * self.pair + number
        sliced = replace(self.profile, arrival_seed=seed)
        self._loads.append(
            load(sliced, self.project, self.directory.path, self.services.target, "measure", self.reporter.load)
        )

    def close(self) -> None:
        """Wait for t1 where the metrics are verified, and leave all that is needed to judge it again."""
        profile, loaded = self.profile, joined(self._loads)
        ended, after = self.services.ended(), QuietScrape(max(time.time(), self._before.time_s + 1), 0)
        prometheus = Prometheus(self.services.prometheus)
        interval_s = profile.scrape_interval_s
        if self.verified:
            after = prometheus.await_quiet(
                registry.of(profile),
                profile.selector,
                loaded.ended_s - self._skew_s + pipeline.SKEW_MARGIN_S,
                interval_s,
                max(profile.quiet_timeout_s, 4 * interval_s),
                still=False,
            )
            self._books["end"] = pipeline.ledger_of(self.services.target, profile, ("sql_log", "state"))
        made = pipeline.run_of(
            profile,
            self.directory.path.name,
            self._started_s,
            self.services,
            self._version,
            self._instances,
            self._before,
            after,
            interval_s,
            self._skew_s,
            loaded,
        )
        settings = comparability.settings(profile, find_locustfile(profile, self.project).read_bytes())
        checks = () if self.verified else (generator_health.ID,)
        made = replace(made, ended=ended, settings=settings, checks=checks)
        self.directory.write_run(made)
        answers = prometheus.fetch(verification.queries(made)) if self.verified else ()
        self.directory.write_evidence(answers, self._books)


def joined(loads: Sequence[Loaded]) -> Loaded:
    """Several slices as one load: all shards, and of the generator's health the worst slice, counts added up."""
    healths = [each.health for each in loads]
    short = max(healths, key=lambda health: health.planned_duration_s - health.duration_s)
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
            elsewhere=sum(health.elsewhere for health in healths),
            planned_arrivals=_added([health.planned_arrivals for health in healths]),
            begun_arrivals=_added([health.begun_arrivals for health in healths]),
            unrecorded=sum(health.unrecorded for health in healths),
        ),
        ended_s=max(each.ended_s for each in loads),
    )


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
) -> RunningSide:
    """Start a side's processes, unless it runs already: then its metrics are nobody's to verify.

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
            side, pair, profile, project, directory, embedded.Stack(side.url, ""), reporter, verified=False
        )
    reporter.stage(f"pair {pair}, {side.role}: starting {side.text}")
    try:
        services = running.enter_context(
            embedded.embedded(side.start, side.project, directory.logs, profile.scrape_interval_s)
        )
    except HarnessError as error:
        raise type(error)(f"--{side.role}: {side.text} does not start: {error}") from None
    return RunningSide(side, pair, profile, project, directory, services, reporter, verified)
