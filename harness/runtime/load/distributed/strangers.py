"""Who loaded without having been let in: workers that Locust's master had and this run does not know."""

from contextlib import suppress
from pathlib import Path

from harness.core.run import Shard
from harness.runtime.load.distributed.crew import Crew


def clients_file(directory: Path, phase: str) -> Path:
    """Where Locust's master leaves the ids of its workers."""
    return directory / "logs" / f"locust-{phase}.clients"


def collected(crew: Crew, stop_timeout_s: float, directory: Path) -> tuple[Shard, ...]:
    """The shards of the phase that has ended, with one that is missing for each stranger. Raises LoadError."""
    handed_in = crew.collected(stop_timeout_s)
    phase = crew.phase
    assert phase is not None  # it was begun
    seen: set[str] = set()
    with suppress(FileNotFoundError):
        seen = set(clients_file(directory, phase.name).read_text(encoding="utf-8").splitlines())
    strange = sorted(seen - crew.clients())
    first = crew.unused(directory)
    return (
        *handed_in,
        *(
            Shard(
                f"samples-{first + place}.arrow",
                phase.name,
                None,
                missing=f"{client} loaded as a worker of Locust, was not let into this run, and recorded nothing",
            )
            for place, client in enumerate(strange)
        ),
    )
