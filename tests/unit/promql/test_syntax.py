"""Expressions as trees: what they select, by what they group, and what is no expression."""

from typing import Any

import pytest

from harness.promql import syntax
from harness.promql.functions import Kind
from harness.promql.vectors import UnsupportedError


def test_selectors_and_grouping_of_a_tree() -> None:
    """Through every kind of node."""
    tree = syntax.parse(
        'sum by (le) (rate(a{b="c"}[5m])) / on (d) -(e or vector(1)) + rate(sum without (f) (g)[1h:1m])'
    )
    found = {(s.metric, s.labels, s.range_s) for s in syntax.selections(tree)}
    assert found == {("a", ("b",), 300.0), ("e", (), None), ("g", (), 3600.0)}
    assert syntax.grouping(tree) == {"le", "d"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(a[4s])", (4.0, 4.0)),
        ("rate((a[4s]))", (4.0, 4.0)),
        ("max_over_time(a[4s])", (4.0, None)),
        ("max_over_time(rate(a[4s])[1m:5s])", (64.0, 4.0)),
        ("rate(sum(a)[1m:5s])", (60.0, 60.0)),
        ("a", (None, None)),
    ],
)
def test_how_far_a_selector_looks(text: str, expected: tuple[float | None, float | None]) -> None:
    """In all, and for the function that needs two samples of it."""
    (selection,) = syntax.selections(syntax.parse(text))
    assert (selection.range_s, selection.rate_s) == expected


def test_a_pattern_is_read_as_re2_reads_it() -> None:
    """The whole value, any character for a dot, digits of ASCII alone."""
    (selection,) = syntax.selections(syntax.parse(r'a{b=~"x.\\d",c!~"y"}'))
    assert selection.matches({"b": "x\n1"})
    assert not selection.matches({"b": "x\n1 "})
    assert not selection.matches({"b": "x-\u0661"})
    assert not selection.matches({"b": "x-1", "c": "y"})
    assert [str(matcher) for matcher in selection.matchers] == [r'b=~"x.\\d"', 'c!~"y"']


