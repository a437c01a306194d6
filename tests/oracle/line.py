"""One line of a judgement: what a verdict says, without its words."""

from collections.abc import Iterator
from dataclasses import dataclass, field

PASS, FAIL, OPEN = "pass", "fail", "inconclusive"
Labels = dict[str, str]


@dataclass(frozen=True)
class Line:
    """One verdict of a check."""

    subject: str
    labels: Labels
    status: str
    expected: float | None = None
    observed: float | None = None
    band: tuple[float, float] | None = None
    """How far below and above `expected` a correct system's number may lie."""
    check: str = field(default="", compare=False)


Lines = Iterator[Line]


def settled(fine: bool) -> str:
    """PASS or FAIL."""
    return PASS if fine else FAIL


def unknown(subject: str, **labels: str) -> Line:
    """What could not be judged."""
    return Line(subject, labels, OPEN)


def named(**labels: str) -> Labels:
    """Labels without the empty ones."""
    return {name: value for name, value in labels.items() if value}
