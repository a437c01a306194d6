"""Dashboards as Grafana exports them, and variables as Grafana fills them in."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from harness.core.errors import PrometheusError, UsageError
from harness.core.panel import Panel
from harness.monitoring.dashboards import grafana
from harness.monitoring.dashboards.intervals import Steps
from harness.monitoring.dashboards.variable_query import LabelNames, LabelValues, Question, Results, SeriesNames


def panels(
    dashboard: grafana.Dashboard,
    given: Mapping[str, str] | None = None,
    chosen: Mapping[str, Sequence[str]] | None = None,
    answers: Mapping[Question, Sequence[str]] | None = None,
    range_s: float = 60.0,
    interval_s: float = 1.0,
) -> tuple[Panel, ...]:
    """The queries of a dashboard; a question without an answer is one that Prometheus refuses."""

    def ask(question: Question) -> Sequence[str]:
        if question not in (answers or {}):
            raise PrometheusError("refused")
        return (answers or {})[question]

    asker = grafana.Asker(given or {}, chosen or {}, None if answers is None else ask)
    return grafana.panels(dashboard, asker, Steps(round(range_s * 1000), round(interval_s * 1000), 1_000.0))


def filled(expression: str, *variables: dict[str, Any], given: dict[str, str] | None = None) -> tuple[str, str]:
    """The expression of a panel of a dashboard with these variables, and what is wrong with it."""
    document = {
        "title": "Board",
        "templating": {"list": list(variables)},
        "panels": [{"title": "Panel", "targets": [{"refId": "A", "expr": expression}]}],
    }
    dashboard = grafana.parse(json.dumps(document), "board.json")
    (panel,) = panels(dashboard, given=given, range_s=61.5, interval_s=5.0)
    return panel.expression, panel.unknown


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("rate(x[$__rate_interval])", "rate(x[20000ms])"),
        ("rate(x[${__rate_interval}])", "rate(x[20000ms])"),
        ("rate(x[$__range])", "rate(x[61500ms])"),
        ("x / $__range_s", "x / 62"),
        ("rate(x[[[__interval]]])", "rate(x[5000ms])"),
        ("$__interval_ms", "5000"),
        ('label_replace(x, "a", "$1", "b", "(.*)")', 'label_replace(x, "a", "$1", "b", "(.*)")'),
        ('x{a=~"b$"}', 'x{a=~"b$"}'),
        ("rate(x[$__auto_interval_step])", "rate(x[5000ms])"),
        ("$__from $__to", "938500 1000000"),
        ("$nobody", "$nobody"),
        (
            'label_replace(x, "a", "$svc-${1}", "b", "(?P<svc>.*)")',
            'label_replace(x, "a", "$svc-${1}", "b", "(?P<svc>.*)")',
        ),
    ],
)
def test_built_in_variables(written: str, expected: str) -> None:
    """The range is the window, the rate interval four scrapes; a group of a regular expression is no variable."""
    assert filled(written) == (expected, "")


@pytest.mark.parametrize(
    ("variable", "written", "expected"),
    [
        ({"current": {"value": "web"}}, 'x{job="$v"}', 'x{job="web"}'),
        ({"current": {"value": 'we"b'}}, 'x{job="$v"}', 'x{job="we\\"b"}'),
        ({"current": {"value": ["a.b"]}, "multi": True}, 'x{job=~"$v"}', 'x{job=~"a\\\\.b"}'),
        ({"current": {"value": ["a", "b"]}, "multi": True}, 'x{job=~"$v"}', 'x{job=~"(a|b)"}'),
        ({"current": {"value": ["a", "b"]}, "multi": True}, 'x{job=~"${v:pipe}"}', 'x{job=~"a|b"}'),
        ({"current": {"value": ["a", "b"]}, "multi": True}, 'x{job=~"${v:raw}"}', 'x{job=~"a,b"}'),
        ({"current": {"value": "a+b"}}, "x{job=~`${v:regex}`}", "x{job=~`a\\+b`}"),
        ({"current": {"value": ["$__all"]}, "includeAll": True}, 'x{job=~"$v"}', 'x{job=~".*"}'),
        ({"current": {"value": "$__all"}, "includeAll": True, "allValue": ".+"}, 'x{job=~"$v"}', 'x{job=~".+"}'),
        ({"current": {}, "includeAll": True}, 'x{job=~"[[v]]"}', 'x{job=~".*"}'),
        (
            {
                "type": "custom",
                "query": "GET, a\\,b,shown : POST",
                "current": {"value": ["$__all"]},
                "includeAll": True,
            },
            'x{m=~"$v"}',
            'x{m=~"(GET|a,b|POST)"}',
        ),
        (
            {
                "type": "custom",
                "query": "GET,POST",
                "allValue": ".+",
                "current": {"value": "$__all"},
                "includeAll": True,
            },
            'x{m=~"$v"}',
            'x{m=~".+"}',
        ),
        ({"type": "textbox", "query": "web, a : b"}, 'x{job="$v"}', 'x{job="web, a : b"}'),
        ({"type": "constant", "query": "5m"}, "rate(x[$v])", "rate(x[5m])"),
        ({"type": "custom", "query": "0.95,0.99"}, "histogram_quantile($v, x)", "histogram_quantile(0.95, x)"),
    ],
)
def test_variables_of_the_dashboard(variable: dict[str, Any], written: str, expected: str) -> None:
    """The chosen value, escaped where it stands in a regular expression."""
    assert filled(written, {"name": "v", **variable}) == (expected, "")


def test_a_label_of_the_run_comes_before_the_value_of_the_dashboard() -> None:
    """A dashboard that was saved for another job is asked for this one's."""
    job = {"name": "job", "current": {"value": "other"}}
    given = grafana.labels_of('job="django", instance="a:1", view!="x", code=~"5.."')
    assert given == {"job": "django", "instance": "a:1"}
    assert filled('x{job="$job"}', job, given=given) == ('x{job="django"}', "")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("$v", "variable $v has no value: it has no query; give it one with --var v=VALUE"),
        (
            "${w:upside}",
            "variable $w has no value: the format of ${w:upside} is unknown; give it one with --var w=VALUE",
        ),
    ],
)
def test_what_cannot_be_filled_in_is_named(written: str, problem: str) -> None:
    """With the variable, and the text is left as it is."""
    variables = ({"name": "v", "current": {}, "type": "query"}, {"name": "w", "current": {"value": "a"}})
    assert filled(written, *variables) == (written, problem)


