"""What titles, legends and names of rules say that they show."""

import pytest

from harness.monitoring.dashboards import captions


@pytest.mark.parametrize(
    ("text", "quantiles"),
    [
        ("p95", {0.95}),
        ("P99 of orders", {0.99}),
        ("Time to answer (p50)", {0.5}),
        ("p999", {0.999}),
        ("p99.9", {0.999}),
        ("p99_9", {0.999}),
        ("latency_p99_9_seconds", {0.999}),
        ("app:order:p99_9_5m", {0.999}),
        ("p99.99", {0.9999}),
        ("p99.95", {0.9995}),
        ("p99,9", set()),
        ("99,95 percentile", set()),
        ("p50 target vs actual", set()),
        ("p95 below the SLO", set()),
        ("slower than p95", set()),
        ("P100", {1.0}),
        ("the 95th percentile", {0.95}),
        ("99.9th percentile", {0.999}),
        ("75%ile", {0.75}),
        ("Median time", {0.5}),
        ("SlowP90OfOrders", {0.9}),
        ("app:order_seconds:p95", {0.95}),
        ("app:order_p95_5m", {0.95}),
        ("p50, p95 and p99", {0.5, 0.95, 0.99}),
        ("{{view}} p90", {0.9}),
        ("{{p90}}", set()),
        ("HTTP95", set()),
        ("step95", set()),
        ("Apdex 95", set()),
        ("the 20 slowest views", set()),
        ("in 0.95 of all cases", set()),
        ("p5", set()),
        ("", set()),
    ],
)
def test_percentiles_are_read_where_they_are_named(text: str, quantiles: set[float]) -> None:
    """In the ways in which people write them, and nowhere else."""
    assert captions.percentiles(text) == quantiles


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("5xx", "5"),
        ("5XX responses per second", "5"),
        ("HTTP 5xx - {{view}}", "5"),
        ("shop_5xx", ""),
        ("http_requests_5xx:rate", "5"),
        ("4xx and 5xx", ""),
        ("non-5xx", ""),
        ("w/o 5xx", ""),
        ("below 5xx", ""),
        ("< 5xx", ""),
        ("5xx-free", ""),
        ("ohne 5xx", ""),
        ("5xx excluded", ""),
        ("Availability (5xx = down)", ""),
        ("{{5xx}}", ""),
        ("15xx", ""),
        ("6xx", ""),
        ("", ""),
    ],
)
def test_a_status_is_read_where_it_is_shown(text: str, first: str) -> None:
    """Among words that leave it what it says."""
    assert captions.status_class(text) == first
