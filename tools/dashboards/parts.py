"""The pieces that the dashboards share: variables, links, and panels that cannot be made without a description."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prometheus_model

from harness.instrumentation.django_prometheus.metrics import RESPONSES_BY_VIEW
from tools.dashboards.queries import TARGETS

ALL = model.VariableOption(selected=True, text=["All"], value=["$__all"])
BACKGROUND = "prometheus-django-metrics|healthz"
"""Views of scrapes and health checks, as a regular expression."""
EXAMPLE_VIEW = "work:raises"
"""The view that a new board of one view shows: it answers, fails and raises in the scenario of the reference target."""
PROMETHEUS = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
SQL_LOG = model.DataSourceRef(type_val="yesoreyeram-infinity-datasource", uid="sql-log")
TRUTH = model.DataSourceRef(type_val="yesoreyeram-infinity-datasource", uid="truth")
GREEN, YELLOW, RED = "green", "yellow", "red"
NO_TRAFFIC = "no traffic"
WIDTH, STAT_HEIGHT, GRAPH_HEIGHT = 24, 4, 8


@dataclass(frozen=True, slots=True)
class Line:
    """One query of a panel and how its lines are called."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a value turns yellow and red; falling when low values are the bad ones."""

    warn: float | None = None
    bad: float | None = None
    falling: bool = False


Link = tuple[str, str]
"""Title and URL."""
QUIET = Limits()


def board(uid: str, title: str, description: str) -> dashboard.Dashboard:
    """An empty dashboard with the links to its siblings."""
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["django"])
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("browser")
        .editable()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Django")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["django"])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )


def with_targets(made: dashboard.Dashboard) -> dashboard.Dashboard:
    """The variables that pick the data source, the sites, the jobs and the processes."""
    return (
        made.with_variable(
            dashboard.DatasourceVariable("datasource")
            .label("Prometheus")
            .type("prometheus")
            .current(model.VariableOption(text="default", value="default"))
        )
        .with_variable(chosen("app", "Site", "label_values(up, app)"))
        .with_variable(chosen("job", "Job", 'label_values(up{app=~"$app"}, job)'))
        .with_variable(chosen("instance", "Instance", 'label_values(up{app=~"$app",job=~"$job"}, instance)'))
        .with_variable(
            dashboard.TextBoxVariable("background")
            .label("Left out")
            .description("Views of scrapes and health checks, as a regular expression.")
            .default_value(BACKGROUND)
            .current(model.VariableOption(text=BACKGROUND, value=BACKGROUND))
        )
    )


def with_namespaces(made: dashboard.Dashboard) -> dashboard.Dashboard:
    """The variables that pick namespaces and methods, after those of `with_targets`."""
    views = f'{RESPONSES_BY_VIEW}{{{TARGETS},view!~"$background"}}'
    return made.with_variable(
        chosen("namespace", "Namespace", f"label_values({views}, view)").regex("/^([^:]+):/")
    ).with_variable(chosen("method", "Method", f"label_values({views}, method)"))


def with_view(made: dashboard.Dashboard) -> dashboard.Dashboard:
    """The variable that picks one view, after those of `with_namespaces`."""
    views = f'{RESPONSES_BY_VIEW}{{{TARGETS},view!~"$background",view=~"$namespace(:.*)?"}}'
    return made.with_variable(
        dashboard.QueryVariable("view")
        .label("View")
        .datasource(PROMETHEUS)
        .query(f"label_values({views}, view)")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .current(model.VariableOption(selected=True, text=EXAMPLE_VIEW, value=EXAMPLE_VIEW))
    )


def chosen(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A variable of which several values, or all, can be chosen."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(PROMETHEUS)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(ALL)
    )


def text_box(name: str, label: str, description: str) -> dashboard.TextBoxVariable:
    """A variable that is typed, empty at first."""
    return dashboard.TextBoxVariable(name).label(label).description(description).default_value("")


