"""The dashboards that `make dashboards` writes: current, complete, and free of what makes dashboards lie."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.instrumentation.django_prometheus.metrics import LATENCY_BY_VIEW, NAMES, RESPONSES_BY_VIEW
from harness.monitoring.dashboards.panel_samples import hides_unnamed
from harness.promql import syntax
from tools.dashboards.__main__ import PLACE, texts
from tools.dashboards.parts import BACKGROUND

BOARDS: dict[str, Any] = {Path(name).name: json.loads(text) for name, text in texts().items()}
VARIABLES = {
    "overview.json": ["datasource", "app", "job", "instance", "background"],
    "requests.json": ["datasource", "app", "job", "instance", "background", "namespace", "method"],
    "view.json": ["datasource", "app", "job", "instance", "background", "namespace", "method", "view"],
    "database.json": ["datasource", "app", "job", "instance", "background"],
    "sql-log.json": ["view", "min_ms", "since"],
    "truth.json": [],
}
INFINITY = {"sql-log": {"sql-log.json"}, "truth": {"truth.json"}}
WORDLESS = 20
"""A description shorter than this says nothing that the title does not."""


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every panel but the rows, with the name of its file."""
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield name, panel


PANELS = [pytest.param(name, panel, id=f"{name}-{panel['title']}") for name, panel in panels()]
EXPRESSIONS = [
    pytest.param(target["expr"], id=f"{name}-{panel['title']}-{target['refId']}")
    for name, panel in panels()
    for target in panel["targets"]
    if "expr" in target
]


def variables(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of a board; one without any has no list."""
    found: list[dict[str, Any]] = board["templating"].get("list") or []
    return found


def filled(text: str) -> str:
    """The expression with everything chosen, as Prometheus would read it."""
    values = {"background": BACKGROUND, "view": "work:fast", "__rate_interval": "4m", "__range": "1h"}
    return re.sub(r"\$([a-z_]+)", lambda match: values.get(match[1], ".*"), text)


def test_the_committed_dashboards_are_current() -> None:
    """`make dashboards` would change nothing."""
    found = [*PLACE.glob("dashboards/*.json"), *PLACE.glob("tables/*.json")]
    committed = {str(file.relative_to(PLACE)): file.read_text(encoding="utf-8") for file in found}
    assert committed == texts()


@pytest.mark.parametrize("name", VARIABLES)
def test_a_board_has_its_variables(name: str) -> None:
    """In the order in which one depends on the other."""
    assert [each["name"] for each in variables(BOARDS[name])] == VARIABLES[name]


def test_the_variables_of_queries_are_those_of_the_board() -> None:
    """None is asked for that is not there."""
    for name, board in BOARDS.items():
        own = {each["name"] for each in variables(board)}
        texts_ = [
            target.get("expr") or target["url"]
            for file, panel in panels()
            if file == name
            for target in panel["targets"]
        ]
        texts_ += [each["query"] for each in variables(board) if each["type"] == "query"]
        asked = {found for text in texts_ for found in re.findall(r"\$([a-z][a-z_]*)", text)}
        assert asked <= own


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_says_what_it_shows(name: str, panel: dict[str, Any]) -> None:
    """Title, description, unit, thresholds, words for no data, and a data source that is a variable or ours."""
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert len(panel["description"]) > WORDLESS
    assert defaults["unit"]
    assert defaults["noValue"]
    assert defaults["thresholds"]["steps"]
    uid = panel["datasource"]["uid"]
    assert uid == "${datasource}" or name in INFINITY[uid]


def test_titles_and_ids_are_unique_within_a_board() -> None:
    """So that a verdict names one panel."""
    for name, board in BOARDS.items():
        titles = [panel["title"] for file, panel in panels() if file == name]
        ids = [panel["id"] for panel in board["panels"]]
        assert (len(set(titles)), len(set(ids))) == (len(titles), len(ids))
        for panel in board["panels"]:
            refs = [target["refId"] for target in panel.get("targets", ())]
            assert len(set(refs)) == len(refs)


def test_panels_do_not_overlap() -> None:
    """Each has its own place on the grid of 24 columns."""
    for board in BOARDS.values():
        taken: set[tuple[int, int]] = set()
        for place in (panel["gridPos"] for panel in board["panels"]):
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken
            assert place["x"] + place["w"] <= 24
            taken |= cells


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_follows_the_rules(text: str) -> None:
    """Names that the library exports, labels of the target, ranges of Grafana's, no mistake of form."""
    selections = list(syntax.selections(syntax.parse(filled(text))))
    assert {selection.metric for selection in selections} <= NAMES
    for selection in selections:
        asked = {matcher.label for matcher in selection.matchers}
        assert asked >= {"app", "job", "instance"}
        assert not hides_unnamed(selection, DJANGO_PROMETHEUS.traffic)
        if selection.metric == RESPONSES_BY_VIEW or selection.metric.startswith(LATENCY_BY_VIEW):
            views = [matcher for matcher in selection.matchers if matcher.label == "view"]
            assert not all(matcher.accepts("prometheus-django-metrics") for matcher in views)
            assert not all(matcher.accepts("healthz") for matcher in views)
    assert set(re.findall(r"\}\[(.*?)\]", text)) <= {"$__rate_interval", "$__range"}
    assert re.search(r"(avg|sum|max|min)\s*(by \([^)]*\)\s*)?\(\s*histogram_quantile", text) is None
    assert re.search(r"\[\$__\w+\]\)\)?\s*[><]", text) is None or "histogram_quantile" not in text


def test_the_boards_that_runs_judge_ask_prometheus_alone() -> None:
    """What asks something else stands beside them, so that no panel of theirs is left unproved."""
    for name in texts():
        ask_prometheus = Path(name).name not in set().union(*INFINITY.values())
        assert Path(name).parent.name == ("dashboards" if ask_prometheus else "tables")


def test_links_lead_to_boards_that_are_there() -> None:
    """From the overview to the requests, from there to a view, and from panels to the SQL log."""
    uids = {board["uid"] for board in BOARDS.values()}
    found: dict[str, set[str]] = {}
    for name, board in BOARDS.items():
        text = json.dumps(board)
        found[name] = set(re.findall(r"/d/([a-z-]+)", text))
        assert found[name] <= uids
        assert board["links"][0]["tags"] == ["django"]
        assert "django" in board["tags"]
    assert {"django-requests", "django-database", "django-sql-log"} <= found["overview.json"]
    assert "django-view" in found["requests.json"]
    assert "django-sql-log" in found["view.json"] & found["database.json"]


def test_a_click_on_a_view_opens_its_board() -> None:
    """The tables of views hand over what was clicked."""
    tables = [panel for name, panel in panels() if name == "requests.json" and panel["type"] == "table"]
    assert len(tables) == 3
    for panel in tables:
        (override,) = (each for each in panel["fieldConfig"]["overrides"] if each["matcher"]["options"] == "View")
        (links,) = (each["value"] for each in override["properties"] if each["id"] == "links")
        assert "var-view=${__data.fields.View}" in links[0]["url"]


def test_columns_of_other_sources_are_put_in_order() -> None:
    """The data source sorts them by name."""
    for name, panel in panels():
        if name in ("sql-log.json", "truth.json"):
            (query,) = panel["targets"]
            (order,) = (each["options"]["indexByName"] for each in panel["transformations"])
            assert sorted(order, key=order.get) == [column["text"] for column in query["columns"]]
