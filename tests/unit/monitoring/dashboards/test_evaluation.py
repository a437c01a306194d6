"""Expressions evaluated on small sets of samples, under each correction alone."""

import math
from collections.abc import Sequence

import pytest

from harness.core.query import Series
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.instrumentation.django_prometheus.metrics import REQUESTS, RESPONSES_BY_STATUS, RESPONSES_BY_VIEW
from harness.monitoring.dashboards import evaluation
from harness.monitoring.dashboards.corrections import RIGHT, TRUE, Correction, Samples
from harness.promql import NEWEST, syntax
from harness.promql.vectors import UnsupportedError, Vector

SCRAPES = tuple(float(second) for second in range(11))
"""Eleven scrapes, one a second; everything is evaluated at the last."""
METRICS_VIEW = "prometheus-django-metrics"
TRAFFIC = DJANGO_PROMETHEUS.traffic


def series(name: str, values: Sequence[float | None], **labels: str) -> Series:
    """One value per scrape; None where the series was not there."""
    points = tuple((at, value) for at, value in zip(SCRAPES, values, strict=True) if value is not None)
    return Series({"__name__": name, "instance": "a", **labels}, points)


def value(text: str, *found: Series, corrections: frozenset[Correction] = frozenset(), shows: str = "") -> Vector:
    """What an expression gives at the last scrape; labels without the instance."""
    background = tuple(s for s in found if s.labels.get("view") == METRICS_VIEW)
    by_name: dict[str, list[Series]] = {}
    for each in found:
        by_name.setdefault(each.labels["__name__"], []).append(each)
    scrapes = {each.labels["instance"]: SCRAPES for each in found}
    samples = Samples(by_name, scrapes, background, frozenset({METRICS_VIEW}), SCRAPES[-1], NEWEST, traffic=TRAFFIC)
    tree = syntax.parse(text)
    answer = evaluation.evaluate(tree, samples, corrections, shows=frozenset(shows.split()), nudge=0.0)
    return answer if isinstance(answer, dict) else {(): answer}


def line(slope: float, start: float = 0.0) -> list[float]:
    """A counter that grows evenly."""
    return [start + slope * second for second in range(11)]


def test_without_corrections_rate_extrapolates() -> None:
    """Four samples in a range of four seconds, and the stretch before the first."""
    assert value("sum(rate(x[4s]))", series("x", line(3))) == {(): pytest.approx(3)}
    late = [100.0] * 8 + [101.0, 102.0, 103.0]
    assert value("sum(increase(x[4s]))", series("x", late)) == {(): pytest.approx(4)}
    assert value("sum(increase(x[4s]))", series("x", late), corrections=TRUE) == {(): pytest.approx(3)}


def test_a_series_that_appears_counts_from_zero() -> None:
    """Its first value is 2, which rate() leaves out; a series that was always there is not touched."""
    born: list[float | None] = [None] * 8 + [2.0, 2.0, 2.0]
    births = frozenset({Correction.BIRTHS})
    assert value("increase(x[10s])", series("x", born)) == {(("instance", "a"),): 0}
    corrected = value("increase(x[10s])", series("x", born), corrections=births)
    assert corrected == {(("instance", "a"),): pytest.approx(2)}
    assert value("increase(x[10s])", series("x", born), corrections=TRUE) == {(("instance", "a"),): pytest.approx(2)}
    steady = series("x", line(1, start=5))
    assert value("rate(x[10s])", steady, corrections=births) == value("rate(x[10s])", steady)


def test_scrapes_are_taken_out_of_counters_without_views() -> None:
    """By the view that the scrapes have; a series of that view is left out of sums, and kept where it is shown."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), view=METRICS_VIEW, status="200", method="GET")
    users = series(RESPONSES_BY_VIEW, line(4), view="work:fast", status="200", method="GET")
    every = (series(REQUESTS, line(5, start=1)), scrapes, users)
    found = frozenset({Correction.BACKGROUND})
    assert value(f"sum(rate({REQUESTS}[4s]))", *every) == {(): pytest.approx(5)}
    assert value(f"sum(rate({REQUESTS}[4s]))", *every, corrections=found) == {(): pytest.approx(4)}
    assert value(f"sum(rate({RESPONSES_BY_VIEW}[4s]))", *every, corrections=found) == {(): pytest.approx(4)}
    by_view = value(f"sum by (view) (rate({RESPONSES_BY_VIEW}[4s]))", *every, corrections=found, shows="view")
    assert by_view == {
        (("view", METRICS_VIEW),): pytest.approx(1),
        (("view", "work:fast"),): pytest.approx(4),
    }


def test_scrapes_are_taken_out_of_their_own_status() -> None:
    """They are answered with 200, so no other status is touched."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), view=METRICS_VIEW, status="200", method="GET")
    good, bad = (series(RESPONSES_BY_STATUS, line(slope), status=status) for slope, status in ((5, "200"), (2, "500")))
    shown = value(
        f"sum by (status) (rate({RESPONSES_BY_STATUS}[4s]))", scrapes, good, bad, corrections=RIGHT, shows="status"
    )
    assert shown == {(("status", "200"),): pytest.approx(4), (("status", "500"),): pytest.approx(2)}