@pytest.mark.parametrize(
    "text",
    ["", "sum(", "rate(x)", 'x{a=~"("}', "x[5m", "x offset Inf", "(" * 2000 + "x" + ")" * 2000, "x" + "+x" * 2000],
    ids=lambda text: str(text)[:12],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    """With one line that says why."""
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        syntax.parse(text)


def test_a_tree_may_be_a_hundred_deep() -> None:
    """Not more."""
    assert syntax.parse("(" * 99 + "x" + ")" * 99) is not None
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        syntax.parse("(" * 100 + "x" + ")" * 100)


def test_a_selector_is_its_metric_and_its_matchers() -> None:
    """Also where the metric is named by a matcher; one without a name or with `or` is not evaluated."""
    (named,) = syntax.selections(syntax.parse('{__name__="a",b!="c",d="",e=~"f|"}'))
    assert (named.metric, [str(each) for each in named.matchers]) == ("a", ['b!="c"', 'd=""', 'e=~"f|"'])
    assert named.labels == ()
    (some,) = syntax.selections(syntax.parse('{b!="",c=~".+",__name__="a",__name__=~"b.*"}'))
    assert some.labels == ("b", "c", "__name__")
    assert [matcher.label for matcher in some.matchers] == ["b", "c", "__name__"]
    for text, why in (('{b="c"}', "without the name"), ('a{b="c" or d="e"}', "`or`")):
        with pytest.raises(UnsupportedError, match=why):
            list(syntax.selections(syntax.parse(text)))


@pytest.mark.parametrize(
    ("matcher", "accepted", "refused"),
    [
        ('a{b="c"}', "c", "d"),
        ('a{b!="c"}', "d", "c"),
        ('a{b="c.d"}', "c.d", "cxd"),
        ('a{b!="c.d"}', "cxd", "c.d"),
        ('a{b=~"c.*"}', "cd", "dc"),
        ('a{b!~"c.*"}', "dc", "cd"),
    ],
)
def test_a_matcher_accepts_values(matcher: str, accepted: str, refused: str) -> None:
    """A label that a series has not is one that is empty."""
    (selection,) = syntax.selections(syntax.parse(matcher))
    assert selection.matches({"b": accepted})
    assert not selection.matches({"b": refused})
    assert selection.matches({}) is selection.matchers[0].accepts("")


@pytest.mark.parametrize("pattern", ["[[:alpha:]]", "(){4294967295}"])
def test_a_pattern_that_python_reads_otherwise_is_not_evaluated(pattern: str) -> None:
    """POSIX classes, and what Python cannot compile."""
    for operator in ("=~", "!~"):
        with pytest.raises(UnsupportedError, match="the pattern"):
            list(syntax.selections(syntax.parse(f'a{{b{operator}"{pattern}"}}')))
    (plain,) = syntax.selections(syntax.parse('a{b="[[:alpha:]]"}'))
    assert plain.matches({"b": "[[:alpha:]]"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a{b="c",d!="e",f=~"g"}', {"b": "c"}),
        ('a{b="c",b="d"}', {}),
        ('((a{b="c"}))', {"b": "c"}),
        ("sum(a)", {}),
    ],
)
def test_the_labels_that_a_selector_asks_to_equal(text: str, expected: dict[str, str]) -> None:
    """Of a selector alone, and only where it asks once."""
    assert syntax.equal_labels(syntax.parse(text)) == expected


def test_the_labels_of_a_range_are_those_of_its_selector() -> None:
    """As `absent_over_time` would ask."""
    call: Any = syntax.parse('rate(a{b="c"}[5m])')
    assert syntax.equal_labels(call.args[0]) == {"b": "c"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum by (a) (x)", {"a"}),
        ("sum without (a) (x)", set()),
        ("sum(x)", set()),
        ("x * on (a) sum by (b) (y)", {"a", "b"}),
        ("x * ignoring (a) y", set()),
        ("x * y", set()),
        ("x > bool on (a) y", {"a"}),
        ('sum by (a) (label_replace(x, "a", "$1", "b", "(.*)"))', set()),
        ('sum by (a) (label_join(x, "a", "-", "b"))', set()),
        ("sum by (a) (abs(x))", {"a"}),
        ("sum by (a) (predict_linear(x[5m], 60))", {"a"}),
    ],
)
def test_the_labels_that_a_tree_keeps(text: str, expected: set[str]) -> None:
    """None where it makes labels of its own."""
    assert syntax.grouping(syntax.parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(x[5m])", 300.0),
        ("increase(x[1m])", 60.0),
        ("irate(x[1m])", 60.0),
        ("delta(x[1m])", 60.0),
        ("idelta(x[1m])", 60.0),
        ("deriv(x[1m])", 60.0),
        ("resets(x[1m])", None),
        ("predict_linear(x[5m], 60)", 300.0),
        ("abs(x)", None),
        ("rate(rate(x[1m])[5m:1m])", 60.0),
    ],
)
def test_the_range_that_wants_two_samples(text: str, expected: float | None) -> None:
    """By what the registry says that a function needs; the innermost decides."""
    (selection,) = syntax.selections(syntax.parse(text))
    assert selection.rate_s == expected


def test_subqueries_add_their_ranges() -> None:
    """The selector looks as far back as all of them together."""
    (selection,) = syntax.selections(syntax.parse("max_over_time(x[1m:5s])"))
    assert selection.range_s == 60.0


@pytest.mark.parametrize(
    ("text", "aggregate", "quantile_or_subquery", "filters"),
    [
        ("x", False, False, False),
        ("-sum(x)", True, False, False),
        ("(x) > 1", False, False, True),
        ("x > bool 1", False, False, False),
        ("x + 1", False, False, False),
        ("abs(histogram_quantile(0.5, x))", False, True, False),
        ("max_over_time(x[1m:5s])", False, True, False),
        ("abs(x > 1)", False, False, True),
    ],
)
def test_what_a_tree_holds(text: str, aggregate: bool, quantile_or_subquery: bool, filters: bool) -> None:
    """Somewhere in it."""
    tree = syntax.parse(text)
    assert syntax.has_aggregate(tree) is aggregate
    assert syntax.has_quantile_or_subquery(tree) is quantile_or_subquery
    assert syntax.has_filter(tree) is filters


