"""Operators between vectors and numbers, and aggregations, as Prometheus has them."""

import math

import pytest

from harness.promql import Dialect, UnsupportedError, Vector, operators, syntax, vectors
from tests.unit.promql.given import TIMES, line, series, value, vector

NAMED = (("__name__", "x"), ("instance", "a"))
UNNAMED = (("instance", "a"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x == 10", {(("__name__", "x"), ("instance", "a")): 10}),
        ("x > 10", {}),
        ("10 <= x", {(("__name__", "x"), ("instance", "a")): 10}),
        ("x > bool 10", {(("instance", "a"),): 0}),
        ("x / 0", {(("instance", "a"),): math.inf}),
        ("-x / 0", {(("instance", "a"),): -math.inf}),
        ("x - x", {(("instance", "a"),): 0}),
        ("x and y", {}),
        ("x unless y", {(("__name__", "x"), ("instance", "a")): 10}),
        ("sum(x) or vector(0)", {(): 10}),
        ("sum(y) or vector(0)", {(): 0}),
        ("x * on () vector(2)", {(): 20}),
        ("clamp_max(x, 3)", {(("instance", "a"),): 3}),
        ('x{instance="b"}', {}),
        ('x{instance!~"b|c"}', {(("__name__", "x"), ("instance", "a")): 10}),
        ("1 / 4", {(): 0.25}),
        ("rate((x[4s]))", {(("instance", "a"),): pytest.approx(1)}),
        ("x >= on (instance) x", {(("instance", "a"),): 10}),
        ("x >= ignoring (instance) x", {(("__name__", "x"),): 10}),
        ("x >= x", {(("__name__", "x"), ("instance", "a")): 10}),
    ],
)
def test_operators(text: str, expected: Vector) -> None:
    """As Prometheus has them."""
    assert vector(text, series("x", line(1))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("topk(1, x)", {"b": 30}),
        ("bottomk(2, x)", {"a": 10, "c": 20}),
        ("topk(0, x)", {}),
        ("topk(9, x)", {"a": 10, "b": 30, "c": 20}),
        ("sort(x)", {"a": 10, "b": 30, "c": 20}),
    ],
)
def test_the_largest_and_smallest_keep_their_labels(text: str, expected: dict[str, float]) -> None:
    """And their name, as Prometheus has it."""
    given = [series("x", line(slope), instance=name) for slope, name in ((1, "a"), (3, "b"), (2, "c"))]
    found = vector(text, *given)
    assert {dict(labels)["instance"]: number for labels, number in found.items()} == expected


def test_which_of_equal_values_is_taken_is_not_guessed() -> None:
    """Prometheus takes the one that it met first."""
    given = [series("x", line(1), instance=name) for name in ("a", "b")]
    with pytest.raises(UnsupportedError, match="equal values"):
        vector("topk(1, x)", *given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quantile(0.5, x)", 15.0),
        ("quantile(1.1, x)", math.inf),
        ("quantile(-1, x)", -math.inf),
        ("stdvar(x)", 25.0),
        ("sum(x) % 7", 2.0),
        ("sum(x) ^ 2", 900.0),
        ("0 ^ -1", math.inf),
        ("(-8) ^ 0.5", math.nan),
        ("scalar(x)", math.nan),
        ("scalar(sum(x))", 30.0),
        ("time()", TIMES[-1]),
        ("sum(clamp(x, 12, 15))", 27.0),
    ],
)
def test_further_operators(text: str, expected: float) -> None:
    """Of one series at 10 and one at 20."""
    found = vector(text, series("x", line(1), instance="a"), series("x", line(2), instance="b"))
    assert found == {(): pytest.approx(expected, nan_ok=True)}


