"""Prometheus rule files, and what their rules must record and fire."""