def test_scrapes_in_a_metric_without_labels_cannot_be_told() -> None:
    """Better no value than a wrong one."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), view=METRICS_VIEW, status="200", method="GET")
    name = "django_http_requests_latency_including_middlewares_seconds_count"
    with pytest.raises(UnsupportedError, match="counts scrapes too"):
        value(f"sum(rate({name}[4s]))", scrapes, series(name, line(5)), corrections=RIGHT)
    assert value(f"sum(rate({name}[4s]))", series(name, line(5)), corrections=RIGHT) == {(): pytest.approx(5)}


def histogram(instance: str, **slopes: float) -> list[Series]:
    """Buckets of one instance, `le_0_1=3` for le="0.1"."""
    return [
        Series(
            {"__name__": "b", "instance": instance, "le": name.removeprefix("le_").replace("_", ".")},
            tuple(zip(SCRAPES, line(slope), strict=True)),
        )
        for name, slope in slopes.items()
    ]


def test_an_average_of_percentiles_becomes_the_percentile_of_all() -> None:
    """A busy fast replica and an idle slow one."""
    fast = histogram("a", le_0_1=99, le_1=99, le_10=99, **{"le_+Inf": 99})
    slow = histogram("b", le_0_1=0, le_1=0, le_10=1, **{"le_+Inf": 1})
    text = "avg(histogram_quantile(0.5, sum by (le, instance) (rate(b[4s]))))"
    assert value(text, *fast, *slow) == {(): pytest.approx((0.05 + 5.5) / 2, rel=0.02)}
    right = value("histogram_quantile(0.5, sum by (le) (rate(b[4s])))", *fast, *slow)
    assert value(text, *fast, *slow, corrections=RIGHT) == right
    kept = "avg by (instance) (histogram_quantile(0.5, sum by (le, instance) (rate(b[4s]))))"
    assert value(kept, *fast, *slow, corrections=RIGHT) == value(kept, *fast, *slow)
    worst = "max(histogram_quantile(0.5, sum by (le, instance) (rate(b[4s]))))"
    assert value(worst, *fast, *slow, corrections=RIGHT) == value(worst, *fast, *slow)


def test_a_filter_of_buckets_is_left_out() -> None:
    """django-mixin's `rate(bucket) > 0` reads 0.375 for a true 0.625."""
    buckets = histogram("a", **{"le_0_25": 0, "le_0_5": 0, "le_0_75": 2, "le_1": 4, "le_+Inf": 4})
    filtered = "histogram_quantile(0.25, sum by (le) (rate(b[4s]) > 0))"
    assert value(filtered, *buckets) == {(): pytest.approx(0.375)}
    assert value(filtered, *buckets, corrections=RIGHT) == {(): pytest.approx(0.625)}
    outside = "histogram_quantile(0.25, sum by (le) (rate(b[4s]))) > 1"
    assert value(outside, *buckets, corrections=RIGHT) == {}
    for written in (
        "0 < sum by (le) (rate(b[4s]))",
        "rate(b[4s]) and (rate(b[4s]) > 0)",
        "rate(b[4s]) unless rate(b[4s]) == 0",
    ):
        text = f"sum(histogram_quantile(0.25, {written}))"
        assert value(text, *buckets) == {(): pytest.approx(0.375)}
        assert value(text, *buckets, corrections=RIGHT) == {(): pytest.approx(0.625)}


