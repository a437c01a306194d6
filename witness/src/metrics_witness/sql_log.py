"""The last SQL statements of every process, in files that stay small, and how many there were in all.

Each process appends to a file of its own, once per request. When the file holds as many statements as are kept, it
becomes the older of two; the newer begins anew. Each line carries the process's running totals, so they
outlive the lines.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlparse
from sqlparse import tokens

from metrics_witness.account import Account, Statement
from metrics_witness.configuration import SqlLogSettings

TOTALS = ("execute", "many", "sets", "recheck")
"""Keys of the account that are added up for good."""
LONGEST = 2000
"""Characters of a statement that are kept."""
_CACHE_SIZE = 2048


class SqlLog:
    """The log as one process writes it; the file is made with the first statement, by each forked process its own."""

    def __init__(self, settings: SqlLogSettings) -> None:
        """Nothing is written yet."""
        self._settings = settings
        self._files: _Files | None = None
        self._opening = threading.Lock()

    def keep(self, account: Account) -> None:
        """Append the account's statements to this process's file."""
        files = self._files
        if files is None or files.process != os.getpid():
            with self._opening:
                files = self._files
                if files is None or files.process != os.getpid():
                    files = self._files = _Files(self._settings.directory, self._settings.statements)
        files.append(account)

    def close(self) -> None:
        """Close this process's file; a later statement makes another."""
        if self._files is not None:
            self._files.close()
            self._files = None


class _Files:
    """This process's files."""

    def __init__(self, directory: Path, keep: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._keep = keep
        self._path = directory / f"{os.getpid()}-{time.time_ns()}.jsonl"
        self._file = self._path.open("a", encoding="utf-8")
        self._lines = 0
        self._totals: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()
        self.process = os.getpid()

    def append(self, account: Account) -> None:
        """Write a request's statements in one go."""
        statements = account.statements
        with self._lock:
            if self._lines + len(statements) > self._keep and self._lines:
                self._file.close()
                self._path.replace(self._path.with_suffix(".older"))
                self._file = self._path.open("a", encoding="utf-8")
                self._lines = 0
            for alias, own in account.counts["db"].items():
                totals = self._totals.setdefault(alias, dict.fromkeys(TOTALS, 0))
                for key in TOTALS:
                    totals[key] += own[key]
            lines = [self._line(account.view, statement) for statement in statements]
            self._file.write("".join(lines[-self._keep :]))
            self._file.flush()
            self._lines += len(lines)

    def close(self) -> None:
        """Nothing is written any more."""
        with self._lock:
            self._file.close()

    def _line(self, view: str, statement: Statement) -> str:
        written = {
            "time": round(statement.started_s, 6),
            "view": view,
            "duration_ms": round(statement.duration_s * 1000, 6),
            "rows": statement.rows,
            "alias": statement.alias,
            "process": self.process,
            "statement": normalised(statement.sql, statement.vendor),
            "error": statement.error,
        }
        return json.dumps({"told": written, "totals": self._totals}) + "\n"


def statements(settings: SqlLogSettings) -> list[dict[str, Any]]:
    """The kept statements of all processes, newest first; at most `settings.statements` of each."""
    found = []
    for path in settings.directory.glob("*.jsonl"):
        own = [line["told"] for file in (path.with_suffix(".older"), path) for line in _lines(file)]
        found += own[-settings.statements :]
    return sorted(found, key=lambda statement: -statement["time"])


def totals(settings: SqlLogSettings) -> dict[str, dict[str, int]]:
    """The sums of `TOTALS` by alias, of all processes."""
    sums: dict[str, dict[str, int]] = {}
    for path in settings.directory.glob("*.jsonl"):
        last = next(reversed([*_lines(path.with_suffix(".older")), *_lines(path)]), None)
        for alias, own in (last["totals"] if last else {}).items():
            into = sums.setdefault(alias, dict.fromkeys(own, 0))
            for key, number in own.items():
                into[key] += number
    return sums


@lru_cache(_CACHE_SIZE)
def normalised(sql: str, vendor: str) -> str:
    """A statement without the values in it: literals become `?`, comments go.

    Double quotes enclose names in standard SQL and text in MySQL. What cannot be read for certain is left out: all from
    a quote that nothing closes, and from the first quote of a statement with a backslash, which escapes a quote in some
    dialects and settings and not in others.
    """
    parts = []
    if "\\" in sql and "'" in sql:
        return f"{normalised(sql[: sql.index(chr(39))], vendor)} ? ..."
    for token in _tokens(sql[:LONGEST]):
        if token.ttype in tokens.Error:
            parts.append(" ...")
            break
        quoted = token.ttype in tokens.Literal.String.Symbol and not (vendor == "mysql" and token.value[0] == '"')
        if token.ttype in tokens.Comment:
            parts.append(" ")
        elif token.ttype in tokens.Literal and not quoted:
            parts.append("?")
        else:
            parts.append(token.value)
    return " ".join("".join(parts).split())


def _tokens(sql: str) -> Iterator[Any]:
    for statement in sqlparse.parse(sql):
        yield from statement.flatten()  # type: ignore[no-untyped-call]


def _lines(file: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; none when it was just renamed."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
