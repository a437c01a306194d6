"""Django Requests Overview: how the site's views fare, and which of them to look at."""

from grafana_foundation_sdk.builders import dashboard

from harness.instrumentation.django_prometheus.metrics import (
    EXCEPTIONS_BY_TYPE,
    EXCEPTIONS_BY_VIEW,
    LATENCY_ALL,
)
from tools.dashboards.parts import Limits, Line, board, graph, number, ranking, with_namespaces, with_targets
from tools.dashboards.queries import (
    NAMED,
    QUANTILES,
    TARGETS,
    increase,
    latency,
    quantile,
    rate,
    responses,
    share_of_status,
    share_without,
)

UID = "django-requests"
SITES = "${__url_time_range}&${app:queryparam}&${job:queryparam}&${instance:queryparam}"
VIEW_LINK = f"/d/django-view?{SITES}&var-view=${{__data.fields.View}}"
ONE_VIEW = ("One view", f"/d/django-view?{SITES}")
BY = "view, method"
SERVER, CLIENT, SLOW = Limits(0.01, 0.05), Limits(0.1, 0.3), Limits(0.5, 1.0)
EXCEPTIONS = f'{TARGETS},view!~"$background",view=~"$namespace(:.*)?"'
SHARE = f"{increase(NAMED, 'view')} / on () group_left () (sum({increase(NAMED, 'view')}) > 0)"


def make() -> dashboard.Dashboard:
    """The dashboard."""
    text = "Volume, success, latency and exceptions over views, and the views ranked."
    made = with_namespaces(with_targets(board(UID, "Django Requests Overview", text)))
    _numbers(made)
    _over_time(made)
    _rankings(made)
    return made


def _numbers(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Now"))
    made.with_panel(number("Volume", "Responses per second to users.", "reqps", responses(NAMED)).span(4))
    made.with_panel(
        number(
            "Success",
            "Share of responses that are no server errors (5xx): what the site owes its users.",
            "percentunit",
            share_without("5..", NAMED),
            limits=Limits(0.99, 0.95, falling=True),
        ).span(4)
    )
    made.with_panel(
        number(
            "Success with 4xx",
            "Share of responses that are neither server errors (5xx) nor client errors (4xx).",
            "percentunit",
            share_without("[45]..", NAMED),
            limits=Limits(0.9, 0.7, falling=True),
        ).span(4)
    )
    for q in QUANTILES:
        text = f"{q:.0%} of views answered within this time, over all views and processes."
        made.with_panel(number(f"p{q * 100:g}", text, "s", latency(q, NAMED), limits=SLOW).span(4))


def _over_time(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Over time"))
    made.with_panel(
        graph(
            "Responses by status",
            "Responses per second by status.",
            "reqps",
            [Line(responses(NAMED, "status"), "{{status}}")],
            stacked=True,
        ).span(12)
    )
    made.with_panel(
        graph(
            "Responses by view",
            "Responses per second by view, `<unnamed view>` for what no URL pattern matched.",
            "reqps",
            [Line(responses(NAMED, "view"), "{{view}}")],
            stacked=True,
            links=[ONE_VIEW],
        ).span(12)
    )
    made.with_panel(
        graph(
            "Success over time",
            "Share of responses that are no 5xx, and neither 5xx nor 4xx.",
            "percentunit",
            [
                Line(share_without("5..", NAMED), "no 5xx"),
                Line(share_without("[45]..", NAMED), "neither 4xx nor 5xx"),
            ],
            limits=Limits(0.99, 0.95, falling=True),
        ).span(12)
    )
    made.with_panel(
        graph(
            "Latency over time",
            "Percentiles of the time that views take; and of the time with the middlewares around them, in which the "
            "scrapes are counted too.",
            "s",
            [
                *(Line(latency(q, NAMED), f"p{q * 100:g}") for q in QUANTILES),
                Line(quantile(0.95, LATENCY_ALL, TARGETS), "p95 with middlewares"),
            ],
            limits=SLOW,
        ).span(12)
    )
    made.with_panel(
        graph(
            "Exceptions by view and type",
            "Exceptions per second that left a view.",
            "cps",
            [
                Line(rate(EXCEPTIONS_BY_VIEW, EXCEPTIONS, "view"), "{{view}}"),
                Line(rate(EXCEPTIONS_BY_TYPE, TARGETS, "type"), "{{type}}"),
            ],
            links=[ONE_VIEW],
        ).span(24)
    )


def _rankings(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Views"))
    made.with_panel(
        ranking(
            "Busiest views",
            "Responses in the time range by view and method.",
            [
                ("Responses", "short", increase(NAMED, BY), Limits()),
                ("5xx", "percentunit", share_of_status("5..", NAMED, BY), SERVER),
                ("4xx", "percentunit", share_of_status("4..", NAMED, BY), CLIENT),
                ("p95", "s", latency(0.95, NAMED, BY), SLOW),
            ],
            sorted_by="Responses",
            view_link=VIEW_LINK,
        ).span(24)
    )
    made.with_panel(
        ranking(
            "Slowest views",
            "Percentiles by view and method.",
            [(f"p{q * 100:g}", "s", latency(q, NAMED, BY), SLOW) for q in QUANTILES],
            sorted_by="p95",
            view_link=VIEW_LINK,
        ).span(12)
    )
    made.with_panel(
        ranking(
            "Failing views",
            "Share of server errors and client errors by view and method.",
            [
                ("5xx", "percentunit", share_of_status("5..", NAMED, BY), SERVER),
                ("4xx", "percentunit", share_of_status("4..", NAMED, BY), CLIENT),
            ],
            sorted_by="5xx",
            view_link=VIEW_LINK,
        ).span(12)
    )
    made.with_panel(
        graph(
            "Share of traffic",
            "Each view's share of the responses in the time range.",
            "percentunit",
            [Line(SHARE, "{{view}}")],
            stacked=True,
            links=[ONE_VIEW],
        ).span(24)
    )
