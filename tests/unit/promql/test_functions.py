"""Every function of the registry, beside values worked out by hand.

A function without a row here turns a test red. The real server is asked for each of them in
tests/e2e/test_promql_conformance.py.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.promql import FUNCTIONS, NEWEST, Dialect, UnsupportedError, Vector, functions, vectors
from harness.promql.functions import Growth, InstantFunction, Kind, RangeFunction
from harness.promql.ranges import Asked, Range
from tests.unit.promql.given import series, value, vector

POINTS = (4.0, 6.0, 6.0, 1.0, 3.0)
"""One a second from 0 to 4: at 4 the last four seconds hold all but the first, which is outside since 3.0."""
GIVEN = (
    series("x", POINTS),
    series("v", [7.5] * 5, n="1"),
    series("v", [-7.5] * 5, n="2"),
    series("b", [10.0] * 5, le="1"),
    series("b", [20.0] * 5, le="2"),
    series("b", [20.0] * 5, le="+Inf"),
)
X = (("__name__", "x"), ("instance", "a"))
V1, V2 = ((("instance", "a"), ("n", n)) for n in "12")


@dataclass(frozen=True)
class Row:
    """What one expression gives, by which rule of the function."""

    function: str
    text: str
    expected: float | Vector
    """A number where the result is one, or a vector of one series."""
    rule: str


ROWS = (
    Row("rate", "rate(x[4s])", 1.0, "the growth 0 + 1 + 2 by 4/3 to the edges, a fall being a reset, over 4 s"),
    Row("increase", "increase(x[4s])", 4.0, "as rate, but not per second"),
    Row("irate", "irate(x[4s])", 2.0, "the growth of the newest two samples per second"),
    Row("irate", "irate(x[1500ms])", 2.0, "of two that are a second apart, whatever the range"),
    Row("delta", "delta(x[4s])", -4.0, "the difference of last and first, stretched as by rate"),
    Row("idelta", "idelta(x[4s])", 2.0, "the difference of the newest two, not per second"),
    Row("deriv", "deriv(x[4s])", -1.4, "the slope of the regression, in 1/s"),
    Row("predict_linear", "predict_linear(x[4s], 10)", 4.0 - 1.4 * 11.5, "the line of deriv, 10 s from now"),
    Row("predict_linear", "predict_linear(x[3s] offset 1s, 0)", 13 / 3 - 2.5 * 2, "from now, not from the range's end"),
    Row("avg_over_time", "avg_over_time(x[4s])", 4.0, "the mean of the samples, not weighted by time"),
    Row("sum_over_time", "sum_over_time(x[4s])", 16.0, "their sum"),
    Row("min_over_time", "min_over_time(x[4s])", 1.0, "the least"),
    Row("max_over_time", "max_over_time(x[4s])", 6.0, "the largest"),
    Row("count_over_time", "count_over_time(x[4s])", 4.0, "how many there are"),
    Row("last_over_time", "last_over_time(x[4s])", {X: 3.0}, "the newest, and it keeps the name"),
    Row("present_over_time", "present_over_time(x[4s])", {X[1:]: 1.0}, "1, without the name"),
    Row("stddev_over_time", "stddev_over_time(x[4s])", math.sqrt(4.5), "of the population, not of a sample"),
    Row("stdvar_over_time", "stdvar_over_time(x[4s])", 4.5, "of the population, not of a sample"),
    Row("quantile_over_time", "quantile_over_time(0.5, x[4s])", 4.5, "between the two samples next to the rank"),
    Row("changes", "changes(x[4s])", 2.0, "the values that are another than the one before"),
    Row("resets", "resets(x[4s])", 1.0, "the values below the one before"),
    Row("resets", "resets(x[1500ms])", 0.0, "a rise is none"),
    Row("absent_over_time", "absent_over_time(x[4s])", {}, "there are samples"),
    Row(
        "absent_over_time", 'absent_over_time(x{n="1"}[4s])', {(("n", "1"),): 1.0}, "none, with what is asked to equal"
    ),
    Row("absent_over_time", 'absent_over_time(x{n="1"}[4s:1s])', 1.0, "a subquery asks nothing to equal"),
    Row("timestamp", "timestamp(x offset 1500ms)", 2.0, "of the sample, and not of the evaluation"),
    Row("timestamp", "timestamp(abs(x offset 1s))", 4.0, "of what is computed that is now"),
    Row("minute", "minute(vector(7199))", 59.0, "of the hour"),
    Row("hour", "hour(vector(86399.9))", 23.0, "of the day, in UTC"),
    Row("hour", "hour()", 0.0, "of now where nothing is given"),
    Row("day_of_week", "day_of_week(vector(0))", 4.0, "the epoch was a Thursday"),
    Row("day_of_month", "day_of_month(vector(951782400))", 29.0, "of the leap day of 2000"),
    Row("day_of_year", "day_of_year(vector(951782400))", 60.0, "from 1"),
    Row("days_in_month", "days_in_month(vector(951782400))", 29.0, "with the leap day"),
    Row("days_in_month", "days_in_month(nothing)", {}, "of an empty vector there is none"),
    Row("month", "month(vector(-1))", 12.0, "before the epoch, too"),
    Row("year", "year(vector(1e12))", 33658.0, "and long after it"),
    Row("abs", "abs(vector(-0.5))", 0.5, "without the sign"),
    Row("ceil", "ceil(vector(1.2))", 2.0, "up to a whole number"),
    Row("ceil", "ceil(vector(-1.2))", -1.0, "up is towards zero below it"),
    Row("ceil", "ceil(vector(Inf))", math.inf, "what is infinite stays"),
    Row("floor", "floor(vector(-1.2))", -2.0, "down to a whole number"),
    Row("floor", "floor(vector(NaN))", math.nan, "NaN stays"),
    Row("exp", "exp(vector(0))", 1.0, "e to the power"),
    Row("exp", "exp(vector(1000))", math.inf, "which overflows to infinity"),
    Row("sqrt", "sqrt(vector(6.25))", 2.5, "the square root"),
    Row("sqrt", "sqrt(vector(-1))", math.nan, "below zero there is none"),
    Row("sqrt", "sqrt(vector(0))", 0.0, "of zero it is zero"),
    Row("ln", "ln(vector(0))", -math.inf, "the natural logarithm"),
    Row("ln", "ln(vector(-1))", math.nan, "below zero there is none"),
    Row("ln", "ln(vector(2.718281828459045))", 1.0, "of e it is 1"),
    Row("log2", "log2(vector(8))", 3.0, "to the base 2"),
    Row("log10", "log10(vector(0.001))", -3.0, "to the base 10"),
    Row("sgn", "sgn(vector(-3))", -1.0, "the sign as a number"),
    Row("sgn", "sgn(vector(3))", 1.0, "above zero"),
    Row("sgn", "sgn(vector(0))", 0.0, "zero has none"),
    Row("sgn", "sgn(vector(NaN))", math.nan, "nor has NaN"),
    Row("acos", "acos(x * 0)", math.pi / 2, "in radians"),
    Row("acos", "acos(x)", math.nan, "of more than 1 there is none"),
    Row("acosh", "acosh(x)", math.acosh(3.0), "of the area"),
    Row("asin", "asin(x / 3)", math.pi / 2, "in radians"),
    Row("asinh", "asinh(x)", math.asinh(3.0), "of the area"),
    Row("atan", "atan(x / 3)", math.pi / 4, "in radians"),
    Row("atanh", "atanh(x / 3)", math.inf, "the limit at its edge"),
    Row("cos", "cos(x * 0)", 1.0, "of radians"),
    Row("cosh", "cosh(x * 1000)", math.inf, "too large for a float"),
    Row("sin", "sin(x * 0)", 0.0, "of radians"),
    Row("sinh", "sinh(x * -1000)", -math.inf, "too large for a float"),
    Row("tan", "tan(x * 0)", 0.0, "of radians"),
    Row("tanh", "tanh(x * 1000)", 1.0, "the limit"),
    Row("deg", "deg(x)", 540 / math.pi, "radians in degrees"),
    Row("rad", "rad(x * 60)", math.pi, "degrees in radians"),
    Row("pi", "pi()", math.pi, "the number"),
    Row("round", "round(vector(2.5))", 3.0, "halves go up, not to the even number"),
    Row("round", "round(vector(-2.5))", -2.0, "up is towards zero below it"),
    Row("round", "round(vector(7), 5)", 5.0, "to the nearest multiple"),
    Row("round", "round(vector(1.23), 0.1)", 1.2, "also of a fraction"),
    Row("round", "round(vector(1), 0)", math.nan, "of zero there are none"),
    Row("round", "round(vector(1), -Inf)", math.nan, "nor of what is infinite"),
    Row("clamp", "clamp(v, -7, 7)", {V1: 7.0, V2: -7.0}, "between both"),
    Row("clamp", "clamp(v, 7, 7)", {V1: 7.0, V2: 7.0}, "which may be equal"),
    Row("clamp", "clamp(v, 8, 7)", {}, "nothing lies between limits that are crossed"),
    Row("clamp", "clamp(vector(NaN), 1, 2)", math.nan, "NaN stays"),
    Row("clamp", "clamp(vector(1), NaN, 2)", math.nan, "a limit that is none makes one"),
    Row("clamp", "clamp(vector(1), 0, NaN)", math.nan, "also the upper one"),
    Row("clamp", "clamp(vector(-Inf), 2, NaN)", 2.0, "but infinity outweighs it, as in Go"),
    Row("clamp", "clamp(vector(NaN), 1, Inf)", math.nan, "on its own side alone"),
    Row("clamp_min", "clamp_min(vector(NaN), Inf)", math.inf, "as here"),
    Row("clamp_max", "clamp_max(vector(NaN), -Inf)", -math.inf, "and here"),
    Row("clamp_max", "clamp_max(vector(Inf), NaN)", math.nan, "and not there"),
    Row("clamp_min", "clamp_min(vector(1), 2)", 2.0, "not below the limit"),
    Row("clamp_min", "clamp_min(vector(3), 2)", 3.0, "above it as it is"),
    Row("clamp_max", "clamp_max(vector(3), 2)", 2.0, "not above the limit"),
    Row("clamp_max", "clamp_max(vector(1), 2)", 1.0, "below it as it is"),
    Row("time", "time()", 4.0, "the moment of the evaluation"),
    Row("vector", "vector(2)", {(): 2.0}, "a number as a vector without labels"),
    Row("scalar", "scalar(x)", 3.0, "the only value as a number"),
    Row("scalar", "scalar(v)", math.nan, "of two there is none"),
    Row("scalar", "scalar(none)", math.nan, "nor of nothing"),
    Row("sort", "sort(x)", {X: 3.0}, "order is not part of a value"),
    Row("sort_desc", "sort_desc(x)", {X: 3.0}, "either way"),
    Row("absent", "absent(x)", {}, "nothing as long as there is anything"),
    Row("absent", 'absent(none{a="1",b=~"2",c=""})', {(("a", "1"),): 1.0}, "else 1, with what it asks to equal"),
    Row("absent", 'absent({__name__="none",a="1"})', {(("a", "1"),): 1.0}, "but for the name"),
    Row("absent", "absent(sum(none))", {(): 1.0}, "and none of what is no selector"),
    Row("histogram_quantile", "histogram_quantile(0.75, b)", {X[1:]: 1.5}, "interpolated in its bucket"),
    Row(
        "label_replace",
        'label_replace(x, "made", "$1-", "instance", "(.)")',
        {(*X, ("made", "a-")): 3.0},
        "the name stays",
    ),
    Row(
        "label_join", 'label_join(x, "made", "-", "instance", "instance")', {(*X, ("made", "a-a")): 3.0}, "it stays too"
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
def test_a_function_follows_its_rule(row: Row) -> None:
    """The rule stands in the row."""
    found = vector(row.text, *GIVEN, at_s=4.0)
    if isinstance(row.expected, dict):
        assert found == {labels: pytest.approx(number) for labels, number in row.expected.items()}
        return
    (number,) = found.values()
    assert number == pytest.approx(row.expected, nan_ok=True)


def test_every_function_has_a_row() -> None:
    """And every row asks the function that it says."""
    assert {row.function for row in ROWS} == set(FUNCTIONS)
    assert all(row.text.startswith(f"{row.function}(") for row in ROWS)
    assert all(function.name == name for name, function in FUNCTIONS.items())


@pytest.mark.parametrize("text", ["histogram_count(x)", "histogram_fraction(0, 1, x)", "sort_by_label(x, 'a')"])
def test_a_function_that_is_not_registered_is_not_evaluated(text: str) -> None:
    """Never a value that might be wrong."""
    with pytest.raises(UnsupportedError, match=r"\w+\(\) is not evaluated"):
        value(text, *GIVEN)


RANGES = [function for function in FUNCTIONS.values() if isinstance(function, RangeFunction)]


def asked(function: RangeFunction, *values: float) -> float | None:
    """What a function gives of samples a second apart, the last of them now."""
    points = [(float(at), number) for at, number in enumerate(values)]
    found = function.apply(Range.of(points, Asked(float(len(values) - 1), 100.0, NEWEST, (0.5,))))
    return None if found is None else float(found[0])


@pytest.mark.parametrize("function", RANGES, ids=lambda function: function.name)
def test_too_few_samples_give_no_result(function: RangeFunction) -> None:
    """None, never 0; and what the registry says to be enough is enough."""
    assert asked(function, *[5.0] * (function.least - 1)) is None
    assert asked(function, *[5.0] * function.least) is not None


def test_what_needs_two_samples() -> None:
    """By this panels are held to ranges that hold them."""
    two = {function.name for function in RANGES if function.least == 2}
    assert two == {"rate", "increase", "irate", "delta", "idelta", "deriv", "predict_linear"}
    assert {function.least for function in RANGES} == {1, 2}


def test_what_tells_the_growth_of_a_counter() -> None:
    """By this panels are corrected for what rate() leaves out and stretches."""
    growth = {function.name: function.growth for function in RANGES if function.growth}
    assert growth == {
        "rate": Growth(per_second=True, extrapolated=True),
        "increase": Growth(per_second=False, extrapolated=True),
        "irate": Growth(per_second=True, extrapolated=False),
    }


def test_what_keeps_the_name_and_what_makes_labels() -> None:
    """No other function does."""
    assert [function.name for function in RANGES if function.keeps_name] == ["last_over_time"]
    instant = [function for function in FUNCTIONS.values() if isinstance(function, InstantFunction)]
    assert {function.name for function in instant if function.makes_labels} == {"label_replace", "label_join"}


@pytest.mark.parametrize("function", RANGES, ids=lambda function: function.name)
def test_values_that_are_no_numbers_are_passed_over_or_carried_on(function: RangeFunction) -> None:
    """The extremes pass over NaN, what counts samples counts it, and one NaN is no change from another."""
    known = {
        "min_over_time": 1.0,
        "max_over_time": 1.0,
        "count_over_time": 2.0,
        "last_over_time": 1.0,
        "present_over_time": 1.0,
        "changes": 1.0,
        "resets": 0.0,
    }
    if function.name == "quantile_over_time":  # NaN is the least
        assert (asked(function, math.nan, 1.0, 3.0), asked(function, 1.0, 3.0, 5.0)) == (1.0, 3.0)
        return
    found = asked(function, math.nan, 1.0)
    assert found is not None
    assert found == known[function.name] if function.name in known else math.isnan(found)


def test_sums_of_what_is_infinite_are_as_floats_have_it() -> None:
    """Also where only the sum is; two NaN are no change."""
    largest = 1.7e308
    for values, expected in (
        ((math.inf, 1.0), math.inf),
        ((math.inf, -math.inf), math.nan),
        ((largest, largest), math.inf),
        ((0.1, 0.2, 0.3), 0.6),
    ):
        assert vectors.total(values) == pytest.approx(expected, nan_ok=True)
    changes = FUNCTIONS["changes"]
    assert isinstance(changes, RangeFunction)
    assert asked(changes, math.nan, math.nan) == 0.0


def test_a_range_tells_its_samples_in_seconds() -> None:
    """Those in it, by the dialect."""
    points = [(0.5, 1.0), (1.5, 2.0), (2.5, 3.0)]
    assert Range.of(points, Asked(2.0, 1.5, NEWEST)).series() == [[(1.5, 2.0)]]
    assert Range.of(points, Asked(2.0, 1.5, Dialect.of("2.42.0"))).series() == [[(0.5, 1.0), (1.5, 2.0)]]


def test_arguments_get_kinds() -> None:
    """In their order; the last kind holds for all that follow, and optional ones may be missing."""
    assert functions.with_kinds(FUNCTIONS["label_join"], "abcd") == [
        (Kind.VECTOR, "a"),
        (Kind.TEXT, "b"),
        (Kind.TEXT, "c"),
        (Kind.TEXT, "d"),
    ]
    assert functions.with_kinds(FUNCTIONS["round"], "a") == [(Kind.VECTOR, "a")]
    assert functions.with_kinds(FUNCTIONS["clamp"], "abc")[1:] == [(Kind.NUMBER, "b"), (Kind.NUMBER, "c")]
    assert functions.with_kinds(FUNCTIONS["time"], "") == []
    assert FUNCTIONS["clamp"].arguments == (Kind.VECTOR, Kind.NUMBER, Kind.NUMBER)
    assert FUNCTIONS["clamp_min"].arguments == FUNCTIONS["clamp_max"].arguments == (Kind.VECTOR, Kind.NUMBER)


def test_a_range_function_may_take_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever order they stand, as `quantile_over_time` has it."""
    made = RangeFunction(
        "quantile_over_time", lambda seen: np.array([sum(seen.asked.numbers)]), (Kind.NUMBER, Kind.RANGE)
    )
    assert made.least == 1
    monkeypatch.setattr(functions, "FUNCTIONS", {**FUNCTIONS, made.name: made})
    assert value("quantile_over_time(0.5, x[4s])", *GIVEN, at_s=4.0) == {X[1:]: 0.5}


