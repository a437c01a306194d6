"""Checks of latency histograms."""
