"""What a load generator is: a value that the pipeline and the gate know instead of Locust or any other tool.

It finds its scenario before anything is started, and drives one phase of a run. What it leaves are shards, how it
performed, and what its samples cannot say.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.config.profile import Profile
from harness.core.run import GeneratorHealth, Shard
from harness.core.unsaid import Unsaid


@dataclass(frozen=True, slots=True)
class Progress:
    """The load as of now, over all processes of the generator."""

    phase: str
    elapsed_s: float
    users: int = 0
    requests: int = 0
    requests_per_s: float = 0.0
    errors: int = 0
    p95_s: float | None = None
    unanswered: int = 0
    """Requests whose end no process had seen."""
    cpu_ratio: float = 0.0
    """Share of a core that the busiest process used in its last second."""
    loop_lag_s: float = 0.0
    """By how much an event loop was late in it, at the most."""
    skew_s: float = 0.0
    """The generator's clock minus this machine's; 0 when the two are one."""
    until_s: float = 0.0
    """The generator's clock: what had ended by then is in the shards."""
    note: str = ""
    """What is known of a generator that says nothing of its requests before its end; empty for one that does."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one phase left."""

    shards: tuple[Shard, ...]
    health: GeneratorHealth
    ended_s: float
    """This machine's clock at the last response."""
    abandoned: bool = False
    """The target may still be busy with requests that nobody waits for."""
    unsaid: tuple[Unsaid, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a generator runs."""

    name: str
    """For reports."""
    content: bytes
    """What two runs must have in common to be compared."""


class RunningLoad(Protocol):
    """One phase that is driven now."""

    def finish(self, on_progress: Callable[[Progress], None]) -> Loaded:
        """Follow it to its end.

        Raises UsageError for a scenario that cannot be run, LoadError when the generator fails.
        """


@dataclass(frozen=True, slots=True)
class LoadGenerator:
    """One kind of load generator."""

    warms_up: bool
    """It can load the target before t0, too."""
    find: Callable[[Profile, Path], Scenario]
    """The scenario of a profile, with paths relative to the project; raises UsageError when there is none."""
    loading: Callable[[Profile, Path, Path, str, str], AbstractContextManager[RunningLoad]]
    """Begin one phase, of a profile, a project, a run directory, a target and `warmup` or `measure`.

    It is stopped at the end of the block.
    """

    def load(
        self,
        profile: Profile,
        project: Path,
        directory: Path,
        target: str,
        phase: str,
        on_progress: Callable[[Progress], None],
    ) -> Loaded:
        """Drive one phase to its end; raises as `find`, and as `RunningLoad.finish`."""
        with self.loading(profile, project, directory, target, phase) as begun:
            return begun.finish(on_progress)
