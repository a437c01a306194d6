"""The engine with slowed cursors."""

from django_prometheus.db.backends.sqlite3 import base

from somesite.delayed import slowed


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """Makes slowed cursors."""

    CURSOR_CLASS = slowed(base.DatabaseWrapper.CURSOR_CLASS)
