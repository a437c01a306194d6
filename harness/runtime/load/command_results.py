"""The file that a load command wrote -> a shard: read line by line, each request inside the time of the load."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.config.profile import Profile
from harness.core.errors import HarnessError, LoadError, StackError, UsageError
from harness.core.run import Shard
from harness.core.text import shorten
from harness.evidence.client.results.base import LONGEST_LINE, Beside, Place, ResultError
from harness.evidence.client.results.formats import FORMATS
from harness.evidence.client.schema import Exchange, Labels
from harness.instrumentation import registry
from harness.runtime import files, process
from harness.runtime.load import command_line, shard_file
from harness.runtime.load.examples import Examples

MOST_BYTES = 8 * 1024 * files.MIB
"""Of one file of results: some 6,000,000 requests of k6."""
SLACK_S = 1.0
"""By how much a request may seem to begin before its command or to end after it: tools round, and clocks are set."""
ENCODE_LIMIT_S = 600.0
PER_HOST = 6
"""Requests to one host that an iteration of k6 has in flight at the most, by its option `batchPerHost`."""
_INTERRUPTED = re.compile(r"\b\d+ complete and (\d+) interrupted iterations")


@dataclass(slots=True)
class Results:
    """What a file of results holds, when it is read."""

    shard: Shard
    beside: Beside
    lost: int = 0
    """Requests without a response."""
    statuses: Counter[int] = field(default_factory=Counter)


def read(
    profile: Profile, directory: Path, target: str, file: Path, span_s: tuple[float, float], *, failed: bool
) -> Results:
    """Write the next shard of a run directory from a file of results, and one URL of each name beside it.

    `span_s` is when the command was started and when it had ended. Raises UsageError that names file and line, or
    LoadError where the command `failed`, so that its results may be cut.
    """
    command, kind = command_line.of(profile), LoadError if failed else UsageError
    try:
        files.check_regular(file, MOST_BYTES)
        if command.format == "vegeta":
            _encode(command_line.program(command, command_line.VEGETA), file)
        beside, seen, statuses = Beside(), Examples(), Counter[int]()
        labels = Labels(profile.views, profile.known_delay, "measure", registry.of(profile).unrouted)
        rows = FORMATS[command.format].read(_lines(file), command, Place(target), beside)
        kept = _noted(_inside(rows, span_s, beside), seen, statuses)
        shard = shard_file.write(directory, kept, labels)
        seen.write(directory / "logs" / "examples-command.json")
    except ResultError as error:
        place = f"{file}, line {error.line}" if error.line else str(file)
        raise kind(f"{place}: {error.reason} ({command_line.WHERE}, format {command.format})") from None
    except FileNotFoundError:
        tool = command_line.tool(command)
        raise kind(f"{command_line.WHERE}: {tool} wrote no {{samples}}: {file} is not there") from None
    except OSError as error:
        raise LoadError(f"{file} cannot be read: {error}") from None
    return Results(shard, beside, statuses[0], statuses)


def in_flight(profile: Profile, log: Path, beside: Beside) -> int:
    """Requests of k6 that had no end, at the most: those of its interrupted iterations, by its last line of progress.

    Where it printed none, each of its users may have been interrupted.
    """
    if not command_line.of(profile).format.startswith(command_line.K6):
        return 0
    found = _INTERRUPTED.findall(process.tail(log, lines=200))
    return PER_HOST * (int(found[-1]) if found else max(beside.peak_users, 1))


def _lines(file: Path) -> Iterator[str]:
    """The lines of a file, each with its end. Raises ResultError for one that is no text, too long, or cut."""
    number = 0
    with file.open("rb") as stream:
        while data := stream.readline(LONGEST_LINE):
            number += 1
            if not data.endswith(b"\n"):
                what = "is cut: it has no end" if len(data) < LONGEST_LINE else f"has more than {LONGEST_LINE:,} bytes"
                raise ResultError(number, what)
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                raise ResultError(number, "is not text in UTF-8") from None
            if "\0" in text:
                raise ResultError(number, "has a zero byte, so the file is not text")
            yield text
    if not number:
        raise ResultError(0, "is empty")


def _inside(rows: Iterable[tuple[int, Exchange]], span_s: tuple[float, float], beside: Beside) -> Iterator[Exchange]:
    began_s, ended_s = span_s
    for line, each in rows:
        slack_s = SLACK_S + beside.start_resolution_s
        early_s, late_s = began_s - each.started_s, each.started_s + each.latency_s - ended_s
        if early_s > slack_s:
            raise ResultError(line, f"was begun {early_s:,.3f} s before the command; {_OUTSIDE}")
        if late_s > slack_s + beside.latency_resolution_s:
            raise ResultError(line, f"ended {late_s:,.3f} s after the command; {_OUTSIDE}")
        yield each


_OUTSIDE = "is the unit right, and is the file of this run?"


def _noted(rows: Iterable[Exchange], seen: Examples, statuses: Counter[int]) -> Iterator[Exchange]:
    for each in rows:
        statuses[each.status] += 1
        if each.url:
            seen.see(each.name, "GET", each.url, None)
        yield each


def _encode(vegeta: str, file: Path) -> None:
    """Have vegeta turn its own binary results into CSV, in their place. Raises ResultError."""
    with file.open("rb") as stream:
        first = stream.read(1)
    if not first or first.isdigit() or first == b"{":
        return
    if not vegeta:
        raise ResultError(0, "is binary, and vegeta, which reads it, is not on PATH; pipe it through `vegeta encode`")
    encoded, log = file.with_suffix(".csv"), file.with_suffix(".log")
    try:
        command = (vegeta, "encode", "--to", "csv", "--output", str(encoded), str(file))
        process.run_to_end(f"{file}", command, log, ENCODE_LIMIT_S)
    except StackError as error:
        raise ResultError(0, f"is not readable by vegeta: {shorten(str(error), 300)}") from None
    encoded.replace(file)


def nothing_written(profile: Profile, code: int, why: str, log: Path) -> HarnessError:
    """Why there is no sample, of a command that ended with `code`, or was ended as `why` says."""
    tool, where = command_line.tool(command_line.of(profile)), command_line.WHERE
    if why:
        return LoadError(f"{tool} {why} before it wrote a sample; see {log}; run again")
    if code in command_line.accepted_exits(command_line.of(profile)):
        return UsageError(f"{where}: {tool} ended with exit code {code} and wrote nothing to {{samples}}; see {log}")
    return UsageError(f"{where}: {tool} failed (exit {code}) before it wrote a sample; see {log}:\n{process.tail(log)}")
