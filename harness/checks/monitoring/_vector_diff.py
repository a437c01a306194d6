"""What a panel shows beside what it should: vectors compared, and their differences described."""

import math

from harness import promql
from harness.promql.vectors import NAME, Labels, Vector

SMALLEST = 1e-9
"""Values closer than this are equal, where a difference of two large ones was taken."""


def apart(shown: Vector, wanted: list[Vector]) -> Labels | None:
    """The labels of the largest value that `wanted` does not allow; None when it allows all."""
    keys = set(shown).union(*wanted)
    odd = [key for key in keys if not _between(shown.get(key), [each.get(key) for each in wanted])]
    return max(odd, key=lambda key: (abs(_finite(wanted[0].get(key))), key)) if odd else None


def _between(shown: float | None, wanted: list[float | None]) -> bool:
    numbers = [value for value in wanted if value is not None and not math.isnan(value)]
    if shown is None or math.isnan(shown):  # NaN and nothing look the same on a panel
        return not numbers
    if not numbers:
        return False
    return any(equal(shown, value) for value in numbers) or min(numbers) <= shown <= max(numbers)


def equal(a: float, b: float) -> bool:
    """True when two values are the same but for rounding."""
    return a == b or math.isclose(a, b, rel_tol=promql.AGREEMENT, abs_tol=SMALLEST)


def nothing(vector: Vector) -> bool:
    """True when a panel of these values is empty or flat at 0."""
    return all(math.isnan(value) or value == 0 for value in vector.values())


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else 0.0


def largest(vector: Vector) -> Labels:
    """The labels of the largest value, up or down; none of an empty vector."""
    return max(vector, key=lambda key: (abs(_finite(vector[key])), key), default=())


def number_at(vector: Vector, key: Labels) -> float | None:
    """A value; None where there is none, or none that is a number."""
    value = vector.get(key)
    return value if value is not None and math.isfinite(value) else None


def at(vector: Vector, key: Labels) -> str:
    """A value as text."""
    value = vector.get(key)
    return "no data" if value is None or math.isnan(value) else f"{value:.6g}"


def named(key: Labels) -> str:
    """Which of the panel's lines is meant; empty when it has only one."""
    values = [value for name, value in key if name != NAME]
    return f" for {' '.join(values)}" if values else ""


def beside(shown: Vector, true: Vector) -> str:
    """What is shown where the true value is largest."""
    odd = largest(true)
    return f"it shows {at(shown, odd)}, expected {at(true, odd)}{named(odd)}"
