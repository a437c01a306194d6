"""What is kept of one run for later gates: small, and safe to commit. It holds no latencies, addresses or secrets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn

import msgspec

from harness.core.verdict import Status
from harness.evidence import comparability
from harness.gate.baseline.integrity import contradiction
from harness.gate.decision.measurement import Measurement, ViewSample

BASELINE_VERSION = 1
"""Version of a baseline's file; raised when a reader of the old one would err."""

END_OF_TIME_S = 253_402_300_800.0
"""The year 10000, which no date can express."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One run, as `harness baseline add` keeps it."""

    schema_version: int
    started_s: float
    profile: str
    scenario: str
    arm: Measurement
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

    Every key has to be there and none twice, because what is left out would count as nothing wrong.

    Raises ValueError when it is not a baseline.
    """
    try:
        document: Any = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except (RecursionError, MemoryError):
        raise ValueError("not a baseline: nested too deeply") from None
    except OverflowError as error:
        raise ValueError(f"not a baseline: {error}") from None
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or not isinstance(document.get("arm"), dict):
        raise ValueError("not a baseline: schema_version or arm is missing")  # noqa: TRY004  # the file is wrong
    if version != BASELINE_VERSION:
        problem = f"it has schema {version}, this harness reads {BASELINE_VERSION}; add the run again"
        unread = Measurement(name, {}, 0, 0, Status.INCONCLUSIVE, problems=(problem,))
        return Baseline(version, 0.0, "", "", unread)
    _check_keys(document, Baseline, "")
    _check_keys(document["arm"], Measurement, "arm.")
    views = document["arm"]["views"]
    for view, sample in views.items() if isinstance(views, dict) else ():
        _check_keys(sample, ViewSample, f"arm.views.{view}.")
    found = msgspec.convert(document, Baseline)
    if not 0 <= found.started_s < END_OF_TIME_S:
        raise ValueError(f"started_s is {found.started_s}, which is not a date")
    if not found.arm.job.strip():
        raise ValueError("arm.job is empty: runs of one job count as one, so each must name its job")
    if wrong := contradiction(found.arm):
        raise ValueError(f"arm.{wrong}")
    return replace(found, arm=replace(found.arm, fingerprint=comparability.completed(found.arm.fingerprint)))


def _check_keys(document: Any, kind: type, where: str) -> None:
    """Raise ValueError unless it has the keys of a dataclass, all of them and no others."""
    names = {item.name for item in fields(kind)}
    given = set(document) if isinstance(document, dict) else set()
    if missing := sorted(names - given):
        raise ValueError(f"{where}{missing[0]} is missing")
    if unknown := sorted(given - names):
        raise ValueError(f"{where}{unknown[0]} is not a key of a baseline")


def _each_once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, _ in pairs if sum(other == name for other, _ in pairs) > 1)
        raise ValueError(f"{twice} is there twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")
