"""Every function of PromQL that the engine evaluates, in one registry, as upstream's `FunctionCalls`.

An entry says what the function takes, what it needs and what it gives; whoever asks something of functions by name asks
the registry. To add one, write its entry here and its row in tests/unit/promql/test_functions.py; the real server is
asked for the same in tests/e2e/test_promql_conformance.py without further changes. It is longer than other modules
because one registry holds them all.

Sources: promql/functions.go and promql/parser/functions.go at v2.42.0 and v3.5.0.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise
from typing import Any

import numpy as np

from harness.core.points import FloatArray, Point
from harness.promql import extrapolation
from harness.promql._time import in_ms
from harness.promql.dates import PARTS
from harness.promql.dialect import Dialect
from harness.promql.quantile import histogram_quantile, histograms
from harness.promql.ranges import Asked, Range
from harness.promql.relabelling import joined, replaced
from harness.promql.vectors import AGGREGATES, UnsupportedError, Value, Vector, each, quantile, total


class Kind(Enum):
    """What a function takes in one place."""

    RANGE = auto()
    """The samples of each series in a range."""
    VECTOR = auto()
    TIMES = auto()
    """A vector whose values are the times of its samples."""
    BUCKETS = auto()
    """A vector that holds the buckets of classic histograms."""
    NUMBER = auto()
    QUANTILE = auto()
    """A number that is the quantile asked of histograms."""
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Growth:
    """How a function computes the growth of a counter, of which a fall is a reset."""

    per_second: bool
    extrapolated: bool
    """It stretches the growth between the samples to the edges of the range."""


@dataclass(frozen=True, slots=True)
class RangeFunction:
    """A function of the samples that each series has in a range."""

    name: str
    apply: Callable[[Range], FloatArray | None]
    """The value of each series; None where Prometheus gives none."""
    arguments: tuple[Kind, ...] = (Kind.RANGE,)
    """The kind of each argument: one range, and numbers."""
    least: int = 1
    """Samples without which it gives nothing."""
    growth: Growth | None = None
    """Set where it is a function of counters."""
    keeps_name: bool = False
    """The result bears the metric's name."""
    from_now: bool = False
    """It reckons from the moment of the evaluation, wherever the range ends.

    In later steps of a subquery Prometheus 2.42 takes other samples for it than those of the time by `@`.
    """


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a function of an instant is asked."""

    at_s: float
    dialect: Dialect
    vector: Vector = field(default_factory=dict)
    """The argument that is a vector; no function has two."""
    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    equal: Mapping[str, str] = field(default_factory=dict)
    """The labels that the vector's selector asks to equal a value; none where it is no selector."""
    given: int = 0
    """Arguments that are written; what is optional may be left out."""


@dataclass(frozen=True, slots=True)
class InstantFunction:
    """A function of vectors, numbers and texts."""

    name: str
    arguments: tuple[Kind, ...]
    """The kind of each argument, optional ones too; the last holds for all that follow."""
    apply: Callable[[Arguments], Value]
    """Raises UnsupportedError."""
    makes_labels: bool = False
    """The result has labels that no series has."""


Function = RangeFunction | InstantFunction


def lookup(name: str) -> Function:
    """The function of this name. Raises UnsupportedError when the engine has none."""
    if name not in FUNCTIONS:
        raise UnsupportedError(f"{name}() is not evaluated")
    return FUNCTIONS[name]


def with_kinds(function: Function, nodes: Sequence[Any]) -> list[tuple[Kind, Any]]:
    """The arguments of a call, each with its kind."""
    last = len(function.arguments) - 1
    return [(function.arguments[min(place, last)], node) for place, node in enumerate(nodes)]


