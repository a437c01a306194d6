"""Grafana dashboards: JSON -> the expressions of their panels, with variables filled in as Grafana does.

Sources: https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/ and, for the built-in variables,
https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.core.document import check, read_json
from harness.core.errors import UsageError
from harness.core.panel import Panel
from harness.core.run import Window

ALL = "$__all"
PROMETHEUS = "prometheus"
LIBRARY = "library"
"""In place of a data source: the panel is in Grafana's library and not in the file."""
RATE_SCRAPES = 4
"""Scrapes in `$__rate_interval`, the least that Grafana gives it."""
_VARIABLE = re.compile(r"\$([a-zA-Z_]\w*)|\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]")
_OPTION = re.compile(r"(?:\\,|[^,])+")
_NAMED_OPTION = re.compile(r"(.+?)(?:\s:\s(.+))?", re.DOTALL)
_SPECIAL = re.compile(r"([$^*{}\[\]'+?.()|])")
_EXACT = re.compile(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a dashboard with the values that are chosen in it; none when nothing is."""

    values: tuple[str, ...]
    several: bool
    """More than one value, or all of them, can be chosen: then it stands in a regular expression."""
    pattern: str = ""
    """What stands for all of them."""


@dataclass(frozen=True, slots=True)
class Target:
    """One query of one panel, as written."""

    panel: str
    ref: str
    expression: str
    data_source: str | None
    """Its type, `prometheus` for ours and for the default one; None when its name does not show it."""
    unit: str = ""
    """The panel's unit; empty where there is none, or not the same for all that it shows."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What a dashboard asks."""

    title: str
    targets: tuple[Target, ...]
    variables: Mapping[str, Variable]
    source: str = ""
    """The file that it was read from."""
    problem: str = ""
    """Why the file is not a dashboard; empty when it is."""


def parse(text: str, source: str) -> Dashboard:
    """Read a dashboard's JSON, as it is exported or provisioned; `source` names it in errors. Raises UsageError."""
    try:
        document = read_json(text.removeprefix("\ufeff"))
        check(document)
    except ValueError as error:
        raise UsageError(f"{source}: not valid JSON: {error}; export the dashboard from Grafana again") from None
    for wrapper in ("dashboard", "spec"):  # as the HTTP API gives it, and as a resource
        if isinstance(document, dict) and isinstance(document.get(wrapper), dict):
            document = document[wrapper]
    if not isinstance(document, dict) or not isinstance(document.get("panels"), list):
        raise UsageError(f"{source}: not a Grafana dashboard: {_missing_panels(document)}")
    templating = document.get("templating")
    items = templating.get("list") if isinstance(templating, dict) else None
    variables = {
        str(item["name"]): _variable(item)
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and "name" in item
    }
    title = str(document.get("title") or source)
    shared = document.get("__elements")
    panels_ = list(_own(document["panels"], shared if isinstance(shared, dict) else {}))
    return Dashboard(title, tuple(_targets(panels_, _data_sources(items))), variables, source)


def labels_of(matchers: str) -> dict[str, str]:
    """The labels that PromQL matchers give one value: `job="django"`."""
    return {name: value.replace('\\"', '"').replace("\\\\", "\\") for name, value in _EXACT.findall(matchers)}


def panels(dashboard: Dashboard, given: Mapping[str, str], range_s: float, interval_s: float) -> tuple[Panel, ...]:
    """Each query with its variables filled in; `problem` says why one could not be.

    `given` are values for variables of that name, before those of the dashboard: a team's job or instance. The
    dashboard's time range is `range_s`, and its data source is scraped every `interval_s`.
    """
    if dashboard.problem:
        return (Panel(dashboard.title, "", "", "", problem=dashboard.problem, source=dashboard.source),)
    return tuple(_panel(dashboard, target, given, range_s, interval_s) for target in dashboard.targets)


def panels_of(dashboards: Sequence[Dashboard], selector: str, window: Window) -> tuple[Panel, ...]:
    """The queries of dashboards over a window, with the labels of the target's selector for variables of that name."""
    given = labels_of(selector)
    return tuple(
        panel for each in dashboards for panel in panels(each, given, window.length_s, window.scrape_interval_s)
    )


def _panel(dashboard: Dashboard, target: Target, given: Mapping[str, str], range_s: float, interval_s: float) -> Panel:
    if target.data_source not in (None, PROMETHEUS):
        other, source = target.data_source, dashboard.source
        return Panel(dashboard.title, target.panel, target.ref, target.expression, other=other, source=source)
    missing: list[str] = []

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[4]
        built_in = _built_in(name, range_s, interval_s)
        if built_in is not None:
            return built_in
        variable = Variable((given[name],), several=False) if name in given else dashboard.variables.get(name)
        if variable is None:
            return match[0]  # as Grafana leaves it: it may be a group of a regular expression
        if not (variable.values or variable.pattern):
            missing.append(f"variable ${name} has no value")
            return match[0]
        written = _formatted(variable, match[3] or match[5] or "")
        if written is None:
            missing.append(f"the format of {match[0]} is unknown")
            return match[0]
        return written

    filled = _VARIABLE.sub(fill, target.expression)
    names = (match[1] or match[2] or match[4] for match in _VARIABLE.finditer(target.expression))
    whole_range = any(name.startswith("__range") for name in names)
    problem, presumed = "; ".join(dict.fromkeys(missing)), target.data_source is None
    source = dashboard.source
    return Panel(
        dashboard.title,
        target.panel,
        target.ref,
        filled,
        problem,
        presumed=presumed,
        source=source,
        whole_range=whole_range,
        unit=target.unit,
    )


def unfilled(text: str) -> str:
    """The first name in a filled-in text that looks like a variable's but was not filled in; empty without any."""
    names = (match[1] or match[2] or match[4] for match in _VARIABLE.finditer(text))
    return next((name for name in names if not name.isdigit()), "")


def _built_in(name: str, range_s: float, interval_s: float) -> str | None:
    """The value of one of Grafana's built-in variables; None for any other."""
    range_ms, interval_ms = round(range_s * 1000), round(interval_s * 1000)
    values = {
        "__range": f"{range_ms}ms",
        "__range_s": str(round(range_s)),
        "__range_ms": str(range_ms),
        "__interval": f"{interval_ms}ms",
        "__interval_ms": str(interval_ms),
        "__rate_interval": f"{RATE_SCRAPES * interval_ms}ms",
        "__rate_interval_ms": str(RATE_SCRAPES * interval_ms),
    }
    return values["__interval"] if name.startswith("__auto_interval") else values.get(name)


def _formatted(variable: Variable, format_: str) -> str | None:
    """A variable's text in an expression; None when the format is not known."""
    values: Sequence[str] = variable.values
    escaped = [_SPECIAL.sub(r"\\\\\1", value.replace("\\", "\\" * 4)) for value in values]
    if variable.pattern and not values:
        return variable.pattern
    if format_ == "" and not variable.several:
        return values[0].replace("\\", "\\\\").replace('"', '\\"')
    if format_ in ("", "regex"):
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
    separators = {"raw": ",", "csv": ",", "pipe": "|"}
    return separators[format_].join(values) if format_ in separators else None


def _missing_panels(document: Any) -> str:
    """What a document has in place of panels, and the next step."""
    if isinstance(document, dict) and isinstance(document.get("rows"), list):
        return "its panels are in rows, as before Grafana 5; open it in Grafana, save it and export it again"
    if isinstance(document, dict) and isinstance(document.get("elements"), dict):
        return "it has the schema v2, which is not supported; export it from Grafana as classic JSON"
    return "it has no list of panels; export it from Grafana as JSON"


def _own(panels_: Sequence[Any], shared: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels, with what an export for others holds of those in the library."""
    for panel in panels_:
        if not isinstance(panel, dict):
            continue
        inner, library = panel.get("panels"), panel.get("libraryPanel")
        if isinstance(inner, list):  # a row that is folded
            yield {**panel, "panels": list(_own(inner, shared))}
        elif isinstance(library, dict):
            element = shared.get(str(library.get("uid")))
            model = element.get("model") if isinstance(element, dict) else None
            known = model if isinstance(model, dict) else {"targets": [{}], "datasource": {"type": LIBRARY}}
            yield {"title": library.get("name"), **known, **panel}
        else:
            yield panel


def _targets(panels_: Sequence[dict[str, Any]], kinds: Mapping[str, str], inherited: Any = None) -> Iterator[Target]:
    for panel in panels_:
        data_source = panel.get("datasource") or inherited
        if isinstance(panel.get("panels"), list):  # a row that is folded
            yield from _targets(panel["panels"], kinds, data_source)
        queries = panel.get("targets")
        for query in queries if isinstance(queries, list) else ():
            if isinstance(query, dict) and not query.get("hide"):
                kind = _kind(query.get("datasource") or data_source, kinds)
                expression = str(query.get("expr") or "").strip()
                if expression or kind not in (None, PROMETHEUS):
                    title = str(panel.get("title") or f"panel {panel.get('id', '?')}")
                    yield Target(title, str(query.get("refId") or ""), expression, kind, _unit(panel))


def _unit(panel: Mapping[str, Any]) -> str:
    """The unit of all that a panel shows as Prometheus answered it; empty where that is not known."""
    config = panel.get("fieldConfig")
    if not isinstance(config, dict) or config.get("overrides") or panel.get("transformations"):
        return ""
    defaults = config.get("defaults")
    unit = defaults.get("unit") if isinstance(defaults, dict) else None
    return unit if isinstance(unit, str) else ""


def _data_sources(items: Any) -> dict[str, str]:
    """The types of the data sources that variables stand for."""
    chosen = (item for item in (items if isinstance(items, list) else ()) if isinstance(item, dict))
    return {str(item.get("name")): str(item.get("query") or "") for item in chosen if item.get("type") == "datasource"}


def _kind(data_source: Any, kinds: Mapping[str, str]) -> str | None:
    """The type of a data source; without any it is the default one, which is assumed to be Prometheus."""
    if isinstance(data_source, dict):
        if kind := data_source.get("type"):
            return str(kind)
        data_source = data_source.get("uid")
    if not data_source or not isinstance(data_source, str):
        return PROMETHEUS
    variable = _VARIABLE.fullmatch(data_source)
    if variable:
        return kinds.get(variable[1] or variable[2] or variable[4]) or None
    return PROMETHEUS if data_source.lower() in (PROMETHEUS, "default") else None


def _variable(item: Mapping[str, Any]) -> Variable:
    current = item.get("current")
    chosen = current.get("value") if isinstance(current, dict) else None
    values = [str(value) for value in (chosen if isinstance(chosen, list) else [chosen]) if value not in (None, "")]
    several = bool(item.get("multi") or item.get("includeAll"))
    options = _options(item)
    if item.get("includeAll") and (not values or ALL in values):
        if item.get("type") == "custom" and options and not item.get("allValue"):
            return Variable(options, several)
        return Variable((), several, str(item.get("allValue") or ".*"))
    if not values and item.get("type") in ("constant", "textbox"):
        values = [str(item.get("query") or "").strip()]
    if not values and item.get("type") in ("custom", "interval"):
        values = list(options[:1])
    return Variable(tuple(value for value in values if value), several)


def _options(item: Mapping[str, Any]) -> tuple[str, ...]:
    r"""What a variable that lists its values offers: `GET, POST` or `shown : value`, with a comma in one as `\,`."""
    parts = (part.strip() for part in _OPTION.findall(str(item.get("query") or "")))
    named = (_NAMED_OPTION.fullmatch(part) for part in parts if part)
    return tuple((each[2] if each[2] is not None else each[0]).strip().replace("\\,", ",") for each in named if each)