def test_a_filter_of_whole_histograms_stays() -> None:
    """It takes out series, not buckets; and percentiles that are compared are counted, not averaged."""
    busy = histogram("a", **{"le_0_1": 8, "le_1": 10, "le_+Inf": 10})
    idle = histogram("b", **{"le_0_1": 0, "le_1": 1, "le_+Inf": 1})
    chosen = 'histogram_quantile(0.5, rate(b[4s]) and on (instance) (rate(b{le="+Inf"}[4s]) > 5))'
    assert value(chosen, *busy, *idle, corrections=RIGHT) == value(chosen, *busy, *idle)
    assert list(value(chosen, *busy, *idle)) == [(("instance", "a"),)]
    counted = "sum(histogram_quantile(0.5, rate(b[4s])) > bool 0.5)"
    assert value(counted, *busy, *idle, corrections=RIGHT) == value(counted, *busy, *idle) == {(): 1}


def test_a_histogram_of_an_instant_has_no_name() -> None:
    """And what is no quantile is not made one; a bound that is no number is passed over."""
    buckets = histogram("a", **{"le_1": 1, "le_many": 7, "le_+Inf": 1})
    assert value("histogram_quantile(0.5, b)", *buckets) == {(("instance", "a"),): pytest.approx(0.5)}
    assert value("histogram_quantile(95, b)", *buckets) == {(("instance", "a"),): math.inf}
    assert value("histogram_quantile(-1, b)", *buckets) == {(("instance", "a"),): -math.inf}
    assert syntax.quantiles(syntax.parse("histogram_quantile((95), b) + histogram_quantile(0.5, b)")) == [
        95,
        0.5,
    ]