def test_many_are_matched_with_one() -> None:
    """The many keep their labels, and take over those that are named."""
    many = [series("x", line(slope), view=view) for slope, view in ((1, "p"), (3, "q"))]
    one = series("y", line(2), version="7", view="all")
    left = vector("x * on (instance) group_left (version) y", *many, one)
    assert {tuple(v for _, v in labels): number for labels, number in left.items()} == {
        ("a", "7", "p"): 200,
        ("a", "7", "q"): 600,
    }
    assert vector("y * on (instance) group_right (version) x", *many, one) == left
    with pytest.raises(UnsupportedError, match="many-to-many"):
        vector("y * on (instance) group_left x", *many, one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x != 10", {}),
        ("x != 9", {NAMED: 10}),
        ("x < 10", {}),
        ("x < 11", {NAMED: 10}),
        ("x <= 9", {}),
        ("x >= 11", {}),
        ("x >= 10", {NAMED: 10}),
        ("x > 9", {NAMED: 10}),
        ("x == 9", {}),
        ("9 < x", {NAMED: 10}),
        ("10 < x", {}),
        ("11 > bool x", {UNNAMED: 1}),
        ("x == bool 10", {UNNAMED: 1}),
        ("1 == bool 2", {(): 0}),
        ("1 < bool 2", {(): 1}),
        ("x + 1", {UNNAMED: 11}),
        ("x - 1", {UNNAMED: 9}),
        ("1 - x", {UNNAMED: -9}),
        ("x * 2", {UNNAMED: 20}),
        ("x / 4", {UNNAMED: 2.5}),
        ("40 / x", {UNNAMED: 4}),
        ("x % 4", {UNNAMED: 2}),
        ("-x % 4", {UNNAMED: -2}),
        ("2 ^ x", {UNNAMED: 1024}),
        ("x + x", {UNNAMED: 20}),
        ("x - on (instance) x", {UNNAMED: 0}),
        ("x + ignoring (instance) x", {(): 20}),
        ("x + on () x", {(): 20}),
        ("x > bool x", {UNNAMED: 0}),
        ("x >= bool on (instance) x", {UNNAMED: 1}),
    ],
)
def test_operators_with_numbers_and_vectors(text: str, expected: Vector) -> None:
    """A filter keeps the value and the name, all else drops the name."""
    assert vector(text, series("x", line(1))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 / 0", math.nan),
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("1 / -0", -math.inf),
        ("1 % 0", math.nan),
        ("(1 / 0) % 2", math.nan),
        ("3 % (1 / 0)", 3.0),
        ("-7 % 4", -3.0),
        ("(0 / 0) / 0", math.nan),
        ("10 ^ 1000", math.inf),
        ("(-8) ^ 0.5", math.nan),
        ("0 ^ -1", math.inf),
        ("2 ^ 3 ^ 0", 2.0),
    ],
)
def test_arithmetic_at_its_edges(text: str, expected: float) -> None:
    """As IEEE 754 and Go have it, where Python raises."""
    assert vector(text) == {(): pytest.approx(expected, nan_ok=True)}


def test_an_operator_without_an_entry_is_said() -> None:
    """Whatever its sides are."""
    for left, right in ((1.0, 2.0), ({NAMED: 1.0}, 2.0), (1.0, {NAMED: 1.0}), ({NAMED: 1.0}, {NAMED: 1.0})):
        with pytest.raises(UnsupportedError, match="the operator << is not evaluated"):
            operators.combine("<<", None, left, right)  # type: ignore[arg-type]


def test_an_angle_loses_the_name_since_2_47() -> None:
    """Before, it kept it, unlike other arithmetic."""
    one = series("x", [1.0] * 11)
    assert vector("x atan2 1", one) == {(("instance", "a"),): pytest.approx(math.pi / 4)}
    assert vector("x atan2 x", one) == {(("instance", "a"),): pytest.approx(math.pi / 4)}
    old = Dialect.of("2.46.0")
    for text in ("1 atan2 x", "x atan2 x"):
        found = value(text, one, dialect=old)
        assert isinstance(found, dict)
        assert found == {NAMED: pytest.approx(math.pi / 4)}


def test_a_deviation_too_large_for_a_float_is_infinite() -> None:
    """And of infinity beside a number there is none."""
    far = [series("x", [number] * 11, instance=name) for number, name in ((1e200, "a"), (-1e200, "b"))]
    assert vector("stdvar(x)", *far) == {(): math.inf}
    assert vector("stddev(x / 0)", *far) == {(): pytest.approx(math.nan, nan_ok=True)}


def test_a_set_with_a_number_is_said() -> None:
    """The parser refuses it; if it did not, there would be no such operator."""
    for left, right in ((1.0, {NAMED: 1.0}), ({NAMED: 1.0}, 1.0)):
        with pytest.raises(UnsupportedError, match="the operator and is not evaluated"):
            operators.combine("and", None, left, right)  # type: ignore[arg-type]


def test_a_filter_of_two_numbers_gives_nan() -> None:
    """The parser refuses it; if it did not, a false one must not pass for a number."""
    assert operators.combine("<", None, 1.0, 2.0) == 1.0
    assert math.isnan(_number(operators.combine(">", None, 1.0, 2.0)))


