"""Any CSV with a header: the profile says which column has what, and in which unit.

A latency is never taken for shorter than it was: what is written with so many decimals may have been cut off after
them, so one unit of the last one is added.
"""

from collections.abc import Iterator, Mapping

from harness.config.load_command import ROLES
from harness.config.profile import LoadCommand
from harness.evidence.client.results.base import (
    Beside,
    Lines,
    Place,
    ResultError,
    Row,
    duration_s,
    method_of,
    path_of,
    resolution_s,
    status_of,
    table,
    time_s,
)
from harness.evidence.client.schema import Exchange

ADVICE = "columns = { start = '...', latency = '...', status = '...', ... } in the profile's load says what they are"
NEEDED = ("start", "latency", "url", "status")
"""Of a file whose columns the profile does not name."""


def read(lines: Lines, command: LoadCommand, place: Place, beside: Beside) -> Iterator[Row]:
    """The requests. Raises ResultError."""
    columns = command.columns or {role: role for role in ROLES}
    needed = tuple(command.columns.values()) if command.columns else NEEDED
    finest_s = 1.0
    for line, row in table(lines, needed, ADVICE):
        found = {role: row[column] for role, column in columns.items() if column in row}
        beside.has_headers = "server_timing" in found
        at, unit = _at(found, command)
        if unit != "iso":
            finest_s = min(finest_s, resolution_s(at, unit) or finest_s)
            beside.start_resolution_s = finest_s
        elif "." not in at:
            beside.start_resolution_s = 1.0
        if (address := found.get("url", "")) and "://" in address and not place.is_target(address, line):
            beside.elsewhere += 1
            continue
        yield line, _exchange(line, found, command, beside)


def _at(found: Mapping[str, str], command: LoadCommand) -> tuple[str, str]:
    role = "start" if "start" in found else "end"
    return found.get(role, ""), command.units.get(role, "s")


def _exchange(line: int, found: Mapping[str, str], command: LoadCommand, beside: Beside) -> Exchange:
    unit = command.units.get("latency", "s")
    took_s = duration_s(found["latency"], unit, "latency", line)
    fine_s = resolution_s(found["latency"], unit)
    beside.latency_resolution_s = max(beside.latency_resolution_s, fine_s)
    at, at_unit = _at(found, command)
    at_s = time_s(at, at_unit, "start" if "start" in found else "end", line)
    name, address = _named(line, found)
    size = found.get("bytes", "")
    return Exchange(
        started_s=at_s if "start" in found else at_s - took_s,
        latency_s=took_s + fine_s,
        method=method_of(name, found.get("method", ""), command, line),
        name=name,
        status=status_of(found["status"] or "0", line),
        server_timing=found.get("server_timing", ""),
        error=found.get("error") or None,
        bytes=int(size) if size.isdecimal() else 0,
        url=address,
        hop=0,
    )


def _named(line: int, found: Mapping[str, str]) -> tuple[str, str | None]:
    """The name of a request, and its URL if that is known; a URL may be a path alone."""
    address = found.get("url", "")
    path = path_of(address) if "://" in address else address.split("?", 1)[0]
    name = found.get("name") or path
    if not name:
        raise ResultError(line, "has neither a name nor a URL")
    return name, address or None
