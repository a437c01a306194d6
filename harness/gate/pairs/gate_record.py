"""What a paired gate was asked for, and gate.json, which keeps it so that the gate can be judged again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.config import readers
from harness.config.profile import Profile
from harness.core.document import first_line
from harness.core.errors import StoreError, UsageError
from harness.gate.decision import LEAST_PAIRS, Plan
from harness.gate.pairs import FILE
from harness.runs.run_directory import RunDirectory
from harness.runtime import files

GATE_VERSION = 2
"""From 2 on a manifest vouches for the directory."""
PAIRS, SLICES, SLICE_S = 10, 5, 5.0
"""Ten pairs of 25 s a side."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared, and how."""

    base: str
    candidate: str
    views: tuple[str, ...]
    pairs: int = PAIRS
    slices: int = SLICES
    """Of each side in each pair."""
    slice_s: float = SLICE_S
    candidate_env: tuple[tuple[str, str], ...] = ()
    """Added to the environment of the candidate alone."""

    def __post_init__(self) -> None:
        if self.pairs < 1 or self.slices < 1 or not 0 < self.slice_s <= readers.LONGEST_S:
            raise ValueError(f"{self.pairs} pairs of {self.slices} slices of {self.slice_s:g} s cannot be run")

    def plan(self, profile: Profile) -> Plan:
        """What is decided before the first look. Raises UsageError for one that cannot be kept."""
        if self.pairs < LEAST_PAIRS:
            raise UsageError(
                f"--pairs: {self.pairs} are too few to distinguish a change from chance; run at least {LEAST_PAIRS}"
            )
        if not self.views:
            raise UsageError("--view is missing, and the profile has no gated_views: name the views to compare")
        try:
            return _plan(self, throughput=profile.arrival_rate is not None)
        except ValueError as error:
            raise UsageError(f"--view: {error}") from None


@dataclass(frozen=True, slots=True)
class Record:
    """gate.json: what was planned, and how many pairs have been run."""

    schema_version: int
    id: str
    started_s: float
    profile: str
    scenario: str
    asked: Asked
    plan: Plan
    commits: Mapping[str, str]
    """By role; empty for a command."""
    pairs: int = 0
    uncommitted: tuple[str, ...] = ()
    """Roles whose ref lacks changes of the working tree."""


def _plan(asked: Asked, *, throughput: bool) -> Plan:
    return Plan(asked.views, throughput=throughput, looks=tuple(dict.fromkeys((LEAST_PAIRS, asked.pairs))))


def write(directory: RunDirectory, record: Record) -> None:
    """Write gate.json. Raises StoreError."""
    directory.write_text(FILE, msgspec.json.format(msgspec.json.encode(record), indent=1).decode() + "\n")


def read(path: Path) -> Record:
    """The record of a gate's directory. Raises UsageError for a newer schema, else StoreError for a bad one."""
    file = path / FILE
    try:
        document = msgspec.json.decode(files.read_bytes(file))
        version = document.get("schema_version") if isinstance(document, dict) else None
        if isinstance(version, int) and version > GATE_VERSION:
            raise UsageError(f"{file}: schema {version}, this harness reads up to {GATE_VERSION}; upgrade the harness")
        record = msgspec.convert(document, Record)
        asked_for = _plan(record.asked, throughput=record.plan.throughput)
    except (OSError, ValueError, RecursionError, OverflowError) as error:  # msgspec's own errors are ValueErrors
        raise StoreError(
            f"{file} cannot be read: {first_line(error)}; the file is damaged, run the gate again"
        ) from None
    if record.plan != asked_for:
        raise StoreError(f"{file}: its plan is not the one that was asked for; it was changed, run the gate again")
    return record