def regression(points: Sequence[Point], origin_s: float) -> tuple[float, float]:
    """The slope of a gauge in 1/s, and its value at `origin_s`, by simple linear regression of at least two samples.

    Source: promql/functions.go, `linearRegression`.
    """
    first = points[0][1]
    if all(value == first for _, value in points):
        return (math.nan, math.nan) if math.isinf(first) else (0.0, first)
    origin, count = in_ms(origin_s), len(points)
    xs = [(in_ms(at) - origin) / 1000 for at, _ in points]  # a difference of two times in seconds is less exact
    ys = [value for _, value in points]
    sum_x, sum_y = _compensated(xs), _compensated(ys)
    covariance = _compensated([x * y for x, y in zip(xs, ys, strict=True)]) - sum_x * sum_y / count
    variance = _compensated([x * x for x in xs]) - sum_x * sum_x / count
    if not variance:  # of times long before the origin nothing may be left
        return math.nan, math.nan
    slope = covariance / variance
    return slope, sum_y / count - slope * sum_x / count


def rounded(value: float, nearest: float) -> float:
    """`round(value, nearest)`: halves go up; NaN for a `nearest` of 0 or infinity, as upstream."""
    if nearest == 0 or math.isinf(nearest):
        return math.nan
    inverse = 1 / nearest
    steps = value * inverse + 0.5
    return (math.floor(steps) if math.isfinite(steps) else steps) / inverse


def _over_time(
    name: str, result: Callable[[Sequence[Point]], float], *, least: int = 1, keeps_name: bool = False
) -> RangeFunction:
    """A function of the values in a range, of which there are at least `least`."""
    return RangeFunction(name, _of_each(lambda points, _: result(points), least), least=least, keeps_name=keeps_name)


def _of_each(result: Callable[[list[Point], Asked], float], least: int) -> Callable[[Range], FloatArray | None]:
    """A function of the samples of one series after the other, of which there are at least `least`."""

    def apply(seen: Range) -> FloatArray | None:
        if len(seen.ms) < least:
            return None
        return np.array([result(points, seen.asked) for points in seen.series()], dtype=np.float64)

    return apply


def _differ(before: float, after: float) -> bool:
    """True for two values of which not both are NaN."""
    return before != after and not (math.isnan(before) and math.isnan(after))


def _predicted(samples: list[Point], asked: Asked) -> float:
    """`predict_linear`: the line through the samples, some seconds after the moment of the evaluation."""
    slope, value = regression(samples, asked.end_s if asked.at_s is None else asked.at_s)
    return slope * asked.numbers[0] + value


def _values(points: Iterable[Point]) -> list[float]:
    return [value for _, value in points]


def _deviation(points: Sequence[Point]) -> float:
    """Welford's sums with Kahan's corrections, step by step as upstream (`funcStddevOverTime`).

    An exact sum would be another number, where values are large and differ by little.
    """
    mean = mean_rest = squares = squares_rest = 0.0
    for count, (_, value) in enumerate(points, start=1):
        difference = value - (mean + mean_rest)
        mean, mean_rest = _kahan(difference / count, mean, mean_rest)
        squares, squares_rest = _kahan(difference * (value - (mean + mean_rest)), squares, squares_rest)
    return math.sqrt((squares + squares_rest) / len(points))


def _compensated(values: Sequence[float]) -> float:
    """The sum as upstream rounds it: the difference of two that are large shows how."""
    result = rest = 0.0
    for value in values:
        result, rest = _kahan(value, result, rest)
    return result + rest


def _kahan(added: float, total: float, rest: float) -> tuple[float, float]:
    """The sum, and what rounding left out of it (promql/functions.go, `kahanSumInc`)."""
    result = total + added
    lost = (total - result) + added if abs(total) >= abs(added) else (added - result) + total
    return result, rest + lost


def _per_value(name: str, change: Callable[[float], float]) -> InstantFunction:
    """A function of each number of a vector."""
    return InstantFunction(name, (Kind.VECTOR,), lambda asked: each(asked.vector, change))


