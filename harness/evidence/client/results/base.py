"""What the readers of results share: what is known before, what is found beside the rows, and values of fields."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from harness.config.load_command import ANY_NAME
from harness.config.profile import LOOPBACK, LoadCommand
from harness.core import url
from harness.core.text import shorten
from harness.core.unsaid import Unsaid
from harness.evidence.client.integrity import LATEST_S, LONGEST_S, RESPONSES
from harness.evidence.client.schema import Exchange

LONGEST_LINE = 16 * 2**20
"""Characters of one line: a result may hold the body of a response."""
SHOWN = 80
"""Characters of a value that an error repeats."""
PER_UNIT = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
FINE_START_S, FINE_LATENCY_S = 1e-3, 1e-4
"""Resolutions that are as good as exact: clocks are compared to some milliseconds, and no gap is shorter than that."""
Row = tuple[int, Exchange]
"""The number of its line, from 1, and what it says."""
Lines = Iterable[str]


class ResultError(Exception):
    """Results that cannot be read: the number of the line, from 1, and a reason that continues a sentence."""

    def __init__(self, line: int, reason: str) -> None:
        """`line` 0 stands for the whole."""
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(slots=True)
class Beside:
    """What results say beside the requests; it is complete when all rows are read."""

    elsewhere: int = 0
    """Requests to other hosts than the target."""
    iterations: int | None = None
    """How often the scenario was run; None where that is not said."""
    dropped: int | None = None
    """Runs of the scenario that were due and were not begun; None where that is not said."""
    peak_users: int = 0
    start_resolution_s: float = 0.0
    """How far a true start may be from that of its row."""
    latency_resolution_s: float = 0.0
    """How much was added to latencies, for they are never to be shorter than the true ones."""
    connect_missing: bool = False
    has_headers: bool = False
    """There is a place for the witness's header, whatever the format."""

    def unsaid(self, by_format: Sequence[Unsaid]) -> tuple[Unsaid, ...]:
        """What the format leaves out, and what these results do."""
        found = {
            Unsaid.START: self.start_resolution_s > FINE_START_S,
            Unsaid.LATENCY: self.latency_resolution_s > FINE_LATENCY_S,
            Unsaid.CONNECT: self.connect_missing,
        }
        left_out = {*by_format, *(each for each, holds in found.items() if holds)}
        return tuple(each for each in Unsaid if each in left_out and not (self.has_headers and each is Unsaid.HEADERS))


@dataclass(slots=True)
class Place:
    """Whether URLs are the target's, and what their requests are called."""

    target: str
    _known: dict[str, bool] = field(default_factory=dict)

    def is_target(self, text: str, line: int) -> bool:
        """Whether a URL has the target's scheme, host and port; loopback has several names."""
        if text.startswith(f"{self.target}/"):
            return True
        scheme, slashes, rest = text.partition("://")
        host = f"{scheme}{slashes}{rest.split('/', 1)[0].split('?', 1)[0].split('#', 1)[0]}"
        if host not in self._known:
            try:
                here, there = url.parse(self.target), url.parse(host)
            except ValueError as error:
                raise ResultError(line, f"{shorten(text, SHOWN)!r} is not a URL: {error}") from None
            loopback = here.host in LOOPBACK and there.host in LOOPBACK
            same = here.host == there.host or loopback
            self._known[host] = same and (here.scheme, here.port) == (there.scheme, there.port)
        return self._known[host]


def path_of(text: str) -> str:
    """The path of a URL: what its requests are called where nothing else names them."""
    rest = text.partition("://")[2]
    path = "/" + rest.partition("/")[2] if "/" in rest.split("?", 1)[0] else "/"
    return path.split("?", 1)[0].split("#", 1)[0]