@pytest.mark.parametrize(
    ("text", "operator", "number"),
    [("x > 1", ">", 1.0), ("(sum(x) <= (2))", "<=", 2.0)],
)
def test_a_filter_by_a_number_is_told(text: str, operator: str, number: float) -> None:
    """With what it compares."""
    found = syntax.comparison(syntax.parse(text))
    assert found is not None
    assert found[1:] == (operator, number)


@pytest.mark.parametrize("text", ["x", "x > bool 1", "x > y", "1 < x", "x + 1"])
def test_what_is_no_filter_by_a_number_is_none(text: str) -> None:
    """Also where the number stands to the left."""
    assert syntax.comparison(syntax.parse(text)) is None


def test_durations_of_a_tree() -> None:
    """Ranges, steps and offsets, these without their sign."""
    tree = syntax.parse("rate(x[5m] offset -1m) + max_over_time(y[1h:10s])")
    assert sorted(syntax.durations(tree)) == [10.0, 60.0, 300.0, 3600.0]


def test_quantiles_that_are_computed_are_not_told() -> None:
    """Only numbers are."""
    assert syntax.quantiles(syntax.parse("histogram_quantile(scalar(x), y)")) == []
    assert syntax.quantiles(syntax.parse("quantile(0.9, x)")) == []
    assert syntax.quantiles(syntax.parse("sum(abs(histogram_quantile(0.9, y)))")) == [0.9]


def test_what_a_parameter_selects_is_selected_too() -> None:
    """As any other argument of an aggregation."""
    found = syntax.selections(syntax.parse("topk(scalar(y), x)"))
    assert {selection.metric for selection in found} == {"x", "y"}


def test_a_text_is_written_out() -> None:
    """In parentheses too; what is none is refused."""
    call: Any = syntax.parse('label_replace(x, ("a"), "b", "c", "d")')
    assert syntax.text(call.args[1]) == "a"
    with pytest.raises(UnsupportedError, match="computed"):
        syntax.text(call.args[0])


def test_arguments_have_kinds() -> None:
    """Those of functions that are evaluated; the last kind holds for all that follow."""
    kinds = [kind for kind, _ in syntax.arguments(syntax.parse('label_join(x, "a", "b", "c")'))]
    assert kinds == [Kind.VECTOR, Kind.TEXT, Kind.TEXT, Kind.TEXT]
    assert syntax.arguments(syntax.parse("histogram_count(x)")) == []
    assert syntax.arguments(syntax.parse("x")) == []
    assert syntax.arguments(syntax.parse("time()")) == []


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["up"] * 5001),
        " or ".join(["up"] * 5001),
        "(" * 5000 + "up" + ")" * 5000,
        "-" * 5000 + "up",
        "abs(" * 3000 + "up" + ")" * 3000,
        "up" + "[5m:1m]" * 2000,
        'up{a="' + "x" * 30_000 + '"}',
    ],
)
def test_what_the_parsers_stack_may_not_hold_is_refused_before(text: str) -> None:
    """The parser would end the process."""
    with pytest.raises(ValueError, match=r"it (is longer|has more) than"):
        syntax.parse(text)


def test_brackets_in_texts_and_comments_are_no_levels() -> None:
    """A long pattern is as good as a short one."""
    assert next(iter(syntax.selections(syntax.parse('up{a="' + "(+" * 900 + '"} # ' + "(" * 900)))).metric == "up"


@pytest.mark.parametrize(
    "text", ["up offset 0s", "up OFFSET -0ms", "up offset 0h0m", 'up{a="b"} offset  0s # offset 0s']
)
def test_an_offset_of_nothing_may_have_a_unit(text: str) -> None:
    """As in Prometheus; what stands in texts is not touched."""
    (found,) = syntax.selections(syntax.parse(text))
    assert found.offset_s == 0
    (quoted,) = syntax.selections(syntax.parse('up{a="x offset 0s"} offset 10s'))
    assert (quoted.matchers[0].value, quoted.offset_s) == ("x offset 0s", 10)
