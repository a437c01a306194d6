"""Checks of counters: requests, responses, errors, exceptions."""