@pytest.mark.parametrize(
    ("data_source", "expected"),
    [
        (None, ("", False)),
        ("Prometheus", ("", False)),
        ({"uid": "${ds}"}, ("", False)),
        ("$ds", ("", False)),
        ({"type": "prometheus", "uid": "x"}, ("", False)),
        ("Loki", ("", True)),
        ({"uid": "a1b2"}, ("", True)),
        ("${nobody}", ("", True)),
        ({"type": "loki"}, ("loki", False)),
        ("${logs}", ("loki", False)),
    ],
)
def test_data_sources(data_source: object, expected: tuple[str, bool]) -> None:
    """By type, by a variable that stands for one, or by a name that may be anybody's."""
    document = {
        "templating": {
            "list": [
                {"name": "ds", "type": "datasource", "query": "prometheus"},
                {"name": "logs", "type": "datasource", "query": "loki"},
            ]
        },
        "panels": [{"title": "Panel", "datasource": data_source, "targets": [{"expr": "x"}]}],
    }
    (panel,) = panels(grafana.parse(json.dumps(document), "board.json"))
    assert (panel.other, panel.presumed) == expected


def test_the_name_of_a_variable_that_was_left_is_found() -> None:
    """But no group of a regular expression."""
    assert grafana.unfilled('x{a="$view"}') == "view"
    assert grafana.unfilled('x{a="b$", c="$1 ${2}"}') == ""


