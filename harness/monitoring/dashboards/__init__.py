"""Grafana dashboards and their panels."""
