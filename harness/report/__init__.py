"""Verdicts and figures of a run, their likely causes, and the report in each format."""
