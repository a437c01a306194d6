"""How errors reach standard error: one raised on purpose as one line, any other with its traceback."""

import logging

ON_PURPOSE = "raised on purpose"
"""The argument of every exception that the target raises deliberately."""


class OneLineOnPurpose(logging.Filter):
    """Takes the traceback off a deliberate error: the record is written inside the time that is measured."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        raised = record.exc_info[1] if record.exc_info else None
        if raised is not None and ON_PURPOSE in raised.args:
            record.exc_info = None
        return True
