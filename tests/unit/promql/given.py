"""Small sets of samples, and expressions evaluated on them."""

from collections.abc import Mapping, Sequence

from harness.core.query import Series
from harness.promql import NEWEST, Dialect, Engine, Samples, Value, Vector, syntax

TIMES = tuple(float(second) for second in range(11))
"""Eleven samples, one a second; everything is evaluated at the last."""


def series(name: str, values: Sequence[float | None], **labels: str) -> Series:
    """One value per time; None where the series was not there."""
    points = tuple((at, value) for at, value in zip(TIMES, values, strict=False) if value is not None)
    return Series({"__name__": name, "instance": "a", **labels}, points)


def line(slope: float, start: float = 0.0) -> list[float]:
    """A counter that grows evenly."""
    return [start + slope * second for second in range(11)]


def value(
    text: str,
    *found: Series,
    at_s: float = TIMES[-1],
    dialect: Dialect = NEWEST,
    nudge: float = 0.0,
    updates: Mapping[str, Sequence[float]] | None = None,
    recordings: Mapping[str, Sequence[float]] | None = None,
) -> Value:
    """What the engine gives; without `updates` every instance gave samples at all times."""
    by_name: dict[str, list[Series]] = {}
    for each in found:
        by_name.setdefault(each.labels["__name__"], []).append(each)
    every = {each.labels["instance"]: TIMES for each in found} if updates is None else updates
    samples = Samples(series=by_name, at_s=at_s, dialect=dialect, updates=every, recordings=recordings or {})
    return Engine(samples, nudge).value(syntax.parse(text))


def vector(text: str, *found: Series, at_s: float = TIMES[-1], nudge: float = 0.0) -> Vector:
    """As `value`, a number as a vector of one."""
    answer = value(text, *found, at_s=at_s, nudge=nudge)
    return answer if isinstance(answer, dict) else {(): answer}
