"""Frozen values that pass between the rooms, their errors, and the statistics; imports nothing else of the harness."""