def test_panels_of_folded_rows_and_of_other_sources_are_found() -> None:
    """A hidden query is asked by nobody; a panel without queries asks nothing."""
    prometheus, infinity = {"type": "prometheus"}, {"type": "yesoreyeram-infinity-datasource"}
    document = {
        "panels": [
            {"title": "text", "type": "text"},
            {
                "title": "row",
                "type": "row",
                "datasource": prometheus,
                "panels": [{"title": "inside", "targets": [{"refId": "A", "expr": "a"}, {"expr": "b", "hide": True}]}],
            },
            {"id": 7, "datasource": infinity, "targets": [{"refId": "A", "url": "/sql-logs/"}]},
            {"title": "by name", "datasource": "Prometheus", "targets": [{"refId": "B", "expr": " c "}, {"expr": ""}]},
        ]
    }
    dashboard = grafana.parse(json.dumps({"dashboard": document}), "board.json")
    found = [(p.dashboard, p.title, p.ref, p.expression, p.other) for p in panels(dashboard)]
    assert found == [
        ("board.json", "inside", "A", "a", ""),
        ("board.json", "panel 7", "A", "", "yesoreyeram-infinity-datasource"),
        ("board.json", "by name", "B", "c", ""),
    ]


def test_a_library_panel_is_read_where_the_export_holds_it() -> None:
    """Without `__elements` its queries are Grafana's own, and it is told of."""
    panel = {"id": 1, "libraryPanel": {"uid": "u", "name": "Shared"}}
    element = {"model": {"title": "Shared", "targets": [{"refId": "A", "expr": "up"}]}}
    row = {"type": "row", "panels": [panel]}

    def found(**more: object) -> list[tuple[str, str, str]]:
        dashboard = grafana.parse(json.dumps({"panels": [row], **more}), "board.json")
        return [(p.title, p.expression, p.other) for p in panels(dashboard)]

    assert found(__elements={"u": element}) == [("Shared", "up", "")]
    assert found() == found(__elements=[]) == found(__elements={"u": 5}) == [("Shared", "", grafana.LIBRARY)]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda own: own,
        lambda own: {"dashboard": own, "meta": {}},
        lambda own: {"apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard", "spec": own},
    ],
)
def test_a_dashboard_is_read_however_it_was_exported(wrapped: Callable[[object], object]) -> None:
    """From the page, from the HTTP API, as a resource; with or without a byte order mark."""
    own = {"title": "Board", "panels": [{"title": "P", "targets": [{"expr": "up"}]}]}
    for mark in ("", "\ufeff"):
        dashboard = grafana.parse(mark + json.dumps(wrapped(own)), "board.json")
        assert [target.expression for target in dashboard.targets] == ["up"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        '{"panels": {}}',
        '{"rows": {}}',
        '{"spec": {"elements": []}}',
        "NaN",
        "[" * 100_000,
    ],
    ids=lambda text: str(text)[:16],
)
def test_what_is_no_dashboard_is_refused_by_name(text: str) -> None:
    """With the file and the next step."""
    with pytest.raises(UsageError, match=r"board\.json: not .* (again|as JSON)"):
        grafana.parse(text, "board.json")


@pytest.mark.parametrize(
    "odd",
    [
        [None, 1, "x", []],
        [{"targets": None}],
        [{"targets": [None, 3, {"expr": None}, {"expr": ["x"], "hide": True}]}],
        [{"datasource": 4, "panels": None}],
    ],
)
def test_odd_panels_are_passed_over(odd: list[Any]) -> None:
    """A dashboard may hold what no version of Grafana wrote."""
    text = json.dumps({"panels": odd, "templating": {"list": [None, {}, {"name": "v", "current": 3}]}})
    assert panels(grafana.parse(text, "board.json")) == ()


