"""Django Models & Database: what is written, and what SQL has to do with latency."""

from grafana_foundation_sdk.builders import dashboard

from harness.instrumentation.django_prometheus.metrics import (
    CONNECTION_ERRORS,
    CONNECTIONS,
    DB_ERRORS,
    EXECUTES,
    EXECUTES_MANY,
    LATENCY_BY_VIEW,
    MODEL_DELETES,
    MODEL_INSERTS,
    MODEL_UPDATES,
    QUERY_DURATION,
)
from tools.dashboards.parts import Limits, Line, board, graph, with_targets
from tools.dashboards.queries import QUANTILES, TARGETS, USERS, latency, quantile, rate, ratio, responses

UID = "django-database"
STATEMENTS = ("SQL log", "/d/django-sql-log?${__url_time_range}")
SLOW = Limits(0.1, 0.5)
WRITES = (("Inserts", MODEL_INSERTS), ("Updates", MODEL_UPDATES), ("Deletes", MODEL_DELETES))
SQL_TIME = rate(f"{QUERY_DURATION}_sum", TARGETS)


def make() -> dashboard.Dashboard:
    """The dashboard."""
    made = with_targets(
        board(UID, "Django Models & Database", "Writes by model, SQL statements, and SQL beside requests.")
    )
    _models(made)
    _beside(made)
    _statements(made)
    return made


def _models(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Models"))
    for title, metric in WRITES:
        text = f"{title} per second by model; bulk_create(), update() and delete() of querysets are not counted."
        made.with_panel(
            graph(title, text, "ops", [Line(rate(metric, TARGETS, "model"), "{{model}}")], stacked=True).span(8)
        )


def _beside(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("SQL beside requests"))
    made.with_panel(
        graph(
            "Latency of SQL and of requests",
            "95th percentiles of a statement and of a request on one axis: do they move together?",
            "s",
            [
                Line(quantile(0.95, QUERY_DURATION, TARGETS), "SQL statement p95"),
                Line(latency(0.95, USERS), "request p95"),
            ],
            limits=Limits(0.5, 1.0),
            links=[STATEMENTS],
        ).span(8)
    )
    made.with_panel(
        graph(
            "SQL's share of request time",
            "Time in SQL as a share of the time in views; SQL outside of requests is in it too.",
            "percentunit",
            [Line(f"{SQL_TIME} / ({rate(f'{LATENCY_BY_VIEW}_sum', USERS)} > 0)", "share")],
            limits=Limits(0.5, 0.8),
            links=[STATEMENTS],
        ).span(8)
    )
    made.with_panel(
        graph(
            "Statements per request",
            "Calls of execute per response to a user: a rise is an N+1 query.",
            "none",
            [Line(f"{rate(EXECUTES, TARGETS)} / ({responses(USERS)} > 0)", "statements")],
            limits=Limits(20, 50),
            links=[STATEMENTS],
        ).span(8)
    )


def _statements(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Statements"))
    made.with_panel(
        graph(
            "SQL operations",
            "Calls of execute and executemany per second; executemany counts its rows as executes too.",
            "ops",
            [
                Line(rate(EXECUTES, TARGETS, "alias, vendor"), "{{alias}} ({{vendor}})"),
                Line(rate(EXECUTES_MANY, TARGETS, "alias, vendor"), "{{alias}} ({{vendor}}) many"),
            ],
            links=[STATEMENTS],
        ).span(12)
    )
    made.with_panel(
        graph(
            "SQL latency",
            "Percentiles of a call of execute, by alias.",
            "s",
            [Line(quantile(q, QUERY_DURATION, TARGETS, "alias"), f"{{{{alias}}}} p{q * 100:g}") for q in QUANTILES],
            limits=SLOW,
            links=[STATEMENTS],
        ).span(12)
    )
    made.with_panel(
        graph(
            "New connections",
            "Attempts to connect per second, and those that failed.",
            "cps",
            [
                Line(rate(CONNECTIONS, TARGETS, "alias"), "{{alias}}"),
                Line(rate(CONNECTION_ERRORS, TARGETS, "alias"), "{{alias}} failed"),
            ],
        ).span(8)
    )
    made.with_panel(
        graph(
            "Errors by type",
            "Errors of the database's driver per second.",
            "cps",
            [Line(rate(DB_ERRORS, TARGETS, "alias, type"), "{{alias}} {{type}}")],
            limits=Limits(0.1, 1.0),
            links=[STATEMENTS],
        ).span(8)
    )
    made.with_panel(
        graph(
            "Error ratio",
            "Errors per call of execute.",
            "percentunit",
            [
                Line(
                    ratio(rate(DB_ERRORS, TARGETS, "alias"), rate(EXECUTES, TARGETS, "alias"), by="alias"),
                    "{{alias}}",
                )
            ],
            limits=Limits(0.001, 0.02),
            links=[STATEMENTS],
        ).span(8)
    )
