"""The embedded stack: the target, its servers and Prometheus, started and stopped."""
