"""Measurements of the harness itself; `make bench` runs them all."""
