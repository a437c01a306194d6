"""One answer of the doctor."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """What the doctor found; UNKNOWN is said whenever it could not look, and is never OK."""

    OK = "ok"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at."""

    id: str
    """Names the thing, e.g. `before-middleware`; one section of docs/doctor.md."""
    status: Health
    text: str
    """What was found and where; for a fault also what it does to the metrics and the line to change."""


def ok(id: str, text: str) -> Diagnosis:
    """A thing that is as it should be."""
    return Diagnosis(id, Health.OK, text)


def fault(id: str, text: str) -> Diagnosis:
    """A thing that makes metrics wrong or a command fail."""
    return Diagnosis(id, Health.FAULT, text)


def unknown(id: str, text: str) -> Diagnosis:
    """A thing that could not be judged, with what would settle it."""
    return Diagnosis(id, Health.UNKNOWN, text)
