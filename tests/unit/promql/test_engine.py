"""The engine on small sets of samples; it is held against the real server in tests/e2e/test_promql_conformance.py."""

import math
from collections.abc import Mapping

import numpy as np
import pytest

from harness.core.query import Series
from harness.promql import (
    LOOKBACK_S,
    NEWEST,
    Dialect,
    Engine,
    Labels,
    Samples,
    UnsupportedError,
    Vector,
    engine,
    syntax,
)
from harness.promql.selected import Selected
from tests.unit.promql.given import TIMES, line, series, value, vector

NAMED = (("__name__", "x"), ("instance", "a"))
UNNAMED = (("instance", "a"),)


def buckets(**counts: float) -> list[Series]:
    """Buckets of one histogram that grow evenly, `le_0_1=3` for le="0.1"."""
    return [series("b", line(slope), le=name.removeprefix("le_").replace("_", ".")) for name, slope in counts.items()]


def test_a_histogram_of_an_instant_has_no_name() -> None:
    """And what is no quantile is not made one; a bound that is no number is passed over."""
    given = buckets(**{"le_1": 1, "le_many": 7, "le_+Inf": 1})
    assert vector("histogram_quantile(0.5, b)", *given) == {UNNAMED: pytest.approx(0.5)}
    assert vector("histogram_quantile(95, b)", *given) == {UNNAMED: math.inf}
    assert vector("histogram_quantile(-1, b)", *given) == {UNNAMED: -math.inf}


@pytest.mark.parametrize(
    ("q", "nudge", "expected"),
    [
        ("0.5", 0.0, 1.0),
        ("0.5", 0.1, 1.2),
        ("0.5", -0.1, 0.8),
        ("1", 0.1, 2.0),
        ("1", -0.1, 1.8),
        ("0", 0.1, 0.2),
        ("0", -0.1, 0.0),
        ("1.01", -0.1, math.inf),
        ("-0.01", 0.1, -math.inf),
    ],
)
def test_a_quantile_is_nudged_and_stays_one(q: str, nudge: float, expected: float) -> None:
    """Between 0 and 1; what is none is left alone."""
    given = buckets(**{"le_1": 5, "le_2": 10, "le_+Inf": 10})
    assert vector(f"histogram_quantile({q}, b)", *given, nudge=nudge) == {UNNAMED: pytest.approx(expected)}
    assert value(f"quantile({q}, b)", *given, nudge=nudge) == value(f"quantile({q}, b)", *given)


def test_a_series_that_ended_has_no_value_now() -> None:
    """Its instance gave samples since, and none for it."""
    ended = series("x", [1.0] * 8 + [None] * 3)
    assert vector("x", ended) == {}
    assert vector("x", series("x", line(1))) == {NAMED: 10}
    assert value("x", ended, updates={}) == {NAMED: 1}
    assert value("x", ended, updates={"b": TIMES}) == {NAMED: 1}
    assert value("x", ended, updates={"a": TIMES[:8]}) == {NAMED: 1}
    assert value("x", ended, updates={"a": TIMES[:9]}) == {}
    assert value("x", ended, updates={"a": TIMES}, at_s=7.0) == {NAMED: 1}
    assert value("x", ended, updates={"a": TIMES}, at_s=7.5) == {NAMED: 1}
    assert value("x", ended, updates={"a": TIMES}, at_s=8.0) == {}


def test_what_a_rule_records_is_updated_by_its_evaluations() -> None:
    """Not by its instance, even where it bears the label of one."""
    ended = series("x", [1.0] * 8 + [None] * 3)
    assert value("x", ended, recordings={"x": TIMES[:8]}) == {NAMED: 1}
    assert value("x", ended, recordings={"y": TIMES[:8]}) == {}
    assert value("x", ended, updates={}, recordings={"x": TIMES}) == {}


@pytest.mark.parametrize(("age_s", "seen"), [(0.0, True), (299.999, True), (300.0, False), (301.0, False)])
def test_a_sample_is_looked_for_five_minutes_back(age_s: float, seen: bool) -> None:
    """One that is as old as that is too old."""
    alone = Series({"__name__": "x", "instance": "a"}, ((10.0, 7.0),))
    assert value("x", alone, at_s=10.0 + age_s, updates={}) == ({NAMED: 7} if seen else {})
    assert value("x", alone, at_s=9.999, updates={}) == {}
    longer = Series({"__name__": "x", "instance": "a"}, ((10.0, 6.0), (200.0, 7.0)))
    assert value("x", longer, at_s=400.0, updates={}) == {NAMED: 7}
    assert LOOKBACK_S == 300


