"""Judges how a Django target's instrumentation is wired, from its settings and from its live metrics. Pure."""

from harness.instrumentation.diagnosis import Diagnosis, Health
from harness.instrumentation.django_prometheus.doctor.backends import Backend
from harness.instrumentation.django_prometheus.doctor.live_page import diagnose_metrics
from harness.instrumentation.django_prometheus.doctor.settings import (
    MetricsRoute,
    SettingsFacts,
    diagnose_settings,
)
from harness.instrumentation.django_prometheus.doctor.witness import WitnessFacts, WitnessMode
from harness.instrumentation.page import MetricsFacts, Scrape

__all__ = [
    "Backend",
    "Diagnosis",
    "Health",
    "MetricsFacts",
    "MetricsRoute",
    "Scrape",
    "SettingsFacts",
    "WitnessFacts",
    "WitnessMode",
    "diagnose_metrics",
    "diagnose_settings",
]
