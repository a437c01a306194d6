"""PromQL's functions on samples and vectors, beside values worked out by hand or by the server's own tests."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.promql import NEWEST, Point, functions
from harness.promql.vectors import UnsupportedError, Vector

POINTS: tuple[Point, ...] = ((0.0, 4.0), (1.0, 6.0), (2.0, 6.0), (3.0, 1.0), (4.0, 3.0))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("avg_over_time", 4.0),
        ("sum_over_time", 16.0),
        ("min_over_time", 1.0),
        ("max_over_time", 6.0),
        ("count_over_time", 4.0),
        ("last_over_time", 3.0),
        ("present_over_time", 1.0),
        ("stddev_over_time", math.sqrt(4.5)),
        ("changes", 2.0),
        ("resets", 1.0),
        ("idelta", 2.0),
        ("deriv", -1.4),
        ("delta", -4.0),
    ],
)
def test_functions_of_a_range(function: str, expected: float) -> None:
    """Of the four samples in the last four seconds; the one at the range's start is outside since 3.0."""
    assert functions.over_time(function, POINTS, 4.0, 4.0, NEWEST) == pytest.approx(expected)


@pytest.mark.parametrize("function", sorted({*functions.OVER_TIME, "delta"}))
def test_a_range_without_samples_has_no_result(function: str) -> None:
    """None, never 0."""
    assert functions.over_time(function, POINTS, 100.0, 4.0, NEWEST) is None


@pytest.mark.parametrize("function", ["idelta", "deriv", "delta"])
def test_one_sample_has_no_slope(function: str) -> None:
    """Two are needed."""
    assert functions.over_time(function, POINTS, 0.5, 4.0, NEWEST) is None


def test_values_that_are_no_numbers_are_not_evaluated() -> None:
    """Prometheus skips some of them in some functions and none in others."""
    with pytest.raises(UnsupportedError, match="no numbers"):
        functions.over_time("max_over_time", ((1.0, math.nan), (2.0, 1.0)), 2.0, 2.0, NEWEST)


@given(
    st.floats(-1e3, 1e3),
    st.floats(-1e6, 1e6),
    st.lists(st.integers(0, 10_000), min_size=2, max_size=20, unique=True),
)
def test_the_slope_of_a_line_is_its_own(slope: float, start: float, times: list[int]) -> None:
    """Wherever it was sampled."""
    points = [(float(at), start + slope * at) for at in sorted(times)]
    assert functions.slope(points) == pytest.approx(slope, abs=1e-6 * (1 + abs(start)))


@pytest.mark.parametrize(
    ("value", "nearest", "expected"),
    [(2.5, 1, 3), (-2.5, 1, -2), (1.23, 0.1, 1.2), (7.0, 5, 5), (7.5, 5, 10), (math.inf, 1, math.inf)],
)
def test_halves_are_rounded_up(value: float, nearest: float, expected: float) -> None:
    """As Prometheus does, not to the even number."""
    assert functions.rounded(value, nearest) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        ("ln", 0, -math.inf),
        ("ln", -1, math.nan),
        ("log2", 8, 3),
        ("log10", 0.001, -3),
        ("sqrt", -1, math.nan),
        ("ceil", math.inf, math.inf),
        ("ceil", 1.2, 2),
        ("floor", -1.2, -2),
        ("sgn", -3, -1),
        ("sgn", 0, 0),
        ("abs", -0.5, 0.5),
    ],
)
def test_functions_of_a_value(function: str, value: float, expected: float) -> None:
    """At their edges as IEEE 754 has it."""
    assert functions.MATH[function](value) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("template", "pattern", "view", "namespace"),
    [
        ("$1", "(.*):.*", "work:fast", "work"),
        ("$1", "(.*):.*", "fast", None),
        ("${1}s", "(.*):.*", "work:fast", "works"),
        ("$1s", "(.*):.*", "work:fast", None),
        ("$name", "(?P<name>.*):.*", "work:fast", "work"),
        ("$$1", "(.*):.*", "work:fast", "$1"),
        ("$2", "(.*):.*", "work:fast", None),
        ("other", ".*", "", "other"),
        ("x", "as", "fast", None),
    ],
)
def test_labels_are_replaced_where_the_whole_value_matches(
    template: str, pattern: str, view: str, namespace: str | None
) -> None:
    """Groups as in Go's templates; an empty text is no label."""
    before = (("view", view),) if view else ()
    after = tuple(sorted({**dict(before), **({"namespace": namespace} if namespace else {})}.items()))
    assert functions.relabelled({before: 1.0}, "namespace", template, "view", pattern) == {after: 1.0}


@pytest.mark.parametrize(
    ("made", "pattern", "said"),
    [("a b", ".*", "label name"), ("a", "(", "not evaluated"), ("view", ".*", "two series of the same labels")],
)
def test_what_cannot_be_relabelled_is_said(made: str, pattern: str, said: str) -> None:
    """Never a value that might be wrong."""
    vector: Vector = {(("view", "a"),): 1.0, (("view", "b"),): 2.0}
    with pytest.raises(UnsupportedError, match=said):
        functions.relabelled(vector, made, "same", "view", pattern)


def test_what_is_absent_is_told_by_its_labels() -> None:
    """Nothing, as long as there is anything."""
    assert functions.absent({(): 0.0}, {"job": "django"}) == {}
    assert functions.absent({}, {"job": "django", "__name__": "up", "app": ""}) == {(("job", "django"),): 1.0}
