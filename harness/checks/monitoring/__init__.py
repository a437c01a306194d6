"""Checks of what people look at: dashboards, recording rules, alerts."""