@pytest.mark.parametrize(
    ("expression", "whole"),
    [
        ("sum(increase(up[$__range]))", True),
        ("sum(increase(up[${__range_s}s]))", True),
        ("sum(rate(up[$__rate_interval]))", False),
        ("sum(rate(up[15s]))", False),
    ],
)
def test_a_panel_over_the_whole_range_is_known(expression: str, whole: bool) -> None:
    """A run as short as its range is then the run's fault."""
    target = grafana.Target("Panel", "A", expression, "prometheus")
    made = panels(grafana.Dashboard("Board", (target,)), range_s=15.0)
    assert [panel.whole_range for panel in made] == [whole]


def board(*variables: dict[str, Any], **panel: object) -> grafana.Dashboard:
    """A dashboard of one panel."""
    own = {"title": "Panel", "targets": [{"refId": "A", "expr": "x"}], **panel}
    document = {"title": "Board", "templating": {"list": list(variables)}, "panels": [own]}
    return grafana.parse(json.dumps(document), "board.json")


def asks(expression: str, answers: Mapping[Question, Sequence[str]], *variables: dict[str, Any]) -> str:
    """A panel's expression, or what is unknown of it."""
    made = board(*({"type": "query", **each} for each in variables), targets=[{"expr": expression}])
    (panel,) = panels(made, answers=answers)
    return panel.unknown or panel.expression


UNREADABLE = "its pattern '/(/' is not evaluated: missing ), unterminated subpattern at position 0"
VIEWS: Mapping[Question, Sequence[str]] = {LabelValues("view", "up"): ("shop:cart", "shop:pay", "wiki:page")}


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ({}, '"shop:cart"'),
        ({"sort": 2}, '"wiki:page"'),
        ({"regex": "/^([^:]+):/"}, '"shop"'),
        ({"regex": "/(?<text>.*):(?<value>p.*)/"}, '"pay"'),
        ({"regex": "wiki.*"}, '"wiki:page"'),
        ({"regex": "/nothing/"}, '""'),
        ({"multi": True}, '"shop:cart"'),
        ({"includeAll": True}, '"(shop:cart|shop:pay|wiki:page)"'),
        ({"includeAll": True, "allValue": ".+"}, '".+"'),
        ({"multi": True, "current": {"value": ["wiki:page", "gone"]}, "refresh": 2}, '"wiki:page"'),
        ({"current": {"text": "pay", "value": "shop:pay"}, "refresh": 1}, '"shop:pay"'),
        ({"current": {"value": "gone"}, "refresh": 1}, '"shop:cart"'),
        ({"current": {"value": "gone"}, "refresh": 0}, '"gone"'),
        ({"current": {"text": "None", "value": ""}}, '""'),
        ({"current": {}, "hide": 2}, '"shop:cart"'),
        ({"query": {"query": "label_values(up, view)", "refId": "V"}}, '"shop:cart"'),
        ({"query": "", "definition": "label_values(up,view)"}, '"shop:cart"'),
    ],
)
def test_a_query_is_asked_and_its_first_value_chosen(variable: dict[str, Any], expected: str) -> None:
    """But one that is chosen in the file and still there; where there is nothing, the empty text is the value."""
    made = {"name": "v", "query": "label_values(up, view)", **variable}
    assert asks('x{view=~"$v"}', VIEWS, made) == f"x{{view=~{expected}}}"


@pytest.mark.parametrize(
    ("query", "question"),
    [
        ("label_values(view)", LabelValues("view")),
        ('label_values(up{a="b,c", d="(e)"}, view)', LabelValues("view", 'up{a="b,c", d="(e)"}')),
        ("label_names()", LabelNames()),
        ("label_names(up)", LabelNames("up")),
        ("metrics(django_.*)", LabelValues("__name__", '{__name__=~".*(?:django_.*).*"}')),
        ("query_result(topk(2, up))", Results("topk(2, up)")),
        ('up{job="x"}', SeriesNames('up{job="x"}')),
    ],
)
def test_each_kind_of_query_asks_its_question(query: str, question: Question) -> None:
    """As Grafana's data source reads it."""
    assert asks("$v", {question: ("found",)}, {"name": "v", "query": query}) == "found"


