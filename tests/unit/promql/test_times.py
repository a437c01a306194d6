"""When the parts of an expression are evaluated, on samples of which each tells its own second."""

import math

import pytest

from harness.core.query import Series
from harness.promql import NEWEST, Dialect, Engine, Samples, UnsupportedError, syntax, times
from tests.unit.promql.given import TIMES, line, series, value

OLD = Dialect.of("2.42.0")
NAMED, UNNAMED = (("__name__", "x"), ("instance", "a")), (("instance", "a"),)
SECONDS = series("x", line(1))
"""Its value is its time, from 0 to 10; everything is evaluated at 10."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x offset 3s", 7),
        ("x offset -3s", 10),
        ("x @ 4", 4),
        ("x @ 4 offset 1s", 3),
        ("x offset 1s @ 4", 3),
        ("x @ 4.5", 4),
        ("x @ start()", 10),
        ("x @ end() offset 2s", 8),
    ],
)
def test_a_selector_looks_where_it_says(text: str, expected: float) -> None:
    """The offset counts from the time of `@`, whichever is written first."""
    assert value(text, SECONDS) == {NAMED: expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_over_time(x[2s] offset 3s)", 7),
        ("min_over_time(x[2s] offset 3s)", 6),
        ("max_over_time(x[2s] @ 5)", 5),
        ("max_over_time(x[6s:2s])", 10),
        ("min_over_time(x[6s:2s])", 6),
        ("count_over_time(x[6s:2s])", 3),
        ("min_over_time(x[6s:4s] offset 1s)", 4),
        ("max_over_time(x[6s:4s] offset 1s)", 8),
        ("sum_over_time(x[6s:4s] @ 7)", 4),
        ("max_over_time((x offset 2s)[6s:2s] offset 1s)", 6),
        ("sum_over_time((x @ 3)[6s:2s])", 9),
        ("sum_over_time((x @ end())[6s:2s] offset 4s)", 30),
        ("max_over_time(min_over_time(x[2s:1s])[6s:2s])", 9),
        ("max_over_time(min_over_time(x[2s:1s] @ 5)[6s:2s])", 4),
        ("count_over_time(x[3m:])", 1),
    ],
)
def test_a_range_and_a_subquery_look_where_they_say(text: str, expected: float) -> None:
    """The steps are multiples of the step; what has `@` is the same in each of them."""
    assert value(text, SECONDS) == {UNNAMED: expected}


def test_the_steps_of_a_subquery_are_multiples_of_its_step() -> None:
    """Also before 1970; until 3.0 also the one at the start of the range."""
    assert times.steps(10.0, 4.0, 2.0, NEWEST) == [8.0, 10.0]
    assert times.steps(10.0, 4.0, 2.0, OLD) == [6.0, 8.0, 10.0]
    assert times.steps(10.5, 4.0, 2.0, NEWEST) == times.steps(10.5, 4.0, 2.0, OLD) == [8.0, 10.0]
    assert times.steps(1.0, 4.0, 2.0, OLD) == [-2.0, 0.0]
    assert times.steps(1.5, 0.4, 2.0, OLD) == []
    assert times.steps(0.007, 0.007, 0.002, NEWEST) == [0.002, 0.004, 0.006]


def test_too_many_steps_are_not_evaluated() -> None:
    """One subquery inside the other multiplies them; no step at all would be without end."""
    with pytest.raises(UnsupportedError, match=r"has 11,001 steps, of which 11,000 are evaluated"):
        times.steps(11_001.0, 11_001.0, 1.0, NEWEST)
    with pytest.raises(UnsupportedError, match=r"has 1,000 steps, of which 11 are evaluated"):
        value("max_over_time(max_over_time(x[1s:1ms])[1s:1ms])", SECONDS)
    with pytest.raises(UnsupportedError, match="below a millisecond"):
        times.steps(1.0, 1.0, 0.0, NEWEST)


def samples(*found: Series, **given: float | None) -> Samples:
    return Samples(series={"x": found}, at_s=TIMES[-1], dialect=NEWEST, **given)  # type: ignore[arg-type]


def test_the_default_step_is_the_servers() -> None:
    """Where that is not known nothing is computed."""
    tree = syntax.parse("count_over_time(x[6s:])")
    assert Engine(samples(SECONDS, step_s=2.0)).value(tree) == {UNNAMED: 3}
    with pytest.raises(UnsupportedError, match="evaluation_interval, which is not known"):
        Engine(samples(SECONDS, step_s=None)).value(tree)
    assert Engine(samples(SECONDS, step_s=None)).value(syntax.parse("count_over_time(x[6s:3s])")) == {UNNAMED: 2}


def test_what_lies_after_the_samples_is_not_evaluated() -> None:
    """It may have been scraped by the time at which Prometheus was asked."""
    asked = Engine(samples(SECONDS, until_s=10.0))
    for text in ("x offset -1s", "x @ 11", "rate(x[4s] offset -1ms)", "max_over_time(x[4s:1s] @ 10.001)"):
        with pytest.raises(UnsupportedError, match="past the end of the run"):
            asked.value(syntax.parse(text))
    assert asked.value(syntax.parse("x @ 10")) == {NAMED: 10}


def test_the_lookback_is_left_open_since_3() -> None:
    """As a range is."""
    old = series("x", [7.0])
    for dialect, expected in ((NEWEST, {}), (OLD, {NAMED: 7.0})):
        assert value("x", old, at_s=300.0, dialect=dialect, updates={}) == expected
        assert value("x", old, at_s=300.001, dialect=dialect, updates={}) == {}
        assert value("x", old, at_s=299.999, dialect=dialect, updates={}) == {NAMED: 7.0}


def test_a_series_that_ended_has_no_value_in_later_steps() -> None:
    """It is stale from the first scrape that did not have it."""
    ended = series("x", [*line(1)[:6], *[None] * 5])
    assert value("count_over_time(x[8s:1s])", ended) == {UNNAMED: 3}
    assert value("x offset 4s", ended) == {}
    assert value("x offset 5s", ended) == {NAMED: 5}


def test_two_series_of_one_name_are_refused() -> None:
    """As Prometheus does when a function of a range drops what told them apart."""
    with pytest.raises(UnsupportedError, match="two series of the result have the same labels"):
        value('max_over_time(label_replace({__name__="x",n="1"}, "n", "", "n", ".*")[2s:1s] ) or vector(1)', *twins())


def twins() -> tuple[Series, Series]:
    return series("x", line(1), n="1"), series("x", line(2), n="1", __name__="x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x offset 5m", (-300.0, -300.0)),
        ("rate(x[1m] offset -5m)", (240.0, 300.0)),
        ("x @ 400 offset 100s", (300.0, 300.0)),
        ("max_over_time(rate(x[1m] offset 10s)[5m:30s] offset 20s)", (-390.0, -30.0)),
        ("max_over_time(rate(x[1m] @ 400)[5m:30s] offset 20s)", (340.0, 400.0)),
        ("max_over_time(rate(x[1m] @ end())[5m:30s] offset 20s)", (-60.0, 0.0)),
        ("max_over_time(rate(x[1m] offset 10s)[5m:30s] @ 400)", (30.0, 390.0)),
    ],
)
def test_a_selection_knows_its_stretch(text: str, expected: tuple[float, float]) -> None:
    """From the time of the query, which is 0 here."""
    (selection,) = syntax.selections(syntax.parse(text))
    assert selection.stretch(0.0) == expected


def test_values_become_labels() -> None:
    """As Go writes them; `without` keeps the other labels, and the new one replaces one of its name."""
    given = [series("x", [number] * 11, n=str(n)) for n, number in enumerate((1.0, 1e22, 0.1, math.nan, -math.inf))]
    found = value('count_values("v", x)', *given)
    texts = ("1", "10000000000000000000000", "0.1", "NaN", "-Inf")
    assert found == {(("v", text),): 1 for text in texts}
    assert value('count_values("v", x * 0 + 2)', *given[:3]) == {(("v", "2"),): 3}
    kept = value('count_values without (instance) ("n", x)', *given[:1])
    assert kept == {(("n", "1"),): 1}
    assert value('count_values by (n) ("v", x)', *given[:1]) == {(("n", "0"), ("v", "1")): 1}
