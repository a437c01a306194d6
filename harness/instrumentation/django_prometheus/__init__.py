"""The instrumentation of django-prometheus: its names, its laws, and the doctor for apps that use it."""

from harness.instrumentation.django_prometheus.value import DJANGO_PROMETHEUS

__all__ = ["DJANGO_PROMETHEUS"]