def test_more_values_than_a_query_holds_are_any() -> None:
    """A URL has an end; a repeated panel still has each of them."""
    answers: Mapping[Question, Sequence[str]] = {LabelValues("view"): [f"view-{number}" for number in range(900)]}
    variable = {"name": "v", "query": "label_values(view)", "includeAll": True}
    assert asks('x{view=~"$v"}', answers, variable) == 'x{view=~".*"}'


def test_variables_are_asked_one_after_the_other() -> None:
    """Each with the values of those that it needs, in whatever order they stand."""
    answers: Mapping[Question, Sequence[str]] = {
        LabelValues("env", "up"): ("prod",),
        LabelValues("job", 'up{env="prod"}'): ("web", "worker"),
    }
    job = {"name": "job", "query": 'label_values(up{env="$env"}, job)', "includeAll": True}
    assert asks('x{job=~"$job"}', answers, job, {"name": "env", "query": "label_values(up, env)"}) == (
        'x{job=~"(web|worker)"}'
    )


@pytest.mark.parametrize(
    ("variables", "unknown"),
    [
        (
            [{"name": "a", "query": "label_values($b, x)"}, {"name": "b", "query": "label_values($a, x)"}],
            "variable $a has no value: it needs itself: $a -> $b -> $a; give it one with --var a=VALUE",
        ),
        (
            [{"name": "a", "query": 'label_values(up{x="$b"}, x)'}, {"name": "b", "query": "label_values(z, x)"}],
            "variable $b has no value: label_values(z, x) was asked in vain (refused); give it one with --var b=VALUE",
        ),
        (
            [{"name": "a", "query": "label_values(up, view)", "regex": "/(/"}],
            f"variable $a has no value: {UNREADABLE}; give it one with --var a=VALUE",
        ),
        (
            [{"name": "a", "query": "x", "datasource": {"type": "loki"}}],
            "variable $a has no value: its query asks loki, not Prometheus; give it one with --var a=VALUE",
        ),
    ],
)
def test_a_variable_without_a_known_value_is_named_with_the_flag(variables: list[dict[str, Any]], unknown: str) -> None:
    """The one at the root of it."""
    assert asks("$a", VIEWS, *variables) == unknown


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"v": ["given"]}, '"given"'),
        ({"v": [""]}, '""'),
        ({"v": ["a", "b.c"]}, '"(a|b\\\\.c)"'),
    ],
)
def test_a_value_that_is_given_comes_first(chosen: Mapping[str, Sequence[str]], expected: str) -> None:
    """Also an empty one, and several; before the labels of the selector."""
    made = board({"name": "v", "type": "query", "query": "?"}, targets=[{"expr": 'x{view=~"$v"}'}])
    (panel,) = panels(made, {"v": "label"}, chosen, VIEWS)
    assert (panel.expression, panel.unknown) == (f"x{{view=~{expected}}}", "")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${v:csv}", "a,b c"),
        ("${v:distributed}", "a,v=b c"),
        ("${v:doublequote}", '"a","b c"'),
        ("${v:singlequote}", "'a','b c'"),
        ("${v:glob}", "{a,b c}"),
        ("${v:html}", "a, b c"),
        ("${v:json}", '["a", "b c"]'),
        ("${v:lucene}", '("a" OR "b c")'),
        ("${v:percentencode}", "%7Ba%2Cb%20c%7D"),
        ("${v:pipe}", "a|b c"),
        ("${v:queryparam}", "var-v=a&var-v=b%20c"),
        ("${v:raw}", "a,b c"),
        ("${v:regex}", "(a|b c)"),
        ("${v:sqlstring}", "'a','b c'"),
        ("${v:text}", "a + b c"),
    ],
)
def test_formats(written: str, expected: str) -> None:
    """Each as Grafana writes it."""
    assert filled(written, {"name": "v", "multi": True, "current": {"value": ["a", "b c"]}}) == (expected, "")


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ({"query": "1m,5m"}, "1m"),
        ({"query": "1m,5m", "current": {"value": "5m"}}, "5m"),
        ({"query": "1m,5m", "auto": True, "current": {"text": "auto", "value": "$__auto_interval_v"}}, "10000ms"),
        ({"query": "1m", "auto": True, "auto_count": 10, "auto_min": "1s", "current": {"value": "$__auto"}}, "5000ms"),
        ({"query": "$__rate_interval,5m"}, "20000ms"),
    ],
)
def test_intervals(variable: dict[str, Any], expected: str) -> None:
    """An automatic one divides the time range, and is not below its least; what a value refers to is filled in."""
    assert filled("$v", {"name": "v", "type": "interval", **variable}) == (expected, "")