def records(lines: Lines, columns: Sequence[str], where: str) -> Iterator[tuple[int, Sequence[str], Mapping[str, int]]]:
    """The rows of a CSV whose first line names its columns, `columns` among them.

    Each is the number of its last line, its fields, and the place of each column among these. Raises ResultError for a
    row with more or fewer fields than the header.
    """
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(lines, strict=True)
    places: dict[str, int] = {}
    width = 0
    try:
        for fields in reader:
            if not width:
                header = [name.strip().removeprefix("\ufeff") for name in fields]
                _check_header(header, columns, where)
                places, width = {name: place for place, name in enumerate(header)}, len(header)
            elif fields:
                if len(fields) != width:
                    raise ResultError(reader.line_num, f"has {len(fields)} fields, and the header {width}")
                yield reader.line_num, fields, places
    except csv.Error as error:
        raise ResultError(reader.line_num, f"is not CSV: {error}") from None


def table(lines: Lines, columns: Sequence[str], where: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows as `records` has them, by column."""
    for line, fields, places in records(lines, columns, where):
        yield line, {name: fields[place] for name, place in places.items()}


def _check_header(header: Sequence[str], columns: Sequence[str], where: str) -> None:
    if missing := [name for name in columns if name not in header]:
        named = shorten(",".join(header), SHOWN)
        raise ResultError(1, f"names no column {missing[0]!r}; it is {named!r}: {where}")


def number(text: str, what: str, line: int) -> float:
    """A finite number, not below 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ResultError(line, f"its {what} is {shorten(text, SHOWN)!r}, which is not a finite number")
    if value < 0:
        raise ResultError(line, f"its {what} is {shorten(text, SHOWN)}, which is negative")
    return value


def duration_s(text: str, unit: str, what: str, line: int) -> float:
    """A duration in seconds."""
    value = number(text, what, line) / PER_UNIT[unit]
    if value >= LONGEST_S:
        raise ResultError(line, f"its {what} is {shorten(text, SHOWN)}, which is too long; is the unit right?")
    return value


def resolution_s(text: str, unit: str) -> float:
    """The last decimal of a number as it is written: the value before rounding was less than that away."""
    if not text.strip().replace(".", "", 1).isdecimal():
        return 0.0
    return float(10 ** -len(text.strip().partition(".")[2])) / PER_UNIT[unit]


def time_s(text: str, unit: str, what: str, line: int) -> float:
    """A Unix time in seconds; of the unit `iso`, a date and a time with its zone."""
    if unit == "iso":
        return moment_s(text, what, line)
    value = number(text, what, line) / PER_UNIT[unit]
    if not 0 < value < LATEST_S:
        raise ResultError(line, f"its {what} is {shorten(text, SHOWN)}, which is no time; is the unit right?")
    return value


def moment_s(text: str, what: str, line: int) -> float:
    """A date and a time as RFC 3339 has them, in Unix seconds."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ResultError(line, f"its {what} is {shorten(text, SHOWN)!r}, which is not a time") from None
    if found.tzinfo is None:
        raise ResultError(line, f"its {what} is {shorten(text, SHOWN)!r}, which names no time zone")
    return (found - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def status_of(text: str, line: int) -> int:
    """An HTTP status; 0 for a request without a response."""
    if text.isascii() and text.isdecimal() and len(text) <= 3 and (int(text) == 0 or int(text) in RESPONSES):
        return int(text)
    raise ResultError(line, f"its status is {shorten(text, SHOWN)!r}, which is neither an HTTP status nor 0")


def method_of(name: str, said: str, command: LoadCommand, line: int) -> str:
    """The method that the results say, or else that the profile names for a sample name."""
    method = said.strip() or command.methods.get(name) or command.methods.get(ANY_NAME, "")
    if method:
        return method.upper()
    raise ResultError(
        line,
        f"has no HTTP method: name it in the profile, methods = {{ {shorten(name, SHOWN)!r} = 'GET' }}, or '*' for all",
    )


def header_of(headers: Mapping[str, Sequence[str]]) -> str:
    """The `Server-Timing` among the headers of a response; empty without one."""
    return ", ".join(value for name, values in headers.items() if name.lower() == "server-timing" for value in values)