def _number(value: vectors.Value) -> float:
    assert isinstance(value, float)
    return value


SET_LEFT = [series("x", line(1), view="p"), series("x", line(2), view="q")]
SET_RIGHT = [series("y", line(3), view="q"), series("y", line(4), view="r")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x and y", {"q": 20}),
        ("x unless y", {"p": 10}),
        ("x or y", {"p": 10, "q": 20, "r": 40}),
        ("x and on (instance) y", {"p": 10, "q": 20}),
        ("x unless on (instance) y", {}),
        ("x or on (instance) y", {"p": 10, "q": 20}),
        ("x and ignoring (view) y", {"p": 10, "q": 20}),
    ],
)
def test_sets(text: str, expected: dict[str, float]) -> None:
    """The left side keeps its values, and its name."""
    found = vector(text, *SET_LEFT, *SET_RIGHT)
    assert {dict(labels)["view"]: number for labels, number in found.items()} == expected
    assert all("__name__" in dict(labels) for labels in found)


def test_sides_that_do_not_match_give_nothing() -> None:
    """Only what is on both sides has a result."""
    found = vector("x + y", *SET_LEFT, *SET_RIGHT)
    assert found == {(("instance", "a"), ("view", "q")): 80 - 30}


def test_only_what_passes_a_filter_must_match_alone() -> None:
    """Of two that match one, a filter lets one through; and nothing matches nothing, however many there are."""
    given = (*SET_LEFT, series("y", [15.0] * 11, view="p"))
    assert vector("x > on (instance) y", *given) == {(("instance", "a"),): 20}
    assert vector("nothing + on (instance) x", *given) == {}
    assert vector("x + on (instance) nothing", *given) == {}
    with pytest.raises(UnsupportedError, match="many-to-one"):
        vector("x < on (instance) (y + 10)", *given)


@pytest.mark.parametrize("text", ["y + on (instance) x", "x * on (instance) group_left x"])
def test_many_to_many_is_not_evaluated(text: str) -> None:
    """On whichever side the many are; the server refuses it too."""
    with pytest.raises(UnsupportedError, match="many-to-many"):
        vector(text, *SET_LEFT, series("y", line(1), view="p"))


def test_a_result_of_two_series_with_the_same_labels_is_not_evaluated() -> None:
    """Where `group_left` takes over a label that told the many apart."""
    many = [series("x", line(slope), view=view) for slope, view in ((1, "p"), (3, "q"))]
    with pytest.raises(UnsupportedError, match="two series of the same labels"):
        vector("x * on (instance) group_left (view) y", *many, series("y", line(2), view="all"))


def test_a_filter_of_many_and_one_keeps_the_name_of_the_many() -> None:
    """And the value of the left side."""
    many = [series("x", line(slope), view=view) for slope, view in ((1, "p"), (3, "q"))]
    one = series("y", line(2))
    assert vector("x > on (instance) group_left y", *many, one) == {
        (("__name__", "x"), ("instance", "a"), ("view", "q")): 30
    }
    right = vector("y > on (instance) group_right x", *many, one)
    assert right == {(("__name__", "x"), ("instance", "a"), ("view", "p")): 20}


