"""Results of an invented shop, read as a format."""

from harness.config.profile import LoadCommand
from harness.evidence.client.results.base import Beside, Place, Row
from harness.evidence.client.results.formats import FORMATS

TARGET = "http://127.0.0.1:8000"


def read(format_: str, text: str, *, target: str = TARGET, **more: dict[str, str]) -> tuple[list[Row], Beside]:
    """All rows, and what is said beside them."""
    beside = Beside()
    command = LoadCommand(("load", "{samples}"), format_, **more)
    rows = FORMATS[format_].read(text.splitlines(keepends=True), command, Place(target), beside)
    return list(rows), beside
