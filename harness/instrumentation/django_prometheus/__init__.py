"""The instrumentation of django-prometheus."""