@pytest.mark.parametrize(
    ("panel", "query", "expected"),
    [
        ({}, {}, ("1000ms", "4000ms", "60000ms")),
        ({"interval": "1m"}, {}, ("60000ms", "61000ms", "60000ms")),
        ({"interval": ">=10s"}, {"interval": "30s"}, ("30000ms", "120000ms", "60000ms")),
        ({"maxDataPoints": 4}, {}, ("15000ms", "16000ms", "60000ms")),
        ({"timeFrom": "1h"}, {}, ("1000ms", "4000ms", "3600000ms")),
        ({"interval": "nonsense"}, {}, ("1000ms", "4000ms", "60000ms")),
    ],
)
def test_the_least_interval_of_a_panel_or_a_query_is_kept(
    panel: dict[str, Any], query: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """And the range of a rate is at least that and a scrape."""
    written = "$__interval $__rate_interval $__range"
    (made,) = panels(board(**panel, targets=[{"expr": written, **query}]))
    assert made.expression == " ".join(expected)


def test_a_panel_is_repeated_for_each_value() -> None:
    """Its own variable, and that of the row around it, folded or not; the copies of an older Grafana are left out."""
    views = {"name": "view", "type": "custom", "query": "a,b", "current": {"value": ["$__all"]}, "includeAll": True}
    jobs = {"name": "job", "type": "custom", "query": "x,y", "current": {"value": ["x", "y"]}, "multi": True}
    inside = {"title": "of $view", "repeat": "view", "targets": [{"expr": "n{v='$view',j='$job'}"}]}
    outside = {"title": "each", "targets": [{"expr": "n{j='$job'}"}]}
    row = {"type": "row", "repeat": "job"}
    document = {
        "templating": {"list": [views, jobs]},
        "panels": [{**row, "panels": [inside]}, row, outside, {**outside, "repeatPanelId": 1}, {"type": "row"}, inside],
    }
    made = panels(grafana.parse(json.dumps(document), "board.json"))
    assert [(panel.title, panel.expression) for panel in made] == [
        ("of a", "n{v='a',j='x'}"),
        ("of b", "n{v='b',j='x'}"),
        ("of a", "n{v='a',j='y'}"),
        ("of b", "n{v='b',j='y'}"),
        ("each (x)", "n{j='x'}"),
        ("each (y)", "n{j='y'}"),
        ("of a", "n{v='a',j='(x|y)'}"),
        ("of b", "n{v='b',j='(x|y)'}"),
    ]


def test_a_repeat_over_many_values_is_judged_in_part_and_named() -> None:
    """With how to choose."""
    many = {"name": "v", "type": "custom", "query": ",".join(map(str, range(500))), "includeAll": True}
    made = panels(board(many, repeat="v"))
    assert len(made) == grafana.MOST_COPIES + 1
    assert made[-1].unchecked == (
        "not checked: it is repeated for 500 values, of which the first 50 are judged; choose some with --var v=VALUE"
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(x[5m])", 'rate(x{z="1"}[5m])'),
        ('sum by (a, b) (x{c="d}"})', 'sum by (a, b) (x{c="d}", z="1"})'),
        ("x / on (a) group_left (b) y{}", 'x{z="1"} / on (a) group_left (b) y{z="1"}'),
        ('{__name__="x"}', '{__name__="x", z="1"}'),
        ("sum without(a) (x offset 5m) > bool 0", 'sum without(a) (x{z="1"} offset 5m) > bool 0'),
        ('label_replace(x, "a", "y", "b", "c")', 'label_replace(x{z="1"}, "a", "y", "b", "c")'),
    ],
)
def test_ad_hoc_filters_are_in_every_selector(expression: str, expected: str) -> None:
    """And nowhere else."""
    filters = {"name": "f", "type": "adhoc", "filters": [{"key": "z", "operator": "=", "value": "1"}]}
    assert filled(expression, filters) == (expected, "")


