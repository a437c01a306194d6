"""A dashboard of Grafana's schema v2 (v2alpha1, v2beta1) in the shape of the classic one.

Source: https://grafana.com/docs/grafana/latest/as-code/observability-as-code/schema-v2/.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_KINDS = {
    "QueryVariable": "query",
    "CustomVariable": "custom",
    "IntervalVariable": "interval",
    "TextVariable": "textbox",
    "ConstantVariable": "constant",
    "DatasourceVariable": "datasource",
    "AdhocVariable": "adhoc",
    "GroupByVariable": "groupby",
    "SwitchVariable": "switch",
}
_ORDERS = (
    *("disabled", "alphabeticalAsc", "alphabeticalDesc", "numericalAsc", "numericalDesc"),
    *("alphabeticalCaseInsensitiveAsc", "alphabeticalCaseInsensitiveDesc", "naturalAsc", "naturalDesc"),
)
_REFRESHES = {"never": 0, "onDashboardLoad": 1, "onTimeRangeChanged": 2}
DEEPEST = 10
"""Layouts within layouts."""

Document = Mapping[str, Any]


def is_v2(document: Document) -> bool:
    """True for a dashboard whose panels are elements that a layout places."""
    return isinstance(document.get("elements"), dict)


def classic(document: Document) -> dict[str, Any]:
    """The same dashboard as `panels` and `templating`; what is of an unknown kind is left out."""
    elements = document["elements"]
    layout = document.get("layout")
    names = list(_placed(layout, 0)) if isinstance(layout, dict) else [_Place(name) for name in elements]
    panels = [panel for each in names if (panel := _panel(elements.get(each.element), each)) is not None]
    items = document.get("variables")
    variables = [_variable(each) for each in (items if isinstance(items, list) else ()) if isinstance(each, dict)]
    return {"title": document.get("title"), "panels": panels, "templating": {"list": variables}}


class _Place:
    """Where an element stands, and the variables for whose values it is repeated there."""

    def __init__(self, element: str, repeats: tuple[str, ...] = ()) -> None:
        self.element, self.repeats = element, repeats


def _spec(node: Any) -> Document:
    spec = node.get("spec") if isinstance(node, dict) else None
    return spec if isinstance(spec, dict) else {}


def _repeated(spec: Document) -> tuple[str, ...]:
    repeat = spec.get("repeat")
    return (str(repeat["value"]),) if isinstance(repeat, dict) and repeat.get("value") else ()


def _placed(layout: Any, depth: int, repeats: tuple[str, ...] = ()) -> Iterator[_Place]:
    spec = _spec(layout)
    for key in ("items", "rows", "tabs"):
        for node in spec[key] if isinstance(spec.get(key), list) and depth < DEEPEST else ():
            own = _spec(node)
            around = (*repeats, *_repeated(own))
            element = own.get("element")
            if isinstance(element, dict):
                yield _Place(str(element.get("name")), around)
            elif isinstance(own.get("layout"), dict):
                yield from _placed(own["layout"], depth + 1, around)


def _panel(element: Any, place: _Place) -> dict[str, Any] | None:
    spec = _spec(element)
    if not isinstance(element, dict) or not spec:
        return None
    own: dict[str, Any] = {"title": spec.get("title"), "id": spec.get("id"), "repeats": list(place.repeats)}
    if element.get("kind") == "LibraryPanel":
        return {**own, "libraryPanel": spec.get("libraryPanel") or {}}
    group, config = _spec(spec.get("data")), _spec(spec.get("vizConfig"))
    options = group.get("queryOptions")
    options = options if isinstance(options, dict) else {}
    queries, done = group.get("queries"), group.get("transformations")
    return {
        **own,
        "fieldConfig": config.get("fieldConfig"),
        "interval": options.get("interval"),
        "maxDataPoints": options.get("maxDataPoints"),
        "timeFrom": options.get("timeFrom"),
        "targets": [_query(_spec(each)) for each in (queries if isinstance(queries, list) else ())],
        "transformations": [
            {"id": each.get("kind") if each.get("kind") != "Transformation" else each.get("group")}
            for each in (done if isinstance(done, list) else ())
            if isinstance(each, dict)
        ],
    }


def _query(spec: Document) -> dict[str, Any]:
    query = spec.get("query")
    asked = {**_spec(query), "refId": spec.get("refId"), "hide": spec.get("hidden")}
    return {**asked, "datasource": _data_source(query, spec)}


def _data_source(query: Any, spec: Document) -> dict[str, Any] | None:
    """Its type is the kind of the query, or the group of one whose kind is `DataQuery`."""
    found = spec.get("datasource")
    if isinstance(query, dict):
        kind = query.get("group") if query.get("kind") == "DataQuery" else query.get("kind")
        own = query.get("datasource")
        uid = own.get("name") if isinstance(own, dict) else found.get("uid") if isinstance(found, dict) else None
        return {"type": kind, "uid": uid} if kind or uid else None
    return found if isinstance(found, dict) else None


def _variable(node: Document) -> dict[str, Any]:
    spec = dict(_spec(node))
    kind = _KINDS.get(str(node.get("kind")), str(node.get("kind")))
    query = spec.get("query")
    if isinstance(query, dict):
        asked = _spec(query)
        spec["datasource"] = _data_source(query, spec)
        spec["query"] = asked.get("query") or asked.get("__legacyStringValue") or asked.get("expr") or ""
    if kind == "datasource":
        spec["query"] = spec.get("pluginId")
    order, refresh = str(spec.get("sort")), str(spec.get("refresh"))
    return {
        **spec,
        "type": kind,
        "sort": _ORDERS.index(order) if order in _ORDERS else 0,
        "refresh": _REFRESHES.get(refresh, 1),
    }
