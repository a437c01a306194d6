"""Expressions evaluated on small sets of samples, under each correction alone.

The names of the metrics, of the label for views and of the unnamed view are made up: none is built in.
"""

from collections.abc import Sequence

import pytest

from harness.core.query import Series
from harness.instrumentation.roles import Traffic
from harness.monitoring.dashboards import corrections
from harness.monitoring.dashboards.corrections import RIGHT, TRUE, Correction
from harness.monitoring.dashboards.panel_samples import PanelSamples, exact_increases, hides_unnamed
from harness.promql import NEWEST, Point, UnsupportedError, Value, Vector, syntax
from harness.promql.selected import Memo, Selected
from tests.unit.promql.given import TIMES, line, series, vector

METRICS_VIEW = "prometheus-django-metrics"
UNNAMED = "no view"
REQUESTS, RESPONSES_BY_STATUS, RESPONSES_BY_VIEW = (
    "requests_total",
    "responses_by_status_total",
    "responses_by_view_total",
)
TRAFFIC = Traffic(
    view="route",
    unrouted=UNNAMED,
    mixed={REQUESTS: (), RESPONSES_BY_STATUS: ("status",)},
    inseparable=frozenset({"latency_seconds_count"}),
)


def samples(*found: Series, memo: Memo | None = None, at_s: float = TIMES[-1]) -> PanelSamples:
    """Scraped at all times; everything of the view of scrapes is background."""
    by_name: dict[str, list[Series]] = {}
    for each in found:
        by_name.setdefault(each.labels["__name__"], []).append(each)
    return PanelSamples(
        series=by_name,
        at_s=at_s,
        dialect=NEWEST,
        updates={each.labels["instance"]: TIMES for each in found},
        scraped={each.labels["instance"]: TIMES for each in found},
        traffic=TRAFFIC,
        background=tuple(each for each in found if each.labels.get("route") == METRICS_VIEW),
        background_views=frozenset({METRICS_VIEW}),
        memo=memo or Memo(),
    )


def value(text: str, *found: Series, applied: frozenset[Correction] = frozenset(), shows: str = "") -> Vector:
    """What an expression gives at the last scrape."""
    tree, shown = syntax.parse(text), frozenset(shows.split())
    answer = corrections.evaluate(tree, samples(*found), applied, shows=shown, nudge=0.0)
    return answer if isinstance(answer, dict) else {(): answer}


def test_without_corrections_rate_extrapolates() -> None:
    """Four samples in a range of four seconds, and the stretch before the first."""
    assert value("sum(rate(x[4s]))", series("x", line(3))) == {(): pytest.approx(3)}
    late = [100.0] * 8 + [101.0, 102.0, 103.0]
    assert value("sum(increase(x[4s]))", series("x", late)) == {(): pytest.approx(4)}
    assert value("sum(increase(x[4s]))", series("x", late), applied=TRUE) == {(): pytest.approx(3)}


def test_a_series_that_appears_counts_from_zero() -> None:
    """Its first value is 2, which rate() leaves out; a series that was always there is not touched."""
    born: list[float | None] = [None] * 8 + [2.0, 2.0, 2.0]
    first_values = frozenset({Correction.FIRST_VALUES})
    assert value("increase(x[10s])", series("x", born)) == {(("instance", "a"),): 0}
    corrected = value("increase(x[10s])", series("x", born), applied=first_values)
    assert corrected == {(("instance", "a"),): pytest.approx(2)}
    assert value("increase(x[10s])", series("x", born), applied=TRUE) == {(("instance", "a"),): pytest.approx(2)}
    steady = series("x", line(1, start=5))
    assert value("rate(x[10s])", steady, applied=first_values) == value("rate(x[10s])", steady)