def test_a_panel_of_scrapes_shows_scrapes() -> None:
    """Where it selects nothing else."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), view=METRICS_VIEW)
    users = series(RESPONSES_BY_VIEW, line(4), view="work:fast")
    for matcher, expected in (
        ('view="prometheus-django-metrics"', {(): 1}),
        ('view=~"prom.*"', {(): 1}),
        ('view=~".+"', {(): 4}),
    ):
        text = f"sum(rate({RESPONSES_BY_VIEW}{{{matcher}}}[4s]))"
        assert value(text, scrapes, users, corrections=RIGHT) == pytest.approx(expected)


def test_a_rate_of_a_sum_becomes_the_sum_of_rates() -> None:
    """One of two counters begins again at 0."""
    steady = series("x", line(10, start=1000))
    restarted = Series(
        {"__name__": "x", "instance": "b"}, tuple(zip(SCRAPES, [*range(50, 56), *range(5)], strict=True))
    )
    text = "rate(sum(x)[10s:1s])"
    with pytest.raises(UnsupportedError, match="subquery"):
        value(text, steady, restarted)
    assert value(text, steady, restarted, corrections=RIGHT) == value("sum(rate(x[10s]))", steady, restarted)


def test_the_newest_two_samples_give_irate() -> None:
    """Also after a reset."""
    assert value("sum(irate(x[4s]))", series("x", [0.0] * 9 + [2.0, 7.0])) == {(): 5}
    assert value("sum(irate(x[4s]))", series("x", [9.0] * 10 + [3.0])) == {(): 3}
    assert value("irate(x[4s])", series("x", [None] * 10 + [3.0])) == {}


def test_a_series_that_ended_has_no_value_now() -> None:
    """The instance was scraped since, and did not have it any more."""
    ended: list[float | None] = [1.0] * 8 + [None] * 3
    assert value("x", series("x", ended)) == {}
    assert value("x", series("x", line(1))) == {(("__name__", "x"), ("instance", "a")): 10}


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
    assert value(text, series("x", line(1))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x offset 5s",
        "x @ 5",
        "rate(x[4s] offset 1s)",
        'count_values("n", x)',
        "predict_linear(x[4s], 60)",
        "rate(x[4s:1s])",
        "x atan2 2",
        "max_over_time(x[4s:1s])",
        'x{a=~"(){4294967295}"}',
        'x{a=~"[[:alpha:]]+"}',
    ],
)
def test_what_is_not_covered_is_said(text: str) -> None:
    """Never a value that might be wrong."""
    with pytest.raises(UnsupportedError, match="not evaluated"):
        value(text, series("x", line(1)), corrections=TRUE)


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
    found = value(text, *given)
    assert {dict(labels)["instance"]: number for labels, number in found.items()} == expected


def test_which_of_equal_values_is_taken_is_not_guessed() -> None:
    """Prometheus takes the one that it met first."""
    given = [series("x", line(1), instance=name) for name in ("a", "b")]
    with pytest.raises(UnsupportedError, match="equal values"):
        value("topk(1, x)", *given)


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
        ("time()", SCRAPES[-1]),
        ("sum(clamp(x, 12, 15))", 27.0),
    ],
)
def test_further_operators(text: str, expected: float) -> None:
    """Of one series at 10 and one at 20."""
    found = value(text, series("x", line(1), instance="a"), series("x", line(2), instance="b"))
    assert found == {(): pytest.approx(expected, nan_ok=True)}


def test_many_are_matched_with_one() -> None:
    """The many keep their labels, and take over those that are named."""
    many = [series("x", line(slope), view=view) for slope, view in ((1, "p"), (3, "q"))]
    one = series("y", line(2), version="7", view="all")
    left = value("x * on (instance) group_left (version) y", *many, one)
    assert {tuple(v for _, v in labels): number for labels, number in left.items()} == {
        ("a", "7", "p"): 200,
        ("a", "7", "q"): 600,
    }
    assert value("y * on (instance) group_right (version) x", *many, one) == left
    with pytest.raises(UnsupportedError, match="many-to-many"):
        value("y * on (instance) group_left x", *many, one)


HIDING = f'sum(rate({RESPONSES_BY_VIEW}{{view!~"<unnamed view>|{METRICS_VIEW}"}}[4s]))'


def test_the_unnamed_view_is_let_through_where_views_are_added_up() -> None:
    """Not where they are shown one by one, and not where a selector picks views by name."""
    views = ("work:fast", "<unnamed view>", METRICS_VIEW)
    given = [series(RESPONSES_BY_VIEW, line(slope), view=view) for slope, view in zip((4, 2, 1), views, strict=True)]
    assert value(HIDING, *given) == {(): pytest.approx(4)}
    assert value(HIDING, *given, corrections=RIGHT) == {(): pytest.approx(6)}
    by_view = HIDING.replace("sum(", "sum by (view) (")
    assert value(by_view, *given, corrections=RIGHT, shows="view") == {(("view", "work:fast"),): pytest.approx(4)}
    picked = f'sum(rate({RESPONSES_BY_VIEW}{{view=~"work:.*"}}[4s]))'
    assert value(picked, *given, corrections=RIGHT) == {(): pytest.approx(4)}


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (HIDING, {Correction.UNNAMED}),
        (f'sum(rate({RESPONSES_BY_VIEW}{{view!="{METRICS_VIEW}"}}[4s]))', set()),
        ("histogram_quantile(0.5, sum by (le) (rate(h_bucket[4s]) > -1))", {Correction.FILTERS}),
        ("histogram_quantile(0.5, sum by (le) (rate(h_bucket[4s])))", set()),
        ("avg(histogram_quantile(0.5, rate(h_bucket[4s])))", {Correction.AVERAGES}),
        ("avg(histogram_quantile(0.5, sum by (le) (rate(h_bucket[4s]))))", set()),
        ("rate(sum(x)[4s:1s])", {Correction.RESETS}),
    ],
)
def test_mistakes_are_seen_by_their_form(text: str, mistakes: set[Correction]) -> None:
    """Also where they make no difference to the value."""
    buckets = [series("h_bucket", line(1), le=le, view=view) for le in ("1", "+Inf") for view in ("p", "q")]
    every = [*buckets, series("x", line(1)), series(RESPONSES_BY_VIEW, line(1), view="p")]
    by_name: dict[str, list[Series]] = {}
    for each in every:
        by_name.setdefault(each.labels["__name__"], []).append(each)
    samples = Samples(by_name, {"a": SCRAPES}, (), frozenset({METRICS_VIEW}), SCRAPES[-1], NEWEST, traffic=TRAFFIC)
    assert evaluation.mistakes(syntax.parse(text), samples, shows=frozenset()) == mistakes


def test_an_added_label_shares_the_background_out_or_says_that_it_cannot() -> None:
    """Scrapes leave the series that has their own value of the label; where they have none, nothing tells which."""
    tenants = [series(REQUESTS, line(slope), tenant=name) for slope, name in ((3, "a"), (1, "b"))]
    scraped = series(RESPONSES_BY_VIEW, line(1), view=METRICS_VIEW, status="200", method="GET")
    labelled = Series({**scraped.labels, "tenant": "b"}, scraped.points)
    right = value(f"sum(rate({REQUESTS}[4s]))", *tenants, labelled, corrections=RIGHT)
    assert right == {(): pytest.approx(3)}
    with pytest.raises(UnsupportedError, match="nothing tells in which of its series"):
        value(f"sum(rate({REQUESTS}[4s]))", *tenants, scraped, corrections=RIGHT)
    alone = value(f"sum(rate({REQUESTS}[4s]))", tenants[0], scraped, corrections=RIGHT)
    assert alone == {(): pytest.approx(2)}
