"""Truth: the harness's own verdicts over its runs, and what the client saw beside what the metrics say."""

from grafana_foundation_sdk.builders import dashboard

from tools.dashboards.parts import TRUTH, Column, InfinityQuery, board, rows

UID = "django-truth"
RUN = (
    Column("started", "Started", "dateTimeAsIso", "timestamp_epoch_s"),
    Column("run", "Run"),
    Column("profile", "Profile"),
)
VERDICTS = (
    *RUN,
    Column("status", "Run's verdict"),
    Column("check", "Check"),
    Column("passed", "Passed", "short", "number"),
    Column("failed", "Failed", "short", "number"),
    Column("inconclusive", "Inconclusive", "short", "number"),
)
FIGURES = (
    *RUN,
    Column("view", "View"),
    Column("method", "Method"),
    Column("client_requests", "Requests (client)", "short", "number"),
    Column("metric_requests", "Requests (metric)", "short", "number"),
    Column("client_p95_s", "p95 (client)", "s", "number"),
    Column("metric_p95_s", "p95 (metric)", "s", "number"),
    Column("client_error_ratio", "Errors (client)", "percentunit", "number"),
    Column("metric_error_ratio", "Errors (metric)", "percentunit", "number"),
)


def make() -> dashboard.Dashboard:
    """The dashboard."""
    made = board(UID, "Truth", "May these dashboards be trusted? The verdicts of `harness run` over time.")
    made.with_panel(
        rows(
            "Verdicts",
            "One row per run and check, newest first: how many of its verdicts passed, failed and were inconclusive.",
            TRUTH,
            InfinityQuery("/verdicts", VERDICTS),
            VERDICTS,
            height=12,
        )
    )
    made.with_panel(
        rows(
            "Client beside metric",
            "One row per run, view and method: what the load generator saw beside what Prometheus says. The client's "
            "latency has the network and the queue in it, so it is never below the metric's.",
            TRUTH,
            InfinityQuery("/figures", FIGURES),
            FIGURES,
            height=14,
        )
    )
    return made
