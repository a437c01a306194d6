"""SQL Log: the newest statements of the app, through the Infinity data source."""

from grafana_foundation_sdk.builders import dashboard

from tools.dashboards.parts import SQL_LOG, Column, InfinityQuery, board, rows, text_box

UID = "django-sql-log"
ASKED = "limit=200&since=$since&view=$view&min_ms=$min_ms"
COLUMNS = (
    Column("time", "Time", "dateTimeAsIso", "timestamp_epoch_s"),
    Column("view", "View"),
    Column("duration_ms", "Duration", "ms", "number"),
    Column("rows", "Rows", "short", "number"),
    Column("alias", "Database"),
    Column("process", "Process"),
    Column("statement", "Statement"),
    Column("error", "Error"),
)


def make() -> dashboard.Dashboard:
    """The dashboard."""
    made = board(UID, "SQL Log", "The statements that the app's processes ran last, without their parameters.")
    made.with_variable(text_box("view", "View", "Only statements of this view, e.g. data:list; empty for all."))
    made.with_variable(text_box("min_ms", "At least (ms)", "Only statements that took as long; empty for all."))
    made.with_variable(text_box("since", "Since", "Only statements after this Unix time; empty for all."))
    made.with_panel(
        rows(
            "Newest statements",
            "Newest first, as JSON from /sql-logs/. Each process keeps its last statements, without parameters.",
            SQL_LOG,
            InfinityQuery(f"/sql-logs/?{ASKED}", COLUMNS, root="statements"),
            COLUMNS,
            height=16,
            links=[("View", "This view", "/d/django-view?${__url_time_range}&var-view=${__value.raw}")],
        )
    )
    made.with_panel(
        rows(
            "Newest statements, as CSV",
            "The same from /sql-logs/?format=csv, as a spreadsheet would read it.",
            SQL_LOG,
            InfinityQuery(f"/sql-logs/?format=csv&{ASKED}", COLUMNS, form="csv"),
            COLUMNS,
        )
    )
    return made
