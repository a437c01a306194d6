"""Dashboards as Grafana exports them, and variables as Grafana fills them in."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.monitoring.dashboards import grafana


def filled(expression: str, *variables: dict[str, Any], given: dict[str, str] | None = None) -> tuple[str, str]:
    """The expression of a panel of a dashboard with these variables, and what is wrong with it."""
    document = {
        "title": "Board",
        "templating": {"list": list(variables)},
        "panels": [{"title": "Panel", "targets": [{"refId": "A", "expr": expression}]}],
    }
    dashboard = grafana.parse(json.dumps(document), "board.json")
    (panel,) = grafana.panels(dashboard, given or {}, 61.5, 5.0)
    return panel.expression, panel.problem


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
        ({"current": {"value": "a+b"}}, 'x{job=~"${v:regex}"}', 'x{job=~"a\\\\+b"}'),
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
        ("$v", "variable $v has no value"),
        ("${w:glob}", "the format of ${w:glob} is unknown"),
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
    (panel,) = grafana.panels(grafana.parse(json.dumps(document), "board.json"), {}, 60, 1)
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
    found = [(p.dashboard, p.title, p.ref, p.expression, p.other) for p in grafana.panels(dashboard, {}, 60, 1)]
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
        return [(p.title, p.expression, p.other) for p in grafana.panels(dashboard, {}, 60, 1)]

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
        '{"rows": []}',
        '{"spec": {"elements": {}}}',
        "NaN",
        "[" * 100_000,
    ],
    ids=lambda text: str(text)[:16],
)
def test_what_is_no_dashboard_is_refused_by_name(text: str) -> None:
    """With the file and the next step."""
    with pytest.raises(UsageError, match=r"board\.json: not .* (again|as JSON|as classic JSON)"):
        grafana.parse(text, "board.json")


@pytest.mark.parametrize(
    "panels",
    [
        [None, 1, "x", []],
        [{"targets": None}],
        [{"targets": [None, 3, {"expr": None}, {"expr": ["x"], "hide": True}]}],
        [{"datasource": 4, "panels": None}],
    ],
)
def test_odd_panels_are_passed_over(panels: list[Any]) -> None:
    """A dashboard may hold what no version of Grafana wrote."""
    text = json.dumps({"panels": panels, "templating": {"list": [None, {}, {"name": "v", "current": 3}]}})
    assert grafana.panels(grafana.parse(text, "board.json"), {}, 60, 1) == ()


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
    made = grafana.panels(grafana.Dashboard("Board", (target,), {}), {}, 15.0, 1.0)
    assert [panel.whole_range for panel in made] == [whole]
