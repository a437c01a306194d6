"""The file of a Grafana dashboard -> its values: as exported, provisioned or generated, of any schema."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.core.document import check, read_json
from harness.core.errors import UsageError
from harness.monitoring.dashboards import captions, schema_v2
from harness.monitoring.dashboards.board import LIBRARY, PROMETHEUS, Dashboard, Filter, Target, Variable
from harness.monitoring.dashboards.variables import REFERENCE

_INPUT = re.compile(r"\$\{([\w-]+)\}")
RENAMED = "displayName"
OWN_NAME = re.compile(r"__(?:series|field)\b")
"""A name that Grafana makes of the legend."""
MIXED = "-- Mixed --"
"""A panel's data source where each of its queries has its own."""


def parse(text: str, source: str) -> Dashboard:
    """Read a dashboard's JSON; `source` names it in errors. Raises UsageError."""
    try:
        document = read_json(text.removeprefix("\ufeff"))
        check(document)
    except ValueError as error:
        raise UsageError(f"{source}: not valid JSON: {error}; export the dashboard from Grafana again") from None
    for wrapper in ("dashboard", "spec"):  # as the HTTP API gives it, and as a resource
        if isinstance(document, dict) and isinstance(document.get(wrapper), dict):
            document = document[wrapper]
    if isinstance(document, dict) and schema_v2.is_v2(document):
        document = schema_v2.classic(document)
    panels = _rows_or_panels(document)
    if panels is None:
        raise UsageError(f"{source}: not a Grafana dashboard: it has no list of panels; export it from Grafana as JSON")
    constants, kinds = _inputs(document.get("__inputs"))
    if constants:
        document, panels = (_with_inputs(each, constants) for each in (document, panels))
    templating = document.get("templating")
    listed = templating.get("list") if isinstance(templating, dict) else None
    items = [item for item in (listed if isinstance(listed, list) else ()) if isinstance(item, dict)]
    kinds |= {str(each.get("name")): str(each.get("query") or "") for each in items if each.get("type") == "datasource"}
    shared = document.get("__elements")
    own = list(_own(panels, shared if isinstance(shared, dict) else {}))
    variables = {str(item["name"]): _variable(item, kinds) for item in items if "name" in item}
    return Dashboard(str(document.get("title") or source), tuple(_targets(own, kinds)), variables, source)


def _rows_or_panels(document: Any) -> list[Any] | None:
    """The panels of a dashboard, each row of before Grafana 5 as one that is folded; None without either."""
    if not isinstance(document, dict):
        return None
    rows, panels = document.get("rows"), document.get("panels")
    if isinstance(panels, list) and (panels or not isinstance(rows, list)):
        return panels
    if not isinstance(rows, list):
        return None
    return [{**row, "type": "row"} for row in rows if isinstance(row, dict) and isinstance(row.get("panels"), list)]


def _inputs(inputs: Any) -> tuple[dict[str, str], dict[str, str]]:
    """What an export for others asks of whoever imports it: constants, and the types of data sources, by name."""
    constants: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for item in inputs if isinstance(inputs, list) else ():
        if isinstance(item, dict) and item.get("type") == "datasource":
            kinds[str(item.get("name"))] = str(item.get("pluginId") or "")
        elif isinstance(item, dict) and item.get("value") is not None:
            constants[str(item.get("name"))] = str(item["value"])
    return constants, kinds


def _with_inputs(node: Any, constants: Mapping[str, str]) -> Any:
    """A document with its constants filled in, as Grafana's import does."""
    if isinstance(node, str):
        return _INPUT.sub(lambda match: constants.get(match[1], match[0]), node)
    if isinstance(node, list):
        return [_with_inputs(each, constants) for each in node]
    if isinstance(node, dict):
        return {key: each if key == "__inputs" else _with_inputs(each, constants) for key, each in node.items()}
    return node


