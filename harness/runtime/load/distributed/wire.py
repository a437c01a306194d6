"""What a run and its workers say to each other over HTTP: JSON, but for the scenario's archive and the shards.

A worker says which one it is in the headers `WORKER` and `CLIENT`, and that it belongs to the run by the token in
`Authorization`.
"""

import hashlib
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from harness.core import distribution

TOKEN_VARIABLE = "HARNESS_TOKEN"
PORT = 5557
"""Of Locust's master where `--bind` names none, as Locust itself has it; the collector listens on the next one."""
WORKER, CLIENT = "X-Harness-Worker", "X-Harness-Client"
PHASE, TOTAL, FROM, DIGEST = "X-Harness-Phase", "X-Harness-Bytes", "X-Harness-From", "X-Harness-Sha256"
"""Of an upload: the number of the phase, the shard's size, the first byte that is sent, and the digest of all."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""Of a worker."""
BLOCK = 2**20
MOST_JSON = 2**20
MOST_ARCHIVE = 16 * 2**20
MOST_SHARD = 64 * 2**30
"""Bytes of one message, of the archive, and of one shard."""
DAY_S = 86_400.0
"""A time that is further off is none."""
YEARS_S = 1e10
"""A worker's clock may stand at the beginning of all clocks, and no further off."""
BEAT_S = 0.5
"""How often a worker reports while it loads."""
CUT_OFF_S = 5.0
"""A worker that has not reached the run for so long stops its load: nobody would stop it otherwise."""
LONGEST_S = 900.0
"""How long the run waits for a shard at the most, however its parts come."""
GRACE_S = 15.0
"""How long the run waits for a shard, beside `stop_timeout`, after the load's end or the last part of it that came."""


class Hello(msgspec.Struct, frozen=True):
    """A worker asks to take part."""

    name: str
    harness: str
    locust: str
    scenario: str = ""
    """SHA-256 of the locustfile that the worker has itself; empty where it takes the run's."""


class Welcome(msgspec.Struct, frozen=True):
    """It takes part."""

    run: str
    part: int
    """Its place among the workers, from 0 on: of a plan of arrivals it takes every `parts`-th."""
    parts: int
    locustfile: str
    """The locustfile's path in the archive."""
    archive: str
    """SHA-256 of the archive."""
    locust_port: int


class Phase(msgspec.Struct, frozen=True):
    """One phase of load, as it is given to each worker."""

    number: int
    name: str
    target: str
    settings: dict[str, Any]
    """Of the recorder, without what only the worker knows."""
    arguments: tuple[str, ...]
    """Of Locust."""
    stop_timeout_s: float
    token_variable: str = ""
    """Name of the environment variable, on the worker, that holds the token of the target's witness."""


class Asked(msgspec.Struct, frozen=True):
    """The next phase is asked for."""

    after: int
    """Number of the last one that the worker knows."""


class Next(msgspec.Struct, frozen=True):
    """What a worker does next: the phase, or nothing yet; with `ended` nothing any more."""

    phase: Phase | None = None
    ended: bool = False


class Clock(msgspec.Struct, frozen=True):
    """The run's clock."""

    time_s: float


class Beat(msgspec.Struct, frozen=True):
    """What is new of a phase: whole lines of pulses, their times on the run's clock."""

    phase: int
    first: int = 0
    """The number of the first of them, from 0 on: those that the run has already count once."""
    pulses: tuple[str, ...] = ()


class Heard(msgspec.Struct, frozen=True):
    """The answer to a beat."""

    over: bool
    """The phase is over: the worker ends its load."""


class Closed(msgspec.Struct, frozen=True):
    """A worker's part in a phase is over; its shard follows."""

    phase: int
    rows: int | None
    """The count with which the recorder closed the shard; None where it did not."""
    bytes: int
    sha256: str
    clock_offset_s: float
    clock_error_s: float
    """The worker's clock minus the run's, and by how much that may be wrong."""
    seen: int | None = None
    """How many samples the recorder had taken where it did not close the shard."""
    examples: str = ""
    """The recorder's examples, as JSON."""
    problem: str = ""
    """Why the load did not end as it should; empty when it did."""

    @property
    def is_possible(self) -> bool:
        """Whether its numbers can be those of a shard."""
        counts = (self.rows or 0, self.seen or 0, self.bytes)
        times = abs(self.clock_offset_s) < YEARS_S and 0 <= self.clock_error_s < DAY_S
        return times and min(counts) >= 0 and self.bytes <= MOST_SHARD


class Received(msgspec.Struct, frozen=True):
    """How much of a shard has come."""

    bytes: int
    taken: bool
    """It came whole and was taken."""


class Refused(msgspec.Struct, frozen=True):
    """The answer to what is not accepted."""

    why: str
    again: bool = False
    """It may be accepted later."""


class Note(msgspec.Struct, frozen=True):
    """Left beside a worker's shard, as `<shard>.json`: what `harness collect` needs to know of it."""

    run: str
    worker: str
    phase: int
    name: str
    """Of the phase."""
    closed: Closed | None = None
    """None while the load runs, and when the worker died."""


def versions() -> tuple[str, str]:
    """Of the harness and of Locust, as they are compared."""
    return distribution.installed_version(), version("locust")


def digest(file: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            found.update(block)
    return found.hexdigest()
