"""PromQL's functions on the values of one series, and on vectors, as Prometheus computes them.

Sources: promql/functions.go at v2.42.0 and v3.5.0. `rate` and its kin, which panels are held against, are in
`harness.promql`.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from harness import promql
from harness.promql import Dialect, Point
from harness.promql.vectors import NAME, UnsupportedError, Vector

_GROUP = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
"""Go's template of a regular expression: `$1`, `${1}`, `$name`, `$$` (regexp.Expand)."""
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_FLAGS = re.DOTALL | re.ASCII


def slope(points: Sequence[Point]) -> float | None:
    """`deriv`: the slope of a gauge in 1/s, by simple linear regression; None for fewer than two samples.

    Source: promql/functions.go, `linearRegression`, with the first sample's time as origin.
    """
    if len(points) < 2:
        return None
    if len({value for _, value in points}) == 1:
        return math.nan if math.isinf(points[0][1]) else 0.0
    origin, count = points[0][0], len(points)
    xs, ys = [at - origin for at, _ in points], [value for _, value in points]
    sum_x, sum_y = math.fsum(xs), math.fsum(ys)
    covariance = math.fsum(x * y for x, y in zip(xs, ys, strict=True)) - sum_x * sum_y / count
    return covariance / (math.fsum(x * x for x in xs) - sum_x * sum_x / count)


def _newest_difference(points: Sequence[Point]) -> float | None:
    return points[-1][1] - points[-2][1] if len(points) > 1 else None


def _deviation(values: list[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


OVER_TIME: Mapping[str, Callable[[Sequence[Point]], float | None]] = {
    "avg_over_time": lambda points: math.fsum(value for _, value in points) / len(points),
    "sum_over_time": lambda points: math.fsum(value for _, value in points),
    "min_over_time": lambda points: min(value for _, value in points),
    "max_over_time": lambda points: max(value for _, value in points),
    "count_over_time": lambda points: float(len(points)),
    "last_over_time": lambda points: points[-1][1],
    "present_over_time": lambda _: 1.0,
    "stddev_over_time": lambda points: _deviation([value for _, value in points]),
    "changes": lambda points: float(sum(after != before for (_, before), (_, after) in pairwise(points))),
    "resets": lambda points: float(sum(after < before for (_, before), (_, after) in pairwise(points))),
    "idelta": _newest_difference,
    "deriv": slope,
}
"""Functions of the samples in a range, of which there is at least one; None where there is no result."""
KEEP_NAME = frozenset({"last_over_time"})
MATH: Mapping[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": lambda value: float(math.ceil(value)) if math.isfinite(value) else value,
    "floor": lambda value: float(math.floor(value)) if math.isfinite(value) else value,
    "exp": math.exp,
    "sqrt": lambda value: math.sqrt(value) if value >= 0 else math.nan,
    "ln": lambda value: _logarithm(value, math.log),
    "log2": lambda value: _logarithm(value, math.log2),
    "log10": lambda value: _logarithm(value, math.log10),
    "sgn": lambda value: math.copysign(1.0, value) if value else value,
}
"""Functions of one value."""


def over_time(function: str, points: Sequence[Point], end_s: float, range_s: float, dialect: Dialect) -> float | None:
    """One of `OVER_TIME`, or `delta`, of the samples in the range that ends at `end_s`; None without a result."""
    if function == "delta":
        return promql.delta(points, end_s, range_s, dialect)
    seen = [(at / 1000, value) for at, value in promql.select_range(points, end_s, range_s, dialect)]
    if any(math.isnan(value) for _, value in seen):
        raise UnsupportedError(f"{function}() of values that are no numbers is not evaluated")
    return OVER_TIME[function](seen) if seen else None


def rounded(value: float, nearest: float) -> float:
    """`round(value, nearest)`: halves go up."""
    inverse = 1 / nearest
    return math.floor(value * inverse + 0.5) / inverse if math.isfinite(value) else value


def relabelled(vector: Vector, made: str, template: str, source: str, pattern: str) -> Vector:
    """`label_replace(vector, made, template, source, pattern)`: what matches gets a label of the template.

    Raises UnsupportedError for a pattern that Python does not read as Prometheus does, and for labels that meet.
    """
    try:
        compiled = re.compile(pattern, _FLAGS)
    except (re.error, OverflowError) as error:
        raise UnsupportedError(f"the pattern {pattern!r} is not evaluated: {error}") from None
    if _LABEL.fullmatch(made) is None:
        raise UnsupportedError(f"{made!r} is not a label name")
    results: Vector = {}
    for labels, value in vector.items():
        match = compiled.fullmatch(dict(labels).get(source, ""))
        changed = labels if match is None else _with(dict(labels), made, _expanded(template, match))
        if changed in results:
            raise UnsupportedError("label_replace() makes two series of the same labels")
        results[changed] = value
    return results


def absent(vector: Vector, equal: Mapping[str, str]) -> Vector:
    """`absent(vector)`: 1 with the labels that its selector asks to `equal` a value, when there is nothing."""
    if vector:
        return {}
    return {tuple(sorted((name, value) for name, value in equal.items() if value and name != NAME)): 1.0}


def _with(labels: dict[str, str], name: str, value: str) -> tuple[tuple[str, str], ...]:
    labels[name] = value
    return tuple(sorted((key, text) for key, text in labels.items() if text))


def _expanded(template: str, match: re.Match[str]) -> str:
    """The template with the groups of a match filled in; a group that there is not is empty, as in Go."""

    def fill(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        try:
            return match[int(name) if name.isdecimal() else name] or ""
        except (IndexError, KeyError):
            return ""

    return _GROUP.sub(fill, template)


def _logarithm(value: float, function: Callable[[float], float]) -> float:
    if value > 0:
        return function(value)
    return -math.inf if value == 0 else math.nan