def test_filters_by_several_values_and_by_what_promql_does_not_have() -> None:
    """One of several is a pattern."""
    several = {"key": "z", "operator": "=|", "values": ["a.b", "c"]}
    assert filled("x", {"name": "f", "type": "adhoc", "filters": [several]}) == ('x{z=~"a\\\\.b|c"}', "")
    less = {"key": "z", "operator": "<", "value": "1"}
    assert "operator '<'" in filled("x", {"name": "f", "type": "adhoc", "filters": [less]})[1]


def test_what_an_export_for_others_asks_for_is_filled_in() -> None:
    """Its constants, and the types of its data sources."""
    document = {
        "__inputs": [
            {"name": "DS_PROM", "type": "datasource", "pluginId": "prometheus"},
            {"name": "DS_LOGS", "type": "datasource", "pluginId": "loki"},
            {"name": "VAR_JOB", "type": "constant", "value": "web"},
        ],
        "templating": {"list": [{"name": "job", "type": "constant", "query": "${VAR_JOB}"}]},
        "panels": [
            {"title": "P", "datasource": "${DS_PROM}", "targets": [{"expr": 'x{job="$job"}'}]},
            {"title": "L", "datasource": {"uid": "${DS_LOGS}"}, "targets": [{"expr": "{}"}]},
        ],
    }
    made = panels(grafana.parse(json.dumps(document), "board.json"))
    assert [(panel.expression, panel.other) for panel in made] == [('x{job="web"}', ""), ("{}", "loki")]


def test_rows_of_before_grafana_5_are_read() -> None:
    """Each holds its panels."""
    document = {"rows": [{"title": "R", "panels": [{"title": "P", "targets": [{"expr": "up"}]}]}, None], "panels": []}
    (made,) = panels(grafana.parse(json.dumps(document), "board.json"))
    assert (made.title, made.expression) == ("P", "up")


def v2(kind: str, **query: object) -> dict[str, Any]:
    """A dashboard of the schema v2, in one of its two ways to write a query."""

    def asked(spec: dict[str, Any]) -> dict[str, Any]:
        group = {"group": kind, "version": "v0"} if query.get("grouped") else {}
        return {"kind": "DataQuery" if group else kind, **group, "spec": spec}

    query_ = {"refId": "A", "hidden": False, "query": asked({"expr": 'sum(x{view="$view"})'})}
    hidden = {"refId": "B", "hidden": True, "query": asked({"expr": "y"})}
    panel = {
        "id": 1,
        "title": "P",
        "data": {
            "kind": "QueryGroup",
            "spec": {
                "queries": [{"kind": "PanelQuery", "spec": each} for each in (query_, hidden)],
                "transformations": [{"kind": "organize", "spec": {"id": "organize"}}],
                "queryOptions": {"interval": "10s"},
            },
        },
        "vizConfig": {"kind": "stat", "spec": {"fieldConfig": {"defaults": {"unit": "s"}, "overrides": []}}},
    }
    item = {"element": {"kind": "ElementReference", "name": "p"}, "repeat": {"mode": "variable", "value": "view"}}
    grid = {"kind": "GridLayout", "spec": {"items": [{"kind": "GridLayoutItem", "spec": item}]}}
    rows = {"kind": "RowsLayout", "spec": {"rows": [{"kind": "RowsLayoutRow", "spec": {"layout": grid}}]}}
    variable = {"name": "view", "refresh": "onDashboardLoad", "sort": "alphabeticalDesc", "includeAll": True}
    return {
        "title": "V2",
        "elements": {"p": {"kind": "Panel", "spec": panel}, "unplaced": {"kind": "Panel", "spec": panel}},
        "layout": rows,
        "variables": [
            {"kind": "QueryVariable", "spec": {**variable, "query": asked({"query": "label_values(up, view)"})}}
        ],
    }


