"""Django Requests by View: one view and its methods, beside a day and a week ago."""

from grafana_foundation_sdk.builders import dashboard

from harness.instrumentation.django_prometheus.metrics import EXCEPTIONS_BY_VIEW
from tools.dashboards.parts import Limits, Line, board, graph, number, with_namespaces, with_targets, with_view
from tools.dashboards.queries import QUANTILES, TARGETS, VIEW, latency, rate, responses, share_of_status

UID = "django-view"
AGO = (("", "now"), ("1d", "a day ago"), ("1w", "a week ago"))
SLOW = Limits(0.5, 1.0)
STATEMENTS = ("SQL of this view", "/d/django-sql-log?${__url_time_range}&${view:queryparam}")


def make() -> dashboard.Dashboard:
    """The dashboard."""
    text = "Rate, status and latency of one view, against a day and a week ago."
    made = with_view(with_namespaces(with_targets(board(UID, "Django Requests by View", text))))
    _numbers(made)
    _over_time(made)
    _ago(made)
    return made


def _numbers(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("$view"))
    made.with_panel(number("Rate", "Responses per second of this view.", "reqps", responses(VIEW)).span(4))
    for name, status, limits in (("5xx", "5..", Limits(0.01, 0.05)), ("4xx", "4..", Limits(0.1, 0.3))):
        text = f"Share of this view's responses with a status of {name}."
        made.with_panel(
            number(f"{name} ratio", text, "percentunit", share_of_status(status, VIEW), limits=limits).span(4)
        )
    for q in QUANTILES:
        text = f"{q:.0%} of this view's requests took no longer."
        made.with_panel(number(f"p{q * 100:g}", text, "s", latency(q, VIEW), limits=SLOW, links=[STATEMENTS]).span(4))


def _over_time(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Over time"))
    made.with_panel(
        graph(
            "Responses by method and status",
            "Responses per second of this view.",
            "reqps",
            [Line(responses(VIEW, "method, status"), "{{method}} {{status}}")],
            stacked=True,
        ).span(8)
    )
    made.with_panel(
        graph(
            "Latency",
            "Percentiles of the time that this view takes, by method. An exception is observed twice.",
            "s",
            [Line(latency(q, VIEW, "method"), f"{{{{method}}}} p{q * 100:g}") for q in QUANTILES],
            limits=SLOW,
            links=[STATEMENTS],
        ).span(8)
    )
    made.with_panel(
        graph(
            "Exceptions",
            "Exceptions per second that left this view.",
            "cps",
            [Line(rate(EXCEPTIONS_BY_VIEW, f'{TARGETS},view=~"$view"'), "exceptions")],
            links=[STATEMENTS],
        ).span(8)
    )


def _ago(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Against a day and a week ago"))
    made.with_panel(
        graph(
            "Rate, then and now",
            "Responses per second of this view, now, a day and a week ago.",
            "reqps",
            [Line(responses(VIEW, offset=offset), name) for offset, name in AGO],
        ).span(12)
    )
    made.with_panel(
        graph(
            "p95, then and now",
            "95th percentile of this view, now, a day and a week ago.",
            "s",
            [Line(latency(0.95, VIEW, offset=offset), name) for offset, name in AGO],
            limits=SLOW,
            links=[STATEMENTS],
        ).span(12)
    )
