"""Judges how a Django target's instrumentation is wired, from its settings and from its live metrics. Pure."""

from harness.wiring.diagnosis import Diagnosis, Health
from harness.wiring.metrics import MetricsFacts, Scrape, diagnose_metrics
from harness.wiring.settings import Backend, MetricsRoute, SettingsFacts, diagnose_settings

__all__ = [
    "Backend",
    "Diagnosis",
    "Health",
    "MetricsFacts",
    "MetricsRoute",
    "Scrape",
    "SettingsFacts",
    "diagnose_metrics",
    "diagnose_settings",
]