def _whole(towards: Callable[[float], int]) -> Callable[[float], float]:
    """To a whole number; what is infinite or NaN stays."""
    return lambda value: float(towards(value)) if math.isfinite(value) else value


def _logarithm(of: Callable[[float], float]) -> Callable[[float], float]:
    """As IEEE 754 has it where Python raises."""

    def apply(value: float) -> float:
        if value == 0:
            return -math.inf
        return math.nan if value < 0 else of(value)

    return apply


def _exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _limits(name: str, numbers: int, between: Callable[[tuple[float, ...]], tuple[float, float]]) -> InstantFunction:
    """A function that keeps values between two limits; without any, where these are crossed."""

    def apply(asked: Arguments) -> Vector:
        low, high = between(asked.numbers)
        # The lesser of two is the larger of their negatives, negated.
        return {} if low > high else each(asked.vector, lambda value: _larger(low, -_larger(-high, -value)))

    return InstantFunction(name, (Kind.VECTOR, *[Kind.NUMBER] * numbers), apply)


def _larger(a: float, b: float) -> float:
    """As Go's `math.Max`: infinity outweighs NaN, and NaN a number."""
    if math.isnan(a) or math.isnan(b):
        return math.inf if math.inf in (a, b) else math.nan
    return max(a, b)


def _nearest(asked: Arguments) -> Vector:
    (nearest,) = asked.numbers or (1.0,)
    return each(asked.vector, lambda value: rounded(value, nearest))


def _scalar(asked: Arguments) -> float:
    values = [*asked.vector.values()]
    return values[0] if len(values) == 1 else math.nan


def _absent(asked: Arguments) -> Vector:
    """1 with the labels that the selector asks to equal a value, when it selects nothing."""
    if asked.vector:
        return {}
    return {tuple(sorted((name, value) for name, value in asked.equal.items() if value)): 1.0}


def _of_date(part: Callable[[float], int]) -> Callable[[Arguments], Vector]:
    """A part of the dates that are a vector's values, of now where none is given."""

    def apply(asked: Arguments) -> Vector:
        return each(asked.vector if asked.given else {(): asked.at_s}, lambda value: float(part(value)))

    return apply


def _replaced(asked: Arguments) -> Vector:
    made, template, source, pattern = asked.texts
    return replaced(asked.vector, made, template, source, pattern, any_character=asked.dialect.dot_is_any)


def _quantiles(asked: Arguments) -> Vector:
    (q,) = asked.numbers
    return {
        labels: histogram_quantile(q, buckets, asked.dialect) for labels, buckets in histograms(asked.vector).items()
    }


def _trigonometric(of: Callable[[float], float]) -> Callable[[float], float]:
    """As IEEE 754 has it where Python raises."""

    def apply(value: float) -> float:
        try:
            return of(value)
        except ValueError:  # of the edges of atanh the limits are infinite
            return math.copysign(math.inf, value) if of is math.atanh and abs(value) == 1 else math.nan
        except OverflowError:
            return math.inf if of is math.cosh else math.copysign(math.inf, value)

    return apply