def test_subtraction_keeps_its_sides_when_the_right_has_many() -> None:
    """One minus many is not many minus one."""
    many = [series("x", line(slope), view=view) for slope, view in ((1, "p"), (3, "q"))]
    found = vector("y - on (instance) group_right x", *many, series("y", line(2)))
    assert {dict(labels)["view"]: number for labels, number in found.items()} == {"p": 10, "q": -10}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(x)", {(): 60}),
        ("avg(x)", {(): 20}),
        ("min(x)", {(): 10}),
        ("max(x)", {(): 30}),
        ("count(x)", {(): 3}),
        ("group(x)", {(): 1}),
        ("stddev(x)", {(): math.sqrt(200 / 3)}),
        ("stdvar(x)", {(): 200 / 3}),
        ("sum by (view) (x)", {(("view", "p"),): 30, (("view", "q"),): 30}),
        ("sum without (view) (x)", {(("instance", "a"),): 40, (("instance", "b"),): 20}),
        ("sum by (none) (x)", {(): 60}),
        ("quantile(0, x)", {(): 10}),
        ("quantile(0.25, x)", {(): 15}),
        ("quantile(0.9, x)", {(): 28}),
        ("quantile(1, x)", {(): 30}),
        ("quantile(1.01, x)", {(): math.inf}),
        ("quantile(-0.01, x)", {(): -math.inf}),
        ("quantile by (view) (0.5, x)", {(("view", "p"),): 15, (("view", "q"),): 30}),
    ],
)
def test_aggregations(text: str, expected: Vector) -> None:
    """Of 10 and 20 in the one view, 30 in the other."""
    given = [
        series("x", line(1), view="p"),
        series("x", line(2), view="p", instance="b"),
        series("x", line(3), view="q"),
    ]
    assert vector(text, *given) == {labels: pytest.approx(number) for labels, number in expected.items()}


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("min", 1.0), ("max", 2.0), ("sum", math.nan), ("avg", math.nan), ("count", 3.0), ("group", 1.0)],
)
def test_aggregations_of_values_that_are_no_numbers(operator: str, expected: float) -> None:
    """NaN gives way to any number among the least and the largest."""
    given: Vector = {(("a", "1"),): math.nan, (("a", "2"),): 1.0, (("a", "3"),): 2.0}
    found = vectors.aggregate(operator, lambda _: (), given)
    assert found == {(): pytest.approx(expected, nan_ok=True)}
    alone = vectors.aggregate("max", lambda _: (), {(("a", "1"),): math.nan})
    assert math.isnan(alone[()])


def test_an_aggregation_without_an_entry_is_said() -> None:
    """Never a value that might be wrong."""
    with pytest.raises(UnsupportedError, match=r"mode\(\) is not evaluated"):
        vectors.aggregate("mode", lambda _: (), {NAMED: 1.0})


@pytest.mark.parametrize(
    ("q", "values", "expected"),
    [
        (0.5, [], math.nan),
        (math.nan, [1.0], math.nan),
        (0.5, [1.0], 1.0),
        (0.0, [math.nan, 1.0, 2.0], math.nan),
        (1.0, [math.nan, 2.0, 1.0], 2.0),
        (0.75, [4.0, 2.0], 3.5),
    ],
)
def test_the_quantile_of_values(q: float, values: list[float], expected: float) -> None:
    """Between the two next to the rank; NaN is the least."""
    assert vectors.quantile(values, q) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("operator", "count", "expected"),
    [
        ("topk", 1.0, {"c"}),
        ("topk", 2.9, {"b", "c"}),
        ("bottomk", 1.0, {"b"}),
        ("topk", 3.0, {"a", "b", "c"}),
        ("bottomk", 3.0, {"a", "b", "c"}),
        ("topk", -1.0, set()),
        ("topk", 0.0, set()),
        ("topk", math.nan, set()),
        ("topk", math.inf, set()),
    ],
)
def test_a_choice_takes_no_value_that_is_no_number_before_one_that_is(
    operator: str, count: float, expected: set[str]
) -> None:
    """Of NaN, 1 and 2; a count that is no number takes nothing."""
    given: Vector = {(("n", "a"),): math.nan, (("n", "b"),): 1.0, (("n", "c"),): 2.0}
    found = vectors.aggregate(operator, lambda _: (), given, count)
    assert {dict(labels)["n"] for labels in found} == expected


def test_equal_values_that_are_all_taken_are_no_tie() -> None:
    """Nor are those of which none is."""
    given: Vector = {(("n", "a"),): 1.0, (("n", "b"),): 1.0, (("n", "c"),): 0.0}
    assert len(vectors.aggregate("topk", lambda _: (), given, 2.0)) == 2
    assert len(vectors.aggregate("topk", lambda _: (), given, 3.0)) == 3
    assert vectors.aggregate("topk", lambda _: (), given, 0.0) == {}
    assert vectors.aggregate("topk", lambda _: (), {**given, (("n", "c"),): 1.0}, 0.0) == {}
    with pytest.raises(UnsupportedError, match="equal values"):
        vectors.aggregate("bottomk", lambda _: (), given, 2.0)


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("x + y", "le", True),
        ("x + on (le) y", "le", True),
        ("x + on (view) y", "le", False),
        ("x + ignoring (le) y", "le", False),
        ("x + ignoring (view) y", "le", True),
        ("x > bool y", "le", True),
    ],
)
def test_by_which_labels_sides_are_matched(text: str, label: str, expected: bool) -> None:
    """By all, by those of `on`, or by all but those of `ignoring`."""
    tree = syntax.parse(text)
    assert vectors.matches_by(getattr(tree, "modifier"), label) is expected  # noqa: B009
