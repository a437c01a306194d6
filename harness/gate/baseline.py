"""What is kept of one run for later gates: small, and safe to commit. It holds no latencies, addresses or secrets."""

from dataclasses import dataclass
from typing import Any

import msgspec

from harness.gate.arm import Arm
from harness.model import Status

BASELINE_VERSION = 1
"""Version of a baseline's file; raised when a reader of the old one would err."""

END_OF_TIME_S = 253_402_300_800.0
"""The year 10000, which no date can tell."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One run, as `harness baseline add` keeps it."""

    schema_version: int
    started_s: float
    profile: str
    scenario: str
    arm: Arm
    commit: str = ""
    """The commit of the app that was measured; empty when nobody said."""
    gated_views: tuple[str, ...] = ()
    """The profile's."""


def render(baseline: Baseline) -> str:
    """Return the file's text. Raises ValueError for a number that JSON has not."""
    encoded = msgspec.json.encode(baseline, order="deterministic")
    if msgspec.json.decode(encoded, type=Baseline) != baseline:
        raise ValueError(f"{baseline.arm.id} holds a number that cannot be stored")
    return msgspec.json.format(encoded, indent=1).decode() + "\n"


def parse(text: str, name: str) -> Baseline:
    """Read a file called `name`. One of another schema is a baseline that cannot be compared and says so.

    Raises ValueError when it is no baseline.
    """
    document: Any = msgspec.json.decode(text)
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or not isinstance(document.get("arm"), dict):
        raise ValueError("it is no baseline: schema_version or arm is missing")  # noqa: TRY004  # the file is wrong
    if version != BASELINE_VERSION:
        problem = f"schema {version}, and this harness compares {BASELINE_VERSION}; add the run again"
        arm = Arm(name, {}, 0, 0, Status.INCONCLUSIVE, problems=(problem,))
        return Baseline(version, 0.0, "", "", arm)
    found = msgspec.convert(document, Baseline)
    if not 0 <= found.started_s < END_OF_TIME_S:
        raise ValueError(f"started_s is {found.started_s}, which no calendar holds")
    return found
