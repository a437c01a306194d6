"""Dashboards, recording rules and alerts as values, and what they must show."""