@pytest.mark.parametrize("grouped", [False, True])
def test_the_schema_v2_is_read(grouped: bool) -> None:
    """As a resource of either version: its layout places the panels, and repeats them."""
    document = {"apiVersion": "dashboard.grafana.app/v2", "spec": v2("prometheus", grouped=grouped)}
    made = panels(grafana.parse(json.dumps(document), "board.json"), answers=VIEWS)
    assert [(panel.title, panel.expression) for panel in made] == [
        (f"P ({view})", f'sum(x{{view="{view}"}})') for view in ("wiki:page", "shop:pay", "shop:cart")
    ]
    assert {(panel.dashboard, panel.transformations, panel.step_s) for panel in made} == {("V2", ("organize",), 10.0)}


def test_another_data_source_in_the_schema_v2_is_not_ours() -> None:
    """Its kind says so."""
    document = v2("loki")
    document["variables"] = []
    assert [panel.other for panel in panels(grafana.parse(json.dumps(document), "board.json"))] == ["loki"]


@pytest.mark.parametrize(
    ("legends", "caption"),
    [
        (["p95"], "p95"),
        (["{{view}}"], "p99 of each view"),
        ([""], "p99 of each view"),
        (["__auto"], "p99 of each view"),
        (["p95", "{{view}}"], "{{view}}"),
        (["p$q"], "p50"),
    ],
)
def test_a_curve_is_called_by_its_legend_or_by_the_title(legends: list[str], caption: str) -> None:
    """The title only where there is one query, and where the legend names neither percentile nor status."""
    targets = [{"refId": "AB"[place], "expr": "x", "legendFormat": each} for place, each in enumerate(legends)]
    document = {
        "title": "Board",
        "templating": {"list": [{"name": "q", "type": "constant", "query": "50"}]},
        "panels": [{"title": "p99 of each view", "targets": targets}],
    }
    found = panels(grafana.parse(json.dumps(document), "board.json"))
    assert found[-1].caption == caption


def test_the_name_that_a_panel_gives_comes_before_the_legend() -> None:
    """Grafana shows it in its place."""
    shown = {"defaults": {"displayName": "p90"}, "overrides": []}
    panel = {"title": "T", "fieldConfig": shown, "targets": [{"expr": "x", "legendFormat": "p95"}]}
    (found,) = panels(grafana.parse(json.dumps({"title": "Board", "panels": [panel]}), "board.json"))
    assert found.caption == "p90"


@pytest.mark.parametrize(
    ("config", "caption"),
    [
        ({"defaults": {"displayName": "${__series.name}"}}, "p95"),
        ({"defaults": {"displayName": "${__field.displayName}"}}, "p95"),
        ({"overrides": [{"properties": [{"id": "displayName", "value": "p99"}]}]}, ""),
        ({"overrides": [{"properties": [{"id": "unit", "value": "s"}]}]}, "p95"),
    ],
)
def test_a_name_made_of_the_legend_is_the_legend_and_an_override_may_be_anybodys(config: object, caption: str) -> None:
    """What Grafana matches curves with is not known here."""
    panel = {"title": "T", "fieldConfig": config, "targets": [{"expr": "x", "legendFormat": "p95"}]}
    (found,) = panels(grafana.parse(json.dumps({"title": "Board", "panels": [panel]}), "board.json"))
    assert found.caption == caption