RATE = RangeFunction("rate", extrapolation.rates, least=2, growth=Growth(True, True))
PRESENCE = _over_time("present_over_time", lambda _: 1.0)
_ALL: tuple[Function, ...] = (
    RATE,
    RangeFunction("increase", extrapolation.increases, least=2, growth=Growth(False, True)),
    RangeFunction("irate", extrapolation.irates, least=2, growth=Growth(True, False)),
    RangeFunction("delta", extrapolation.deltas, least=2),
    _over_time("idelta", lambda points: points[-1][1] - points[-2][1], least=2),
    _over_time("deriv", lambda points: regression(points, points[0][0])[0], least=2),
    RangeFunction(
        "predict_linear", _of_each(_predicted, 2), arguments=(Kind.RANGE, Kind.NUMBER), least=2, from_now=True
    ),
    _over_time("avg_over_time", lambda points: total(_values(points)) / len(points)),
    _over_time("sum_over_time", lambda points: total(_values(points))),
    _over_time("min_over_time", lambda points: AGGREGATES["min"](_values(points))),
    _over_time("max_over_time", lambda points: AGGREGATES["max"](_values(points))),
    _over_time("count_over_time", lambda points: float(len(points))),
    _over_time("last_over_time", lambda points: points[-1][1], keeps_name=True),
    PRESENCE,
    _over_time("stddev_over_time", _deviation),
    _over_time("stdvar_over_time", lambda points: _deviation(points) ** 2),
    RangeFunction(
        "quantile_over_time",
        _of_each(lambda points, asked: quantile(_values(points), asked.numbers[0]), 1),
        arguments=(Kind.NUMBER, Kind.RANGE),
    ),
    _over_time("changes", lambda points: float(sum(_differ(a, b) for (_, a), (_, b) in pairwise(points)))),
    _over_time("resets", lambda points: float(sum(after < before for (_, before), (_, after) in pairwise(points)))),
    _per_value("abs", abs),
    _per_value("ceil", _whole(math.ceil)),
    _per_value("floor", _whole(math.floor)),
    _per_value("exp", _exponential),
    _per_value("sqrt", lambda value: math.nan if value < 0 else math.sqrt(value)),
    _per_value("ln", _logarithm(math.log)),
    _per_value("log2", _logarithm(math.log2)),
    _per_value("log10", _logarithm(math.log10)),
    _per_value("sgn", lambda value: math.copysign(1.0, value) if value and not math.isnan(value) else value),
    *(
        _per_value(of.__name__, _trigonometric(of))
        for of in (math.acos, math.acosh, math.asin, math.asinh, math.atan, math.atanh)
    ),
    *(
        _per_value(of.__name__, _trigonometric(of))
        for of in (math.cos, math.cosh, math.sin, math.sinh, math.tan, math.tanh)
    ),
    _per_value("deg", lambda value: value * 180 / math.pi),
    _per_value("rad", lambda value: value * math.pi / 180),
    InstantFunction("pi", (), lambda _: math.pi),
    InstantFunction("round", (Kind.VECTOR, Kind.NUMBER), _nearest),
    _limits("clamp", 2, lambda numbers: (numbers[0], numbers[1])),
    _limits("clamp_min", 1, lambda numbers: (numbers[0], math.inf)),
    _limits("clamp_max", 1, lambda numbers: (-math.inf, numbers[0])),
    InstantFunction("time", (), lambda asked: asked.at_s),
    InstantFunction("vector", (Kind.NUMBER,), lambda asked: {(): asked.numbers[0]}),
    InstantFunction("scalar", (Kind.VECTOR,), _scalar),
    InstantFunction("sort", (Kind.VECTOR,), lambda asked: asked.vector),
    InstantFunction("sort_desc", (Kind.VECTOR,), lambda asked: asked.vector),
    InstantFunction("absent", (Kind.VECTOR,), _absent),
    InstantFunction("absent_over_time", (Kind.RANGE,), _absent),
    InstantFunction("timestamp", (Kind.TIMES,), lambda asked: each(asked.vector, lambda at_s: at_s)),
    *(InstantFunction(name, (Kind.VECTOR,), _of_date(of)) for name, of in PARTS.items()),
    InstantFunction("histogram_quantile", (Kind.QUANTILE, Kind.BUCKETS), _quantiles),
    InstantFunction("label_replace", (Kind.VECTOR, Kind.TEXT), _replaced, makes_labels=True),
    InstantFunction(
        "label_join", (Kind.VECTOR, Kind.TEXT), lambda asked: joined(asked.vector, *asked.texts), makes_labels=True
    ),
)

FUNCTIONS: Mapping[str, Function] = {function.name: function for function in _ALL}
"""Every function that the engine evaluates, by its name."""