def _own(panels: Sequence[Any], shared: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels, with what an export for others holds of those in the library; copies that Grafana made are left."""
    for panel in panels:
        if not isinstance(panel, dict) or panel.get("repeatPanelId") is not None:
            continue
        inner, library = panel.get("panels"), panel.get("libraryPanel")
        if isinstance(inner, list):  # a row that is folded
            yield {**panel, "panels": list(_own(inner, shared))}
        elif isinstance(library, dict):
            element = shared.get(str(library.get("uid")))
            model = element.get("model") if isinstance(element, dict) else None
            model = model if isinstance(model, dict) else library.get("model")
            known = model if isinstance(model, dict) else {"targets": [{}], "datasource": {"type": LIBRARY}}
            given = {key: value for key, value in panel.items() if value is not None}
            yield {"title": library.get("name"), **known, **given}
        else:
            yield panel


def _targets(
    panels: Sequence[dict[str, Any]], kinds: Mapping[str, str], inherited: Any = None, around: tuple[str, ...] = ()
) -> Iterator[Target]:
    row = around
    for panel in panels:
        data_source = panel.get("datasource") or inherited
        repeats = tuple(dict.fromkeys((*row, *_repeats(panel))))
        if panel.get("type") == "row":
            row = repeats = (*around, *_repeats(panel))  # of the panels that follow it, where it is unfolded
        if isinstance(panel.get("panels"), list):
            yield from _targets(panel["panels"], kinds, data_source, repeats)
        targets = panel.get("targets")
        queries = [each for each in (targets if isinstance(targets, list) else ()) if isinstance(each, dict)]
        drawn = [each for each in queries if not each.get("hide")]
        for query in drawn:
            kind = _kind(query.get("datasource") or data_source, kinds)
            for target in _target(panel, query, kind, repeats):
                yield replace(target, caption=_caption(panel, query, alone=len(drawn) == 1))


def _target(
    panel: Mapping[str, Any], query: Mapping[str, Any], kind: str | None, repeats: tuple[str, ...]
) -> Iterator[Target]:
    expression = str(query.get("expr") or "").strip()
    if not expression and kind in (None, PROMETHEUS):
        return
    done, points = panel.get("transformations"), panel.get("maxDataPoints")
    yield Target(
        str(panel.get("title") or f"panel {panel.get('id', '?')}"),
        str(query.get("refId") or ""),
        expression,
        kind,
        _unit(panel),
        repeats,
        str(panel.get("interval") or ""),
        str(query.get("interval") or ""),
        points if isinstance(points, int) and points > 0 else 0,
        str(panel.get("timeFrom") or ""),
        transformations=tuple(
            str(each.get("id"))
            for each in (done if isinstance(done, list) else ())
            if isinstance(each, dict) and not each.get("disabled")
        ),
    )


def _caption(panel: Mapping[str, Any], query: Mapping[str, Any], *, alone: bool) -> str:
    """The legend, or the title of a panel with one query where the legend says neither percentile nor status."""
    config = panel.get("fieldConfig")
    config = config if isinstance(config, dict) else {}
    if any(each.get("id") == RENAMED for each in _overridden(config)):
        return ""  # which curves it renames is Grafana's to find out
    defaults = config.get("defaults")
    shown = str(defaults.get(RENAMED) or "") if isinstance(defaults, dict) else ""
    legend = str(query.get("legendFormat") or "") if OWN_NAME.search(shown) or not shown else shown
    says = captions.percentiles(legend) or captions.status_class(legend) or REFERENCE.search(legend)
    return legend if says or not alone else str(panel.get("title") or "")


def _overridden(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The properties that some curves of a panel have of their own."""
    overrides = config.get("overrides")
    for override in overrides if isinstance(overrides, list) else ():
        properties = override.get("properties") if isinstance(override, dict) else None
        yield from (each for each in (properties if isinstance(properties, list) else ()) if isinstance(each, dict))


def _repeats(panel: Mapping[str, Any]) -> tuple[str, ...]:
    several = panel.get("repeats")
    if isinstance(several, list):
        return tuple(map(str, several))
    return (str(panel["repeat"]),) if panel.get("repeat") else ()


def _unit(panel: Mapping[str, Any]) -> str:
    """The unit of all that a panel shows as Prometheus answered it; empty where that is not known."""
    config = panel.get("fieldConfig")
    if not isinstance(config, dict) or config.get("overrides") or panel.get("transformations"):
        return ""
    defaults = config.get("defaults")
    unit = defaults.get("unit") if isinstance(defaults, dict) else None
    return unit if isinstance(unit, str) else ""


def _kind(data_source: Any, kinds: Mapping[str, str]) -> str | None:
    """The type of a data source; without any it is the default one, which is assumed to be Prometheus."""
    if isinstance(data_source, dict):
        if kind := data_source.get("type"):
            return str(kind)
        data_source = data_source.get("uid")
    if not data_source or not isinstance(data_source, str) or data_source == MIXED:
        return PROMETHEUS
    variable = REFERENCE.fullmatch(data_source)
    if variable:
        return kinds.get(variable[1] or variable[2] or variable[5]) or None
    return PROMETHEUS if data_source.lower() in (PROMETHEUS, "default") else None


def _variable(item: Mapping[str, Any], kinds: Mapping[str, str]) -> Variable:
    query, refresh, order, steps = (item.get(key) for key in ("query", "refresh", "sort", "auto_count"))
    if isinstance(query, dict):
        query = query.get("query") or query.get("expr")
    return Variable(
        name=str(item["name"]),
        kind=str(item.get("type") or "query"),
        query=str(query or (item.get("definition") if item.get("type") == "query" else "") or ""),
        chosen=_current(item),
        several=bool(item.get("multi") or item.get("includeAll")),
        includes_all=bool(item.get("includeAll")),
        all_value=str(item.get("allValue") or ""),
        options=_options(item),
        asked_anew=refresh not in (0, None, False) or _current(item) is None,
        regex=str(item.get("regex") or ""),
        order=order if isinstance(order, int) else 0,
        data_source=_kind(item.get("datasource"), kinds),
        steps=steps if isinstance(steps, int) and steps > 0 else 30,
        least_step=str(item.get("auto_min") or "10s"),
        filters=tuple(_filters(item)),
    )


def _current(item: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What is chosen in the file; None for nothing, which `{}` and a list without values are."""
    current = item.get("current")
    chosen = current.get("value") if isinstance(current, dict) else None
    values = tuple(str(each) for each in (chosen if isinstance(chosen, list) else [chosen]) if each is not None)
    return values or None


def _options(item: Mapping[str, Any]) -> tuple[str, ...]:
    options = item.get("options")
    values = (each.get("value") for each in (options if isinstance(options, list) else ()) if isinstance(each, dict))
    return tuple(str(value) for value in values if isinstance(value, str | int | float) and value != "$__all")


def _filters(item: Mapping[str, Any]) -> Iterator[Filter]:
    for key in ("baseFilters", "filters"):
        filters = item.get(key)
        for each in filters if isinstance(filters, list) and item.get("type") == "adhoc" else ():
            if isinstance(each, dict) and each.get("key"):
                several = each.get("values")
                values = several if isinstance(several, list) and several else [each.get("value", "")]
                yield Filter(str(each["key"]), str(each.get("operator") or "="), tuple(map(str, values)))
