"""The table `load` of a profile: a command that makes the load, instead of Locust, and what it writes.

All readers raise UsageError that names the key.
"""

import shlex
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from harness.config import readers
from harness.config.profile import LoadCommand
from harness.core.errors import UsageError

FORMATS = ("k6-csv", "k6-json", "vegeta", "jtl", "csv")
"""What a command may write."""
PLACEHOLDERS = ("samples", "target", "duration", "users")
ROLES = ("start", "end", "latency", "method", "url", "name", "status", "error", "server_timing", "bytes")
"""What columns of the format `csv` are for."""
TIMES = ("s", "ms", "us", "ns", "iso")
DURATIONS = TIMES[:-1]
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
ANY_NAME = "*"
"""In `methods`: all names that are not listed."""
EXAMPLE = "k6 run --out csv={samples} script.js"


def read(value: object, where: str) -> LoadCommand:
    """The whole table."""
    table = readers.table(value, where)
    for key in table:
        if key not in KEYS:
            raise UsageError(f"{where}.{key}: unknown key{readers.suggest(key, KEYS)}")
    for key in ("command", "format"):
        if key not in table:
            raise UsageError(f"{where}: {key} is missing; write for example command = {EXAMPLE!r}, format = 'k6-csv'")
    made = LoadCommand(**{key: KEYS[key](item, f"{where}.{key}") for key, item in table.items()})
    _check_columns(made, where)
    return made


def words(value: object, where: str) -> tuple[str, ...]:
    """A command as its words: a list, or a text that is split as a shell splits it; no shell runs it."""
    if isinstance(value, list):
        found = readers.texts(value, where)
    else:
        try:
            found = tuple(shlex.split(readers.text(value, where)))
        except ValueError as error:
            raise UsageError(f"{where}: {value!r} is not a command: {error}") from None
    if not found or not found[0]:
        raise UsageError(f"{where}: is empty; write for example {EXAMPLE!r}")
    used = {name for word in found for name in placeholders(word, where)}
    if "samples" not in used:
        raise UsageError(f"{where}: {{samples}} is missing, the file that the command writes; e.g. {EXAMPLE!r}")
    return found


def placeholders(word: str, where: str) -> set[str]:
    """The placeholders in a word."""
    try:
        found = {name for _, name, _, _ in Formatter().parse(word) if name is not None}
    except ValueError:
        found = {word}
    if unknown := sorted(found - {*PLACEHOLDERS}):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise UsageError(f"{where}: {word!r}: {unknown[0]!r} is not among {known}; write {{{{ and }}}} for braces")
    return found


def format_name(value: object, where: str) -> str:
    """One of `FORMATS`."""
    if value in FORMATS:
        return str(value)
    hint = readers.suggest(str(value), FORMATS)
    raise UsageError(f"{where}: {value!r} is not a format{hint}; it is one of {', '.join(FORMATS)}")


def _columns(value: object, where: str) -> Mapping[str, str]:
    return _known(readers.mapping(value, where), ROLES, where)


def _units(value: object, where: str) -> Mapping[str, str]:
    found = _known(readers.mapping(value, where), ("start", "end", "latency"), where)
    for key, unit in found.items():
        units = DURATIONS if key == "latency" else TIMES
        if unit not in units:
            raise UsageError(f"{where}.{key}: {unit!r} is not a unit; it is one of {', '.join(units)}")
    return found


def _methods(value: object, where: str) -> Mapping[str, str]:
    found = readers.mapping(value, where)
    for name, method in found.items():
        if method not in METHODS:
            raise UsageError(f"{where}.{name}: {method!r} is not an HTTP method; it is one of {', '.join(METHODS)}")
    return found


def _known(table: Mapping[str, str], keys: tuple[str, ...], where: str) -> Mapping[str, str]:
    for key in table:
        if key not in keys:
            raise UsageError(f"{where}.{key}: unknown key{readers.suggest(key, keys)}; it takes {', '.join(keys)}")
    return table


def _check_columns(made: LoadCommand, where: str) -> None:
    columns = made.columns
    if made.format not in ("csv", "jtl") and (columns or made.units or made.methods):
        raise UsageError(f"{where}: columns, units and methods have no effect with {made.format}; leave them out")
    if made.format == "jtl" and ({*columns} - {"start", "end"} or made.units):
        raise UsageError(f"{where}: with jtl columns takes start or end alone, e.g. {{ start = 'timeStamp' }}")
    if "start" in columns and "end" in columns:
        raise UsageError(f"{where}.columns: has both start and end; leave one out")
    if made.format != "csv" or not columns:
        return
    for either in (("start", "end"), ("latency",), ("url", "name"), ("status",)):
        if not {*either} & {*columns}:
            raise UsageError(f"{where}.columns: {' or '.join(either)} is missing; name the column that has it")


KEYS: dict[str, Callable[[object, str], Any]] = {
    "command": words,
    "format": format_name,
    "columns": _columns,
    "units": _units,
    "methods": _methods,
}
"""Of the table."""