def test_scrapes_are_taken_out_of_counters_without_views() -> None:
    """By the view that the scrapes have; a series of that view is left out of sums, and kept where it is shown."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), route=METRICS_VIEW, status="200", method="GET")
    users = series(RESPONSES_BY_VIEW, line(4), route="work:fast", status="200", method="GET")
    every = (series(REQUESTS, line(5, start=1)), scrapes, users)
    found = frozenset({Correction.BACKGROUND})
    assert value(f"sum(rate({REQUESTS}[4s]))", *every) == {(): pytest.approx(5)}
    assert value(f"sum(rate({REQUESTS}[4s]))", *every, applied=found) == {(): pytest.approx(4)}
    assert value(f"sum(rate({RESPONSES_BY_VIEW}[4s]))", *every, applied=found) == {(): pytest.approx(4)}
    by_view = value(f"sum by (route) (rate({RESPONSES_BY_VIEW}[4s]))", *every, applied=found, shows="route")
    assert by_view == {
        (("route", METRICS_VIEW),): pytest.approx(1),
        (("route", "work:fast"),): pytest.approx(4),
    }


def test_scrapes_are_taken_out_of_their_own_status() -> None:
    """They are answered with 200, so no other status is touched."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), route=METRICS_VIEW, status="200", method="GET")
    good, bad = (series(RESPONSES_BY_STATUS, line(slope), status=status) for slope, status in ((5, "200"), (2, "500")))
    shown = value(
        f"sum by (status) (rate({RESPONSES_BY_STATUS}[4s]))", scrapes, good, bad, applied=RIGHT, shows="status"
    )
    assert shown == {(("status", "200"),): pytest.approx(4), (("status", "500"),): pytest.approx(2)}


def test_an_added_label_shares_the_background_out_or_says_that_it_cannot() -> None:
    """Scrapes leave the series that has their own value of the label; where they have none, nothing tells which."""
    tenants = [series(REQUESTS, line(slope), tenant=name) for slope, name in ((3, "a"), (1, "b"))]
    scraped = series(RESPONSES_BY_VIEW, line(1), route=METRICS_VIEW, status="200", method="GET")
    labelled = Series({**scraped.labels, "tenant": "b"}, scraped.points)
    right = value(f"sum(rate({REQUESTS}[4s]))", *tenants, labelled, applied=RIGHT)
    assert right == {(): pytest.approx(3)}
    with pytest.raises(UnsupportedError, match="not known in which of its series"):
        value(f"sum(rate({REQUESTS}[4s]))", *tenants, scraped, applied=RIGHT)
    alone = value(f"sum(rate({REQUESTS}[4s]))", tenants[0], scraped, applied=RIGHT)
    assert alone == {(): pytest.approx(2)}


def test_scrapes_in_a_metric_without_labels_cannot_be_told() -> None:
    """Better no value than a wrong one."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), route=METRICS_VIEW, status="200", method="GET")
    name = "latency_seconds_count"
    with pytest.raises(UnsupportedError, match="counts scrapes too"):
        value(f"sum(rate({name}[4s]))", scrapes, series(name, line(5)), applied=RIGHT)
    assert value(f"sum(rate({name}[4s]))", series(name, line(5)), applied=RIGHT) == {(): pytest.approx(5)}


def histogram(instance: str, **slopes: float) -> list[Series]:
    """Buckets of one instance, `le_0_1=3` for le="0.1"."""
    return [
        Series(
            {"__name__": "b", "instance": instance, "le": name.removeprefix("le_").replace("_", ".")},
            tuple(zip(TIMES, line(slope), strict=True)),
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
    assert value(text, *fast, *slow, applied=RIGHT) == right
    kept = "avg by (instance) (histogram_quantile(0.5, sum by (le, instance) (rate(b[4s]))))"
    assert value(kept, *fast, *slow, applied=RIGHT) == value(kept, *fast, *slow)
    worst = "max(histogram_quantile(0.5, sum by (le, instance) (rate(b[4s]))))"
    assert value(worst, *fast, *slow, applied=RIGHT) == value(worst, *fast, *slow)


def test_a_filter_of_buckets_is_left_out() -> None:
    """django-mixin's `rate(bucket) > 0` reads 0.375 for a true 0.625."""
    buckets = histogram("a", **{"le_0_25": 0, "le_0_5": 0, "le_0_75": 2, "le_1": 4, "le_+Inf": 4})
    filtered = "histogram_quantile(0.25, sum by (le) (rate(b[4s]) > 0))"
    assert value(filtered, *buckets) == {(): pytest.approx(0.375)}
    assert value(filtered, *buckets, applied=RIGHT) == {(): pytest.approx(0.625)}
    outside = "histogram_quantile(0.25, sum by (le) (rate(b[4s]))) > 1"
    assert value(outside, *buckets, applied=RIGHT) == {}
    for written in (
        "0 < sum by (le) (rate(b[4s]))",
        "rate(b[4s]) and (rate(b[4s]) > 0)",
        "rate(b[4s]) unless rate(b[4s]) == 0",
    ):
        text = f"sum(histogram_quantile(0.25, {written}))"
        assert value(text, *buckets) == {(): pytest.approx(0.375)}
        assert value(text, *buckets, applied=RIGHT) == {(): pytest.approx(0.625)}


