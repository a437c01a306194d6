"""index.html and index.json: several runs beside each other."""

import json

import msgspec
from markupsafe import Markup

from harness.core.text import inert_json
from harness.report.render import html, svg
from harness.report.render import number_format as fmt
from harness.report.trends import Index, Trend

SCHEMA_VERSION = 1
SIZE = svg.Size(360, 120)
TICKS = 3


def render_json(index: Index) -> str:
    """The index as index.json."""
    document = {"schema_version": SCHEMA_VERSION, **msgspec.to_builtins(index)}
    return inert_json(json.dumps(document, indent=1, allow_nan=False)) + "\n"


def render_html(index: Index) -> str:
    """The index as one page that loads nothing."""
    several = len({trend.profile for trend in index.trends}) > 1
    groups: dict[tuple[str, str, str], list[Trend]] = {}
    for trend in index.trends:
        groups.setdefault((trend.profile, trend.view, trend.method), []).append(trend)
    charts = [
        (
            _subject(group[0], several=several),
            [(_name(trend), _chart(trend, len(index.runs), f"trend-{place}-{trend.number}")) for trend in group],
        )
        for place, group in enumerate(groups.values())
    ]
    return html.page("index.html.j2", index=index, charts=charts, changes=_changes(index))


def _changes(index: Index) -> list[tuple[str, str, str, str]]:
    """Run, view, number and change of every marker, newest first."""
    found = [
        (point.place, (point.run_id, _subject(trend), _name(trend), _change_text(trend, point.change)))
        for trend in index.trends
        for point in trend.points
        if point.change is not None
    ]
    return [row for _, row in sorted(found, key=lambda each: -each[0])]


def _subject(trend: Trend, *, several: bool = False) -> str:
    """The view, and its profile where there are several."""
    view = f"{trend.view} {trend.method}".strip() or "all views"
    return f"{view}, profile {trend.profile}" if several else view


def _chart(trend: Trend, last: int, ident: str) -> Markup:
    values = [point.value for point in trend.points if point.value is not None]
    ticks = svg.linear_ticks(max(values), TICKS)
    line = svg.Line(
        "client",
        tuple((float(point.place), point.value) for point in trend.points),
        dots=tuple(
            (float(point.place), point.value, f"{point.run_id}: {fmt.number(point.value, trend.unit)}")
            for point in trend.points
            if point.value is not None and (point.change is not None or len(trend.points) == 1)
        ),
    )
    across = svg.Axis(0.5, last + 0.5, ((1.0, "1"), (float(last), str(last))) if last > 1 else ((1.0, "1"),), "run")
    up = svg.Axis(0.0, ticks[-1], tuple((tick, fmt.number(tick, trend.unit)) for tick in ticks))
    marked = sum(point.change is not None for point in trend.points)
    description = f"{len(values)} runs, the last {fmt.number(values[-1], trend.unit)}, {marked} changes marked"
    return svg.chart([line], across, up, SIZE, ident=ident, title=_name(trend), description=description)


def _name(trend: Trend) -> str:
    return trend.number.removesuffix("_s").replace("_", " ")


def _change_text(trend: Trend, change: float | None) -> str:
    if change is None:
        return ""
    return f"{change * 100:+.2f} points" if trend.number == "error_ratio" else f"{change * 100:+.1f} %"
