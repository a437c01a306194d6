"""django-prometheus's engines with a slower database: each statement of TARGET_SQL_DELAY_VIEW takes so much longer.

The delay lies in the driver's cursor, inside of what django-prometheus times, as it would with a slow database.
"""

import time
from typing import Any

from django.conf import settings

from metrics_witness.account import current


def slowed(cursor_class: Any) -> Any:
    """The cursor class with a pause before each statement of the view that is to be slow."""

    class SlowedCursor(cursor_class):  # type: ignore[misc]
        def execute(self, *arguments: Any, **named: Any) -> Any:
            _pause()
            return super().execute(*arguments, **named)

        def executemany(self, *arguments: Any, **named: Any) -> Any:
            _pause()
            return super().executemany(*arguments, **named)

    return SlowedCursor


def _pause() -> None:
    account = current()
    if account and account.view == settings.SQL_DELAY_VIEW:
        time.sleep(settings.SQL_DELAY_MS / 1000)
