"""The checks, in the order in which they are reported: first whether anything can be judged, then what."""

from harness.checks import (
    blind_spot,
    cache,
    dashboards,
    database,
    error_ratio,
    exceptions,
    generator_health,
    latency_buckets,
    latency_conservation,
    migrations,
    model_ops,
    percentiles,
    quiescence,
    rate,
    request_conservation,
    request_counts,
    resolution,
    response_conservation,
    scrape_health,
    side_counters,
    thresholds,
    timer_span,
)
from harness.checks.check import Check, Facts

CHECKS: tuple[Check, ...] = (
    generator_health.CHECK,
    scrape_health.CHECK,
    quiescence.CHECK,
    request_conservation.CHECK,
    response_conservation.CHECK,
    side_counters.CHECK,
    latency_conservation.CHECK,
    request_counts.CHECK,
    rate.CHECK,
    error_ratio.CHECK,
    exceptions.CHECK,
    latency_buckets.CHECK,
    percentiles.CHECK,
    timer_span.CHECK,
    database.CHECK,
    cache.CHECK,
    model_ops.CHECK,
    migrations.CHECK,
    dashboards.CHECK,
    resolution.CHECK,
    blind_spot.CHECK,
    thresholds.CHECK,
)

__all__ = ["CHECKS", "Check", "Facts"]
