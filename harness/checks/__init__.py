"""The checks, in the order in which they are reported: first whether anything can be judged, then what."""

from harness.checks import probes, thresholds
from harness.checks.base import Check, Facts
from harness.checks.counts import (
    attributes,
    error_ratio,
    exceptions,
    identity,
    rate,
    request_conservation,
    request_counts,
    response_conservation,
    running_counts,
    side_counters,
)
from harness.checks.django import cache, database, migrations, model_ops
from harness.checks.latency import (
    blind_spot,
    latency_buckets,
    latency_conservation,
    percentiles,
    resolution,
    running_latency,
    timer_span,
)
from harness.checks.monitoring import alerts, dashboards, records
from harness.checks.validity import generator_health, quiescence, scrape_health, series_presence

CHECKS: tuple[Check, ...] = (
    generator_health.CHECK,
    scrape_health.CHECK,
    series_presence.CHECK,
    quiescence.CHECK,
    request_conservation.CHECK,
    response_conservation.CHECK,
    side_counters.CHECK,
    attributes.CHECK,
    latency_conservation.CHECK,
    request_counts.CHECK,
    running_counts.CHECK,
    identity.CHECK,
    rate.CHECK,
    error_ratio.CHECK,
    exceptions.CHECK,
    latency_buckets.CHECK,
    running_latency.CHECK,
    percentiles.CHECK,
    timer_span.CHECK,
    probes.CHECK,
    database.CHECK,
    cache.CHECK,
    model_ops.CHECK,
    migrations.CHECK,
    dashboards.CHECK,
    records.CHECK,
    alerts.CHECK,
    resolution.CHECK,
    blind_spot.CHECK,
    thresholds.CHECK,
)

UNNAMED: tuple[str, ...] = (
    "generator-health",
    "scrape-health",
    "quiescence",
    "request-conservation",
    "response-conservation",
    "side-counters",
    "latency-conservation",
    "request-counts",
    "rate",
    "error-ratio",
    "exceptions",
    "latency-buckets",
    "percentiles",
    "timer-span",
    "database",
    "cache",
    "model-ops",
    "migrations",
    "dashboards",
    "alerts",
    "resolution",
    "blind-spot",
    "thresholds",
)
"""The checks of a run whose run.json names none: those that there were before runs named theirs. Never added to."""

__all__ = ["CHECKS", "UNNAMED", "Check", "Facts"]
