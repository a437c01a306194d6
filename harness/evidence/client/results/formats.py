"""The formats by their names in a profile: how each is read, and what it cannot say."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.config.profile import LoadCommand
from harness.core.unsaid import Unsaid
from harness.evidence.client.results import jtl, k6, table, vegeta
from harness.evidence.client.results.base import Beside, Lines, Place, Row

Reader = Callable[[Lines, LoadCommand, Place, Beside], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of results."""

    read: Reader
    unsaid: tuple[Unsaid, ...]
    """What results of this kind do not say; a CSV may have headers in a column of theirs."""


K6 = (Unsaid.HEADERS, Unsaid.IN_FLIGHT)
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "k6-csv": Format(k6.read_csv, K6),
        "k6-json": Format(k6.read_json, K6),
        "vegeta": Format(vegeta.read, (Unsaid.REDIRECTS, Unsaid.PLAN)),
        "jtl": Format(jtl.read, (Unsaid.HEADERS, Unsaid.REDIRECTS, Unsaid.PLAN)),
        "csv": Format(table.read, (Unsaid.HEADERS, Unsaid.REDIRECTS, Unsaid.ABSENT, Unsaid.PLAN)),
    }
)


def without_headers(command: LoadCommand | None) -> str:
    """The format of a command's results that have no place for the witness's header; empty for all others."""
    if command is None or Unsaid.HEADERS not in FORMATS[command.format].unsaid:
        return ""
    return "" if "server_timing" in command.columns else command.format
