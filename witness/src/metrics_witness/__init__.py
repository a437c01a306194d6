"""A Django app's own account of each request, sent in the `Server-Timing` header, independent of its metrics.

A view reports itself what no signal shows: `lookup("hit")`, `operation("note", "bulk_insert", 5)`.
"""

from metrics_witness.account import lookup, operation

__all__ = ["lookup", "operation"]