def test_a_filter_of_whole_histograms_stays() -> None:
    """It takes out series, not buckets; and percentiles that are compared are counted, not averaged."""
    busy = histogram("a", **{"le_0_1": 8, "le_1": 10, "le_+Inf": 10})
    idle = histogram("b", **{"le_0_1": 0, "le_1": 1, "le_+Inf": 1})
    chosen = 'histogram_quantile(0.5, rate(b[4s]) and on (instance) (rate(b{le="+Inf"}[4s]) > 5))'
    assert value(chosen, *busy, *idle, applied=RIGHT) == value(chosen, *busy, *idle)
    assert list(value(chosen, *busy, *idle)) == [(("instance", "a"),)]
    counted = "sum(histogram_quantile(0.5, rate(b[4s])) > bool 0.5)"
    assert value(counted, *busy, *idle, applied=RIGHT) == value(counted, *busy, *idle) == {(): 1}


def test_a_panel_of_scrapes_shows_scrapes() -> None:
    """Where it selects nothing else."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), route=METRICS_VIEW)
    users = series(RESPONSES_BY_VIEW, line(4), route="work:fast")
    for matcher, expected in (
        ('route="prometheus-django-metrics"', {(): 1}),
        ('route=~"prom.*"', {(): 1}),
        ('route=~".+"', {(): 4}),
        ('route=~"prom.*|work:.*"', {(): 4}),
    ):
        text = f"sum(rate({RESPONSES_BY_VIEW}{{{matcher}}}[4s]))"
        assert value(text, scrapes, users, applied=RIGHT) == pytest.approx(expected)


def test_a_rate_of_a_sum_becomes_the_sum_of_rates() -> None:
    """One of two counters begins again at 0."""
    steady = series("x", line(10, start=1000))
    restarted = Series({"__name__": "x", "instance": "b"}, tuple(zip(TIMES, [*range(50, 56), *range(5)], strict=True)))
    text = "rate(sum(x)[10s:1s])"
    assert value(text, steady, restarted) == {(): pytest.approx(99 * 10 / 9 + 1054 / 9, rel=1)}
    assert value(text, steady, restarted) != value(text, steady, restarted, applied=RIGHT)
    assert value(text, steady, restarted, applied=RIGHT) == value("sum(rate(x[10s]))", steady, restarted)


HIDING = f'sum(rate({RESPONSES_BY_VIEW}{{route!~"{UNNAMED}|{METRICS_VIEW}"}}[4s]))'


def test_the_unnamed_view_is_let_through_where_views_are_added_up() -> None:
    """Not where they are shown one by one, and not where a selector picks views by name."""
    views = ("work:fast", UNNAMED, METRICS_VIEW)
    given = [series(RESPONSES_BY_VIEW, line(slope), route=view) for slope, view in zip((4, 2, 1), views, strict=True)]
    assert value(HIDING, *given) == {(): pytest.approx(4)}
    assert value(HIDING, *given, applied=RIGHT) == {(): pytest.approx(6)}
    by_view = HIDING.replace("sum(", "sum by (route) (")
    assert value(by_view, *given, applied=RIGHT, shows="route") == {(("route", "work:fast"),): pytest.approx(4)}
    picked = f'sum(rate({RESPONSES_BY_VIEW}{{route=~"work:.*"}}[4s]))'
    assert value(picked, *given, applied=RIGHT) == {(): pytest.approx(4)}


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (HIDING, {Correction.UNNAMED}),
        (f'sum(rate({RESPONSES_BY_VIEW}{{route!="{METRICS_VIEW}"}}[4s]))', set()),
        ("histogram_quantile(0.5, sum by (le) (rate(h_bucket[4s]) > -1))", {Correction.FILTERS}),
        ("histogram_quantile(0.5, sum by (le) (rate(h_bucket[4s])))", set()),
        ("avg(histogram_quantile(0.5, rate(h_bucket[4s])))", {Correction.AVERAGES}),
        ("avg(histogram_quantile(0.5, sum by (le) (rate(h_bucket[4s]))))", set()),
        ("rate(sum(x)[4s:1s])", {Correction.RESETS}),
        ("increase(max(x)[4s:1s])", {Correction.RESETS}),
        ("sum(histogram_quantile(0.5, rate(h_bucket[4s])) > bool 1)", set()),
        ("max(histogram_quantile(0.5, rate(h_bucket[4s])))", set()),
        ("avg by (route) (histogram_quantile(0.5, rate(h_bucket[4s])))", set()),
        ("-avg(histogram_quantile(0.5, rate(h_bucket[4s])) * 2)", {Correction.AVERAGES}),
        ("1 + avg(abs((histogram_quantile(0.5, rate(h_bucket[4s])))))", {Correction.AVERAGES}),
        ("avg(histogram_quantile(0.5, rate(h_bucket[4s]) > 0))", {Correction.AVERAGES, Correction.FILTERS}),
        ("histogram_quantile(0.5, rate(h_bucket[4s])) > 0", set()),
        ("avg(histogram_quantile(0.5, rate(h_bucket[4s])) > 0)", {Correction.AVERAGES}),
        ("histogram_quantile(0.5, 1 * (rate(h_bucket[4s]) > 0))", {Correction.FILTERS}),
        ("histogram_quantile(0.5, 0 < rate(h_bucket[4s]))", {Correction.FILTERS}),
        ("histogram_quantile(0.5, rate(h_bucket[4s]) and rate(h_bucket[4s]) > 0)", {Correction.FILTERS}),
        ("histogram_quantile(0.5, rate(h_bucket[4s]) or rate(h_bucket[4s]) > 0)", {Correction.FILTERS}),
        ("histogram_quantile(0.5, rate(h_bucket[4s]) and rate(h_bucket[4s]))", set()),
        ("histogram_quantile(0.5, rate(h_bucket[4s]) and on (instance) rate(h_bucket[4s]) > 0)", set()),
        (f"abs({HIDING}) / rate(sum(x)[4s:1s])", {Correction.UNNAMED, Correction.RESETS}),
        (f'rate(sum({RESPONSES_BY_VIEW}{{route!="{UNNAMED}"}})[4s:1s])', {Correction.UNNAMED, Correction.RESETS}),
        (f'topk(scalar(sum({RESPONSES_BY_VIEW}{{route!="{UNNAMED}"}})), x)', {Correction.UNNAMED}),
        (f'{RESPONSES_BY_VIEW}{{route!="{UNNAMED}"}}', {Correction.UNNAMED}),
        (f'{RESPONSES_BY_VIEW}{{route=~"p|q"}}', set()),
        ("time()", set()),
        ("sum(histogram_quantile(0.5, rate(h_bucket[4s])))", {Correction.AVERAGES}),
        ("avg without (route) (histogram_quantile(0.5, rate(h_bucket[4s])))", {Correction.AVERAGES}),
        ("histogram_quantile(0.5, rate(h_bucket[4s]) * on (instance) group_left () (x > 1))", set()),
        ("histogram_quantile(0.5, (rate(h_bucket[4s]) or rate(x[4s])) > 0)", {Correction.FILTERS}),
        (
            f'histogram_quantile(0.5, rate(h_bucket{{route!="{UNNAMED}"}}[4s]) > 0)',
            {Correction.FILTERS, Correction.UNNAMED},
        ),
    ],
)
def test_mistakes_are_seen_by_their_form(text: str, mistakes: set[Correction]) -> None:
    """Also where they make no difference to the value."""
    buckets = [series("h_bucket", line(1), le=le, route=view) for le in ("1", "+Inf") for view in ("p", "q")]
    every = [*buckets, series("x", line(1)), series(RESPONSES_BY_VIEW, line(1), route="p")]
    assert corrections.mistakes(syntax.parse(text), samples(*every), shows=frozenset()) == mistakes


def test_a_mistake_in_what_a_filter_drops_is_none() -> None:
    """For the filter goes, and what it asks with it."""
    buckets = [series("h_bucket", line(1), le=le) for le in ("1", "+Inf")]
    text = f'histogram_quantile(0.5, h_bucket unless h_bucket < scalar({RESPONSES_BY_VIEW}{{route!="{UNNAMED}"}}))'
    assert corrections.mistakes(syntax.parse(text), samples(*buckets), shows=frozenset()) == {Correction.FILTERS}


EXPRESSIONS = (
    "sum by (route) (rate(x[4s])) / 2",
    "increase(x[4s]) > 3",
    "-x",
    "histogram_quantile(0.5, sum by (le) (rate(h_bucket[4s])))",
    "avg(histogram_quantile(0.5, h_bucket))",
    "max_over_time(x[4s]) or vector(0)",
    "topk(1, x) * on (instance) group_left y",
    "1 < bool 2",
    "x offset 3s",
    "rate(x[4s] @ 5) or rate(x[4s] offset -2s)",
    "max_over_time(rate(x[4s])[5s:2s])",
    "sum_over_time(timestamp(x)[5s:2s] offset 1s)",
    "predict_linear(x[4s] offset 2s, 60)",
    "sum_over_time(predict_linear(x[4s] offset 2s, 60)[3s:1s])",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_without_corrections_it_is_the_engine(text: str) -> None:
    """To the last digit."""
    every = [series("h_bucket", line(1), le=le, route=view) for le in ("1", "+Inf") for view in ("p", "q")]
    every += [series("x", line(3), route="p"), series("x", line(4), route=METRICS_VIEW), series("y", line(1))]
    assert value(text, *every) == vector(text, *every)


def test_a_rate_of_a_sum_is_per_second_and_its_increase_is_not() -> None:
    """Also under the truth, which is exact, and at another moment than the whole."""
    every = [series("x", line(3)), series("x", line(1), instance="b")]
    assert value("rate(sum(x)[4s:1s])", *every, applied=RIGHT) == {(): pytest.approx(4)}
    assert value("irate(sum(x)[4s:1s])", *every, applied=RIGHT) == {(): pytest.approx(4)}
    assert value("increase(sum(x)[4s:1s])", *every, applied=RIGHT) == {(): pytest.approx(16)}
    assert value("increase((sum(x))[4s:1s])", *every, applied=TRUE) == {(): pytest.approx(16)}
    late = [series("x", [*line(3)[:8], *[1000.0] * 3])]
    assert value("rate(sum(x)[4s:1s] offset 3s)", *late, applied=RIGHT) == {(): pytest.approx(3)}
    assert value("rate(sum(x)[4s:1s] @ 7)", *late, applied=TRUE) == {(): pytest.approx(3)}
    assert value("max_over_time(sum(x)[4s:1s])", *every, applied=RIGHT) == {(): 40}
    for text in ("rate(sum(max_over_time(x[2s:1s]))[4s:1s])", "rate(sum(timestamp(x))[4s:1s])"):
        with pytest.raises(UnsupportedError, match="not evaluated"):
            value(text, *every, applied=RIGHT)


def test_background_is_left_out_of_other_functions_of_a_range_too() -> None:
    """And of what has no view its share is taken out."""
    every = [
        series(RESPONSES_BY_VIEW, line(1), route=METRICS_VIEW),
        series(RESPONSES_BY_VIEW, line(4), route="p"),
        series(REQUESTS, line(5)),
    ]
    found = frozenset({Correction.BACKGROUND})
    assert value(f"sum(max_over_time({RESPONSES_BY_VIEW}[4s]))", *every, applied=found) == {(): 40}
    assert value(f"sum(max_over_time({REQUESTS}[4s]))", *every, applied=found) == {(): 40}
    assert value(f"sum(max_over_time({REQUESTS}[4s]))", *every) == {(): 50}


def test_what_selects_no_view_shows_no_background() -> None:
    """Even where there is nothing else."""
    scrapes = series(RESPONSES_BY_VIEW, line(1), route=METRICS_VIEW, status="200")
    assert value(f"sum(rate({RESPONSES_BY_VIEW}[4s]))", scrapes, applied=RIGHT) == {}
    assert value(f'sum(rate({RESPONSES_BY_VIEW}{{status="200"}}[4s]))', scrapes, applied=RIGHT) == {}


def test_background_of_another_instance_is_no_share() -> None:
    """Nor is what was scraped at another time."""
    every = [
        series(RESPONSES_BY_VIEW, [*line(1)[:10], None], route=METRICS_VIEW),
        series(RESPONSES_BY_VIEW, line(2), route=METRICS_VIEW, status="500"),
        series(RESPONSES_BY_VIEW, line(9), route=METRICS_VIEW, instance="b"),
        series(REQUESTS, line(5)),
        series("other_total", line(5)),
    ]
    alone = [series(RESPONSES_BY_VIEW, [*line(1)[:10], None], route=METRICS_VIEW), every[3]]
    assert samples(*alone).without_background(alone[1])[-2:] == [(9.0, 45.0 - 9.0), (10.0, 50.0)]
    asked = samples(*every)
    assert asked.without_background(every[3])[-2:] == [(9.0, 45.0 - 9.0 - 18.0), (10.0, 50.0 - 20.0)]
    assert asked.without_background(every[4]) == every[4].points


def test_births_are_of_counters_alone() -> None:
    """A gauge that appears was not at 0 before."""
    born = series("x", [None] * 8 + [2.0, 2.0, 2.0])
    first_values = frozenset({Correction.FIRST_VALUES})
    late = series("x", [None] * 10 + [2.0])
    assert value("irate(x[4s])", late) == {}
    assert value("irate(x[4s])", late, applied=first_values) == {(("instance", "a"),): 2}
    assert value("delta(x[10s])", born, applied=TRUE) == {(("instance", "a"),): 0}
    assert value("min_over_time(x[10s])", born, applied=TRUE) == {(("instance", "a"),): 2}


def test_a_birth_is_at_the_last_scrape_without_the_series() -> None:
    """Where none is known before it, it is no birth."""
    asked = samples(series("x", line(1)))
    assert asked.from_zero(Series({"instance": "a"}, ()), [(3.0, 2.0)]) == [(2.0, 0.0), (3.0, 2.0)]
    assert asked.from_zero(Series({"instance": "a"}, ()), [(3.5, 2.0)]) == [(3.0, 0.0), (3.5, 2.0)]
    assert asked.from_zero(Series({"instance": "a"}, ()), [(0.0, 2.0)]) == [(0.0, 2.0)]
    assert asked.from_zero(Series({"instance": "b"}, ()), [(3.0, 2.0)]) == [(3.0, 2.0)]
    assert asked.from_zero(Series({"instance": "a"}, ()), []) == []


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (((2.0, 4.0), (6.0, 8.0)), 4 - 2.0),  # the value at the start lies half way between the two
        (((3.0, 4.0), (7.0, 8.0)), 4 - 1.0),  # a quarter
        (((4.0, 4.0), (6.0, 8.0)), 4.0),  # a sample at the start is before the range
        (((4.1, 4.0), (6.0, 8.0)), 4.0),  # without one before it grows from its first
        (((3.0, 1.0), (6.0, 8.0), (8.0, 10.0)), 7 * 2 / 3 + 2),  # as much as the samples do
        (((6.0, 8.0), (8.0, 3.0), (9.0, 4.0)), 3.0),  # from 8 it began again at 0, and had reached 3
        (((6.0, 8.0), (8.0, 8.0)), 0.0),
        (((2.0, 9.0), (6.0, 5.0)), 5.0),  # the first one after the start began again
        (((2.0, 9.0), (6.0, 5.0), (7.0, 6.0)), 6.0),
        (((2.0, 9.0), (6.0, 5.0), (7.0, 12.0)), 12.0),
        (((3.0, 1.0), (8.0, 6.0), (8.5, 90.0)), 4.0),  # what comes after the end is not in it
        (((6.0, 8.0),), 0.0),
        (((3.0, 8.0),), None),
        ((), None),
    ],
)
def test_the_exact_increase(points: Sequence[Point], expected: float | None) -> None:
    """In the range from 4 to 8: interpolated at its start, neither stretched nor cut at its end."""
    (group,) = Selected([Series({}, points)], lambda _: "").groups
    found = exact_increases(group, 8.0, 4.0)
    assert (found is None) == (expected is None)
    assert found is None or found.tolist() == [pytest.approx(expected)]


def test_the_true_rate_is_the_exact_increase_over_the_range() -> None:
    """While irate is what it is."""
    uneven = series("x", [0, 0, 0, 0, 0, 0, 3, 3, 3, 9, 9])
    assert value("increase(x[3500ms])", uneven, applied=TRUE) == {(("instance", "a"),): pytest.approx(6)}
    assert value("rate(x[3500ms])", uneven, applied=TRUE) == {(("instance", "a"),): pytest.approx(6 / 3.5)}
    assert value("irate(x[3500ms])", uneven, applied=TRUE) == {(("instance", "a"),): 0}
    assert value("rate(x[3500ms])", series("x", [1.0] * 3 + [None] * 8), applied=TRUE) == {}
    assert value("delta(x[3500ms])", uneven, applied=TRUE) == value("delta(x[3500ms])", uneven)


def test_who_asks_the_same_shares_what_was_found() -> None:
    """And what differs in anything that counts is not the same."""
    memo = Memo()
    every = [series("x", line(3), route="p"), series("x", line(1), route=METRICS_VIEW)]
    asked = [
        ("sum(rate(x[4s]))", TRUE, "", 10.0),
        ("sum(rate(x[4s]))", frozenset[Correction](), "", 10.0),
        ("sum(rate(x[4s]))", TRUE, "route", 10.0),
        ("sum(irate(x[4s]))", TRUE, "", 10.0),
        ("sum(rate(x[5s]))", TRUE, "", 10.0),
        ("sum(increase(x[4s]))", TRUE, "", 10.0),
        ('sum(increase(x{route="p"}[4s]))', TRUE, "", 10.0),
        ("sum(increase(x[4s]))", TRUE, "", 3.0),
    ]

    def answers(memo: Memo | None) -> list[Value]:
        return [
            corrections.evaluate(
                syntax.parse(text),
                samples(*every, memo=memo, at_s=at_s),
                applied,
                shows=frozenset(shows.split()),
                nudge=0,
            )
            for text, applied, shows, at_s in asked
        ]

    fresh = answers(None)
    assert answers(memo) == answers(memo) == fresh


@pytest.mark.parametrize(
    ("matchers", "hides"),
    [
        ('route!="no view"', True),
        ('route!~"no view|healthz"', True),
        ('route!=""', False),
        ('route!="healthz"', False),
        ('route=~"p|q"', False),
        ('route="p"', False),
        ('route!="no view",route=~"p"', False),
        ('route!="healthz",route!="no view"', True),
        ('job="django"', False),
        ("", False),
    ],
)
def test_a_selector_hides_the_unnamed_view_when_it_takes_all_others(matchers: str, hides: bool) -> None:
    """One that picks views by name hides nothing."""
    (selection,) = syntax.selections(syntax.parse(f"x{{{matchers}}}"))
    assert hides_unnamed(selection, TRAFFIC) is hides


def test_what_else_a_selector_asks_holds_for_the_unnamed_view_too() -> None:
    """Only its views are mended."""
    every = [
        series(RESPONSES_BY_VIEW, line(1), route="p", status="200"),
        series(RESPONSES_BY_VIEW, line(2), route=UNNAMED, status="404"),
        series(RESPONSES_BY_VIEW, line(4), route=UNNAMED, status="200"),
        series(RESPONSES_BY_VIEW, line(8), route=METRICS_VIEW, status="200"),
    ]
    text = f'sum(rate({RESPONSES_BY_VIEW}{{route!~"{UNNAMED}|{METRICS_VIEW}",status="200"}}[4s]))'
    assert value(text, *every, applied=RIGHT) == {(): pytest.approx(5)}
    assert value(text, *every, applied=RIGHT, shows="route") == {(): pytest.approx(1)}
    assert value(text, *every, applied=frozenset({Correction.UNNAMED})) == {(): pytest.approx(5)}


def test_a_filter_of_buckets_outside_of_a_quantile_stays() -> None:
    """There it takes out what it says."""
    buckets = [series("h_bucket", line(1), le=le) for le in ("1", "+Inf")]
    assert value("sum(rate(h_bucket[4s]) > 100)", *buckets, applied=RIGHT) == {}


def test_corrections_are_called_as_in_the_documentation() -> None:
    """docs/checks/dashboards.md and docs/checks/records.md."""
    of_panels = "background averages filters resets unnamed first-values extrapolation"
    through_records = "ratios parts rates"
    assert " ".join(Correction) == f"{of_panels} {through_records}"