@given(
    st.floats(-1e3, 1e3),
    st.floats(-1e6, 1e6),
    st.lists(st.integers(0, 10_000), min_size=2, max_size=20, unique=True),
)
def test_the_slope_of_a_line_is_its_own(slope: float, start: float, times: list[int]) -> None:
    """Wherever it was sampled."""
    points = [(float(at), start + slope * at) for at in sorted(times)]
    assert functions.regression(points, 0.0)[0] == pytest.approx(slope, abs=1e-6 * (1 + abs(start)))


def test_the_slope_is_exact_in_milliseconds() -> None:
    """Where a difference of two times in seconds has lost digits."""
    points = [(1.7e9 + 0.123, 0.0), (1.7e9 + 1.124, 1.0), (1.7e9 + 2.127, 2.1)]
    assert functions.regression(points, points[0][0])[0] == pytest.approx(1.0479204439024665, rel=1e-14)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1e15 + step for step in (8, 7, 6, 0, 9, 3, 1, 4, 4)], 2.9071272570854014),
        ([1e15 + step for step in (6.625, 5, 10.375, 9.25, 7.625)], 1.8816548567683713),
    ],
)
def test_a_deviation_is_rounded_as_upstream_rounds_it(values: list[float], expected: float) -> None:
    """Where it is small beside the values; an exact sum gives another number."""
    assert functions._deviation([*enumerate(values)]) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("added", "total", "rest", "expected"),
    [
        (1.0, 1e16, 0.0, (1e16, 1.0)),
        (1e16, 1.0, 0.5, (1e16, 1.5)),
        (-1.0, 1e16, 0.0, (1e16, -1.0)),
        (-1e16, 1.0, 0.0, (-1e16, 1.0)),
        (1.0, -1e16, 0.25, (-1e16, 1.25)),
        (2.0, 3.0, 0.0, (5.0, 0.0)),
    ],
)
def test_what_rounding_leaves_out_is_kept(
    added: float, total: float, rest: float, expected: tuple[float, float]
) -> None:
    """Whichever of the two is larger."""
    assert functions._kahan(added, total, rest) == expected


def test_the_slope_of_what_stays_is_zero() -> None:
    """Exactly, whatever the sums round to; of what is infinite there is none."""
    flat = [(at, 0.7215400323407826) for at in (0.306, 2.288, 9.014, 9.453)]
    assert functions.regression(flat, 5.0) == (0.0, 0.7215400323407826)
    assert all(map(math.isnan, functions.regression([(0.0, math.inf), (1.0, math.inf)], 0.0)))


@pytest.mark.parametrize(
    ("number", "nearest", "expected"),
    [
        (7.5, 5, 10),
        (math.inf, 1, math.inf),
        (-math.inf, 1, -math.inf),
        (math.nan, 1, math.nan),
        (1e308, 1e-300, math.inf),
        (0.49, 1, 0),
        (7.0, -5, 5),
    ],
)
def test_numbers_are_rounded(number: float, nearest: float, expected: float) -> None:
    """What is infinite stays, and what overflows on the way is infinite, as in Go."""
    assert functions.rounded(number, nearest) == pytest.approx(expected, nan_ok=True)
