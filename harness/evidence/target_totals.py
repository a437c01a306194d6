"""The target's own totals at the ends of the window: rows, migrations, and the totals of its SQL log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from harness.core.codes import Code
from harness.core.query import NoData

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Migrations:
    """Migrations of one database, as Django's own executor counts them."""

    applied: int
    unapplied: int


@dataclass(frozen=True, slots=True)
class State:
    """What the database itself holds."""

    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows by model."""
    migrations: Mapping[str, Migrations] = field(default_factory=dict)
    """By alias."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Running totals of one alias in the SQL log."""

    execute: int = 0
    """Calls of `execute`."""
    many: int = 0
    """Calls of `executemany`."""
    sets: int = 0
    """Parameter sets that those were given."""
    recheck: int = 0
    """Connections that Django tested at the end of a request, because an error had occurred on them."""


@dataclass(frozen=True, slots=True)
class SqlLog:
    """The totals of the target's SQL log by alias, over all its processes."""

    totals: Mapping[str, Statements]


@dataclass(frozen=True, slots=True)
class TargetTotals:
    """What the target reports at one end of the window."""

    state: State | NoData | None
    """None when the profile does not name the path."""
    sql_log: SqlLog | NoData | None


UNKNOWN = TargetTotals(None, None)


def parse(document: Mapping[str, Mapping[str, Any]]) -> TargetTotals:
    """Read `{"state": answer, "sql_log": answer}`, each answer `{result}` or `{error}`, None when it was not asked for.

    What the target reported in another shape is NoData.
    """
    return TargetTotals(_read(document, "state", State), _read(document, "sql_log", SqlLog))


def _read(document: Mapping[str, Mapping[str, Any]], name: str, to: type[T]) -> T | NoData | None:
    answer = document.get(name)
    if answer is None:
        return None
    if "result" not in answer:
        return NoData(str(answer.get("error", f"the evidence has no {name}")), Code.NO_ANSWER)
    try:
        return msgspec.convert(answer["result"], to)
    except msgspec.ValidationError as error:
        return NoData(f"the target's {name} cannot be read: {error}", Code.UNREADABLE)
