"""Frozen values that pass between the rooms, their errors, and the statistics; imports nothing else of the harness.

Verdicts and findings (`verdict`, `codes`), the run and its report (`run`, `report`), queries and answers (`query`),
errors with their exit codes (`errors`), URLs, texts and secrets as they may be shown (`url`, `text`, `secret`).
"""