def test_only_what_is_selected_is_evaluated() -> None:
    """By metric and by labels."""
    given = [series("x", line(1), view="p"), series("x", line(2), view="q"), series("y", line(3), view="p")]
    assert [*vector('x{view="q"}', *given).values()] == [20]
    assert [*vector('sum(rate(x{view!="q"}[5s]))', *given).values()] == [pytest.approx(1)]
    assert vector("z", *given) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(2)", 2.0),
        ("-2", -2.0),
        ("-(1 + 2)", -3.0),
        ("1 / 4", 0.25),
        ("time()", TIMES[-1]),
        ("-x", {UNNAMED: -10}),
        ("(x)", {NAMED: 10}),
        ("rate((x[4s]))", {UNNAMED: pytest.approx(1)}),
        ("increase(x[4s])", {UNNAMED: pytest.approx(4)}),
        ("last_over_time(x[4s])", {NAMED: 10}),
        ("topk(2, x)", {NAMED: 10}),
        ("count(x)", {(): 1}),
    ],
)
def test_a_tree_has_a_value(text: str, expected: float | Vector) -> None:
    """A number or a vector, whatever kind of node it is."""
    assert value(text, series("x", line(1))) == expected


@pytest.mark.parametrize("text", ["rate(x[4s])", "max_over_time(x[4s])", "deriv(x[4s])"])
def test_a_range_looks_back_from_now(text: str) -> None:
    """And not at what comes after."""
    given = series("x", [*line(1)[:6], *[100.0] * 5])
    assert value(text, given, at_s=5.0) == value(text, series("x", line(1)[:6]), at_s=5.0)


def test_the_dialect_decides_what_is_in_a_range() -> None:
    """Until 3.0 also the sample at its start."""
    old = value("count_over_time(x[4s])", series("x", line(1)), dialect=Dialect.of("2.42.0"))
    assert old == {UNNAMED: 5}
    assert value("count_over_time(x[4s])", series("x", line(1))) == {UNNAMED: 4}


@pytest.mark.parametrize(
    "text",
    [
        'count_values("n", x / 3)',
        'count_values("not a name", x)',
        "hour(x / 0)",
        "x @ -5",
        "limitk(1, x)",
        "max_over_time(predict_linear(x[4s] @ 5, 60)[2s:1s])",
        "max_over_time(predict_linear(x[4s:1s] @ 5, 60)[2s:1s])",
        "stddev(x * Inf)",
        'x{a=~"(){4294967295}"}',
        'x{a=~"[[:alpha:]]+"}',
        'label_replace(x, "a", "b", "c", "(")',
        "x[5m]",
        '"text"',
        '{a="b"}',
    ],
)
def test_what_is_not_covered_is_said(text: str) -> None:
    """Never a value that might be wrong."""
    with pytest.raises(UnsupportedError, match="not evaluated"):
        value(text, series("x", line(1)))


def test_a_number_is_no_vector_and_a_vector_no_number() -> None:
    """The parser sees to it; who asks the engine without it is told."""
    asked = Engine(Samples(series={}, at_s=0.0, dialect=NEWEST))
    with pytest.raises(UnsupportedError, match="a number is given where a vector is required"):
        asked.vector(syntax.parse("1"))
    with pytest.raises(UnsupportedError, match="a vector is given where a number is required"):
        asked.number(syntax.parse("x"))


def test_an_instance_is_told_by_its_label() -> None:
    """Empty where there is none."""
    assert engine.instance_of(Series({"instance": "a"}, ())) == "a"
    assert engine.instance_of(Series({}, ())) == ""


@pytest.mark.parametrize(
    ("labels", "named", "expected"),
    [
        ({"b": "1", "a": "2", "__name__": "x"}, True, (("__name__", "x"), ("a", "2"), ("b", "1"))),
        ({"b": "1", "a": "", "__name__": "x"}, False, (("b", "1"),)),
    ],
)
def test_results_are_kept_by_labels(labels: Mapping[str, str], named: bool, expected: Labels) -> None:
    """Sorted; an empty label is none, and what has no value is not there."""
    chosen = Selected([Series(labels, ((1.0, 1.0),)), Series({"c": "3"}, ())], engine.instance_of)
    one, none = chosen.groups
    assert chosen.vector([(one, np.array([1.0])), (none, None)], named=named) == {expected: 1.0}
