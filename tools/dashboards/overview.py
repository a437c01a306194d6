"""Django Overview: is everything well, and where to look next."""

from grafana_foundation_sdk.builders import dashboard

from harness.instrumentation.django_prometheus.metrics import (
    CACHE_FAILS,
    CACHE_GETS,
    CACHE_HITS,
    CACHE_MISSES,
    CONNECTION_ERRORS,
    CONNECTIONS,
    DB_ERRORS,
    EXCEPTIONS_BY_TYPE,
    EXECUTES,
    MIGRATIONS_APPLIED,
    MIGRATIONS_UNAPPLIED,
    QUERY_DURATION,
)
from tools.dashboards.parts import Limits, Line, board, graph, number, with_targets
from tools.dashboards.queries import (
    QUANTILES,
    TARGETS,
    USERS,
    latency,
    quantile,
    rate,
    ratio,
    responses,
    share_of_status,
)

UID = "django-overview"
CLASSES = f'label_replace({responses(USERS, "status")}, "class", "${{1}}xx", "status", "(.)..")'
REQUESTS = ("Requests by view", "/d/django-requests?${__url_time_range}&${app:queryparam}&${job:queryparam}")
DATABASE = ("Models and database", "/d/django-database?${__url_time_range}&${app:queryparam}&${job:queryparam}")
STATEMENTS = ("SQL log", "/d/django-sql-log?${__url_time_range}")


def make() -> dashboard.Dashboard:
    """The dashboard."""
    made = with_targets(board(UID, "Django Overview", "Requests, database, cache and migrations of Django sites."))
    _numbers(made)
    _requests(made)
    _database(made)
    _cache(made)
    return made


def _numbers(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Now"))
    made.with_panel(
        number("Requests", "Responses per second to users.", "reqps", responses(USERS), links=[REQUESTS]).span(6)
    )
    made.with_panel(
        number(
            "Server errors",
            "Share of responses with a status of 5xx. Requests that never reach Django are not in it.",
            "percentunit",
            share_of_status("5..", USERS),
            limits=Limits(0.01, 0.05),
            links=[REQUESTS],
        ).span(6)
    )
    made.with_panel(
        number(
            "Latency p95",
            "95 % of views answered within this time. Waiting for a free worker is not in it.",
            "s",
            latency(0.95, USERS),
            limits=Limits(0.5, 1.0),
            links=[REQUESTS],
        ).span(6)
    )
    made.with_panel(
        number(
            "Unapplied migrations",
            "Migrations that a process found unapplied when it started, the most that any has.",
            "none",
            f"max(max by (app, job, connection) ({MIGRATIONS_UNAPPLIED}{{{TARGETS}}}))",
            limits=Limits(1, 1),
        ).span(6)
    )


def _requests(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Requests"))
    made.with_panel(
        graph(
            "Responses by class",
            "Responses per second by class of status, scrapes and health checks left out.",
            "reqps",
            [Line(f"sum by (class) ({CLASSES})", "{{class}}")],
            stacked=True,
            links=[REQUESTS],
        ).span(12)
    )
    made.with_panel(
        graph(
            "Requests by site",
            "Responses per second of each site, so that sites under one Prometheus can be distinguished.",
            "reqps",
            [Line(responses(USERS, "app"), "{{app}}")],
            stacked=True,
            links=[REQUESTS],
        ).span(12)
    )
    made.with_panel(
        graph(
            "Latency",
            "Percentiles of the time that views take, over all processes.",
            "s",
            [Line(latency(q, USERS), f"p{q * 100:g}") for q in QUANTILES],
            limits=Limits(0.5, 1.0),
            links=[REQUESTS],
        ).span(12)
    )
    made.with_panel(
        graph(
            "Exceptions",
            "Exceptions per second that left a view, by type; 404 and 403 that are raised are exceptions too.",
            "cps",
            [Line(rate(EXCEPTIONS_BY_TYPE, TARGETS, "type"), "{{type}}")],
            links=[REQUESTS],
        ).span(12)
    )


def _database(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Database"))
    made.with_panel(
        graph(
            "Database operations",
            "Calls of execute per second; BEGIN and SAVEPOINT count too.",
            "ops",
            [Line(rate(EXECUTES, TARGETS, "alias"), "{{alias}}")],
            links=[DATABASE, STATEMENTS],
        ).span(12)
    )
    made.with_panel(
        graph(
            "Database latency",
            "Percentiles of the time of a call of execute; fetching rows is not in it.",
            "s",
            [Line(quantile(q, QUERY_DURATION, TARGETS, "alias"), f"{{{{alias}}}} p{q * 100:g}") for q in QUANTILES],
            limits=Limits(0.1, 0.5),
            links=[DATABASE, STATEMENTS],
        ).span(12)
    )
    made.with_panel(
        graph(
            "Connections",
            "New connections per second, and attempts that failed.",
            "cps",
            [
                Line(rate(CONNECTIONS, TARGETS, "alias"), "{{alias}} new"),
                Line(rate(CONNECTION_ERRORS, TARGETS, "alias"), "{{alias}} failed"),
            ],
            links=[DATABASE],
        ).span(8)
    )
    made.with_panel(
        graph(
            "Database errors",
            "Errors of the database's driver per second, by type; and as a share of the operations.",
            "cps",
            [
                Line(rate(DB_ERRORS, TARGETS, "alias, type"), "{{alias}} {{type}}"),
                Line(
                    ratio(rate(DB_ERRORS, TARGETS, "alias"), rate(EXECUTES, TARGETS, "alias"), by="alias"),
                    "{{alias}} share",
                ),
            ],
            limits=Limits(0.1, 1.0),
            links=[DATABASE, STATEMENTS],
        ).span(8)
    )
    made.with_panel(
        graph(
            "Migrations",
            "Applied and unapplied migrations as each process found them when it started, the most that any has.",
            "none",
            [
                Line(
                    f"max by (app, connection) ({MIGRATIONS_APPLIED}{{{TARGETS}}})",
                    "{{app}} {{connection}} applied",
                ),
                Line(
                    f"max by (app, connection) ({MIGRATIONS_UNAPPLIED}{{{TARGETS}}})",
                    "{{app}} {{connection}} unapplied",
                ),
            ],
        ).span(8)
    )


def _cache(made: dashboard.Dashboard) -> None:
    hits, gets = rate(CACHE_HITS, TARGETS, "backend"), rate(CACHE_GETS, TARGETS, "backend")
    made.with_row(dashboard.Row("Cache"))
    made.with_panel(
        graph(
            "Cache hit ratio",
            "Share of calls of get() that found something; not all backends count get_many().",
            "percentunit",
            [Line(ratio(hits, gets, by="backend"), "{{backend}}")],
            limits=Limits(0.8, 0.5, falling=True),
        ).span(12)
    )
    made.with_panel(
        graph(
            "Cache lookups",
            "Calls of get() per second that hit, missed and failed.",
            "cps",
            [
                Line(hits, "{{backend}} hits"),
                Line(rate(CACHE_MISSES, TARGETS, "backend"), "{{backend}} misses"),
                Line(rate(CACHE_FAILS, TARGETS, "backend"), "{{backend}} failed"),
            ],
            stacked=True,
        ).span(12)
    )