def number(
    title: str, description: str, unit: str, expression: str, *, limits: Limits = QUIET, links: Sequence[Link] = ()
) -> stat.Panel:
    """One number, and how it came about."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit(unit)
        .no_value(NO_TRAFFIC)
        .thresholds(_steps(limits))
        .graph_mode(common_model.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .links([_link(link) for link in links])
        .height(STAT_HEIGHT)
        .with_target(_query(0, Line(expression, title)))
    )


def graph(
    title: str,
    description: str,
    unit: str,
    lines: Sequence[Line],
    *,
    limits: Limits = QUIET,
    links: Sequence[Link] = (),
    stacked: bool = False,
) -> timeseries.Panel:
    """Lines over time."""
    made = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit(unit)
        .min(0)
        .no_value(NO_TRAFFIC)
        .thresholds(_steps(limits))
        .fill_opacity(30 if stacked else 5)
        .line_width(1)
        .show_points(common_model.VisibilityMode.AUTO)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_model.LegendDisplayMode.TABLE)
            .placement(common_model.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI))
        .links([_link(link) for link in links])
        .height(GRAPH_HEIGHT)
    )
    if stacked:
        made.stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
    for index, line in enumerate(lines):
        made.with_target(_query(index, line))
    return made


def ranking(
    title: str,
    description: str,
    columns: Sequence[tuple[str, str, str, Limits]],
    *,
    sorted_by: str,
    view_link: str,
) -> table.Panel:
    """A table of views and methods: name, unit, expression and limits of each column."""
    names = {f"Value #{chr(ord('A') + index)}": column[0] for index, column in enumerate(columns)}
    made = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit("short")
        .no_value(NO_TRAFFIC)
        .thresholds(_steps(QUIET))
        .height(GRAPH_HEIGHT + 2)
        .sort_by([common.TableSortByFieldState().display_name(sorted_by).desc(True)])
        .with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            model.DataTransformerConfig(
                id_val="organize",
                options={
                    "excludeByName": {"Time": True},
                    "indexByName": {name: place for place, name in enumerate(("view", "method", *names))},
                    "renameByName": {"view": "View", "method": "Method", **names},
                },
            )
        )
        .override_by_name(
            "View",
            [model.DynamicConfigValue("links", [{"title": "This view", "url": view_link, "targetBlank": False}])],
        )
    )
    for index, (name, unit, expression, limits) in enumerate(columns):
        made.with_target(_query(index, Line(expression, name)).instant().format(prometheus_model.PromQueryFormat.TABLE))
        made.override_by_name(
            name,
            [
                model.DynamicConfigValue("unit", unit),
                model.DynamicConfigValue("thresholds", _steps(limits).build().to_json()),
                model.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
            ],
        )
    return made


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table that the Infinity data source reads."""

    selector: str
    title: str
    unit: str = "string"
    type: str = "string"


class InfinityQuery(Builder[Any], Dataquery):
    """A query of the Infinity data source, for which the SDK has no model.

    Source: https://grafana.com/docs/plugins/yesoreyeram-infinity-datasource/latest/query/
    """

    def __init__(self, path: str, columns: Sequence[Column], *, form: str = "json", root: str = "") -> None:
        """`path` is appended to the data source's URL; `root` is where the rows are in the answer."""
        self._made = {
            "refId": "A",
            "type": form,
            "source": "url",
            "format": "table",
            "parser": "backend",
            "url": path,
            "url_options": {"method": "GET"},
            "root_selector": root,
            "columns": [{"selector": each.selector, "text": each.title, "type": each.type} for each in columns],
        }

    def build(self) -> "InfinityQuery":
        """Itself: it is its own model."""
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        return dict(self._made)


def rows(
    title: str,
    description: str,
    source: model.DataSourceRef,
    query: InfinityQuery,
    columns: Sequence[Column],
    *,
    height: int = GRAPH_HEIGHT,
    links: Sequence[tuple[str, str, str]] = (),
) -> table.Panel:
    """A table of what an Infinity query gives, its columns in order; `links` are column, title and URL.

    The data source sorts columns by name, so they are put in order here.
    """
    made = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(source)
        .unit("short")
        .no_value("nothing yet")
        .thresholds(_steps(QUIET))
        .height(height)
        .span(WIDTH)
        .with_target(query)
        .with_transformation(
            model.DataTransformerConfig(
                id_val="organize",
                options={"indexByName": {column.title: place for place, column in enumerate(columns)}},
            )
        )
    )
    for column in columns:
        if column.unit != "string":
            made.override_by_name(column.title, [model.DynamicConfigValue("unit", column.unit)])
    for name, text, url in links:
        made.override_by_name(name, [model.DynamicConfigValue("links", [{"title": text, "url": url}])])
    return made


def _query(index: int, line: Line) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .datasource(PROMETHEUS)
        .expr(line.expression)
        .legend_format(line.legend or "__auto")
        .ref_id(chr(ord("A") + index))
    )


def _link(link: Link) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(link[0]).type(model.DashboardLinkType.LINK).url(link[1])


def _steps(limits: Limits) -> dashboard.ThresholdsConfig:
    """The colours from the lowest value up."""
    first = RED if limits.falling and limits.bad is not None else GREEN
    steps = [model.Threshold(value=None, color=first)]
    if limits.bad is not None and limits.warn is not None:
        if limits.falling:
            steps += [model.Threshold(limits.bad, YELLOW), model.Threshold(limits.warn, GREEN)]
        else:
            steps += [model.Threshold(limits.warn, YELLOW), model.Threshold(limits.bad, RED)]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)
