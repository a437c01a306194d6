"""A Django app's own account of each request, told in the `Server-Timing` header, independent of its metrics.

A view whose doings no signal shows says them itself: `lookup("hit")`, `operation("note", "bulk_insert", 5)`.
"""

from metrics_witness.account import lookup, operation

__all__ = ["lookup", "operation"]
