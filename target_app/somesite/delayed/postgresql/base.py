"""The engine with slowed cursors."""

from typing import Any

from django.db.backends.postgresql import base as plain
from django_prometheus.db.backends.postgresql import base
from django_prometheus.db.common import ExportingCursorWrapper

from somesite.delayed import slowed


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """Gives psycopg slowed cursors, with django-prometheus's around them."""

    def get_connection_params(self) -> dict[str, Any]:
        """Django's own, with the cursor exchanged."""
        params: dict[str, Any] = plain.DatabaseWrapper.get_connection_params(self)
        params["cursor_factory"] = ExportingCursorWrapper(slowed(params["cursor_factory"]), self.alias, self.vendor)
        return params
