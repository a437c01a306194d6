"""k6's `--out csv` and `--out json`: one line per metric of a request, those of one request behind each other.

`http_reqs` comes first, then `http_req_duration` (sending, waiting and receiving, in ms) and `http_req_blocked` (until
there was a connection, connecting included). All have the time at which the request ended. Each request after a
redirect has lines of its own. Of requests that were in flight when an iteration was interrupted there are none.

Source: https://github.com/grafana/k6, lib/netext/httpext/tracer.go and transport.go, internal/output/csv/output.go.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from harness.config.profile import LoadCommand
from harness.evidence.client.results.base import (
    Beside,
    Lines,
    Place,
    ResultError,
    Row,
    moment_s,
    number,
    path_of,
    records,
    resolution_s,
    status_of,
    time_s,
)
from harness.evidence.client.schema import Exchange

TAGS = ("method", "name", "status")
COLUMNS = ("metric_name", "timestamp", "metric_value", *TAGS)
ADVICE = "is it of `k6 run --out csv=...`, with k6's own system tags?"
BEGIN, DURATION, BLOCKED = "http_reqs", "http_req_duration", "http_req_blocked"
READ = frozenset({BEGIN, DURATION, BLOCKED, "iterations", "dropped_iterations", "vus"})
TAGGED = (*TAGS, "url", "error", "expected_response")
NO_TAGS: Mapping[str, str] = MappingProxyType({})


class _Point(NamedTuple):
    """One value of one metric."""

    line: int
    metric: str
    time: str
    value: float
    tags: Mapping[str, str]


class _Data(msgspec.Struct):
    time: str = ""
    value: float = 0.0
    tags: dict[str, str] | None = None


class _Json(msgspec.Struct):
    metric: str
    type: str
    data: _Data


def read_csv(lines: Lines, _command: LoadCommand, place: Place, beside: Beside) -> Iterator[Row]:
    """The requests of `--out csv`. Raises ResultError."""
    return _requests(_rows(lines), place, beside)


def _rows(lines: Lines) -> Iterator[_Point]:
    """Only those that are read: a request has nine."""
    for line, fields, places in records(lines, COLUMNS, ADVICE):
        metric = fields[places["metric_name"]]
        if metric not in READ:
            continue
        tags = {name: fields[places[name]] for name in TAGGED if name in places} if metric == BEGIN else NO_TAGS
        value = number(fields[places["metric_value"]], "metric_value", line)
        yield _Point(line, metric, fields[places["timestamp"]], value, tags)


def read_json(lines: Lines, _command: LoadCommand, place: Place, beside: Beside) -> Iterator[Row]:
    """The requests of `--out json`. Raises ResultError."""
    return _requests(_points(lines), place, beside)


def _points(lines: Lines) -> Iterator[_Point]:
    decode = msgspec.json.Decoder(_Json).decode
    for line, text in enumerate(lines, 1):
        try:
            each = decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            reason = f"is not a line of k6's JSON: {error}; is it of `k6 run --out json=...`?"
            raise ResultError(line, reason) from None
        if each.type == "Point" and each.metric in READ:
            value = number(str(each.data.value), "value", line)
            yield _Point(line, each.metric, each.data.time, value, each.data.tags or {})


def _requests(points: Iterator[_Point], place: Place, beside: Beside) -> Iterator[Row]:
    """Each request, when the next one begins or another metric does; what else the metrics say goes to `beside`."""
    begun: _Point | None = None
    parts: dict[str, float] = {}
    for point in points:
        if point.metric in (DURATION, BLOCKED):
            if begun is None or point.time != begun.time:
                raise ResultError(point.line, f"has {point.metric} without its {BEGIN}: lines are missing")
            parts[point.metric] = point.value
            continue
        if begun is not None:
            yield from _row(begun, parts, place, beside)
        begun, parts = (point, {}) if point.metric == BEGIN else (None, {})
        _note(point, beside)
    if begun is not None:
        yield from _row(begun, parts, place, beside)


def _note(point: _Point, beside: Beside) -> None:
    match point.metric:
        case "iterations":
            beside.iterations = (beside.iterations or 0) + round(point.value)
            beside.dropped = beside.dropped or 0
        case "dropped_iterations":
            beside.dropped = (beside.dropped or 0) + round(point.value)
        case "vus":
            beside.peak_users = max(beside.peak_users, round(point.value))
        case _:
            pass


def _row(begun: _Point, parts: Mapping[str, float], place: Place, beside: Beside) -> Iterator[Row]:
    line, tags = begun.line, begun.tags
    if DURATION not in parts:
        raise ResultError(line, f"has no {DURATION} behind it: the file was cut, or k6 is of another version")
    for tag in TAGS:
        if not tags.get(tag):
            raise ResultError(line, f"has no tag {tag!r}: k6 leaves it out by --system-tags; keep it")
    name, address = tags["name"], tags.get("url") or tags["name"]
    if "://" in address and not place.is_target(address, line):
        beside.elsewhere += 1
        return
    beside.connect_missing |= BLOCKED not in parts
    took_s = (parts[DURATION] + parts.get(BLOCKED, 0.0)) / 1e3
    status = status_of(tags["status"], line)
    error = tags.get("error") or ("unexpected status" if tags.get("expected_response") == "false" else None)
    yield (
        line,
        Exchange(
            started_s=_ended_s(begun, beside) - took_s,
            latency_s=took_s,
            method=tags["method"],
            name=path_of(name) if "://" in name else name,
            status=status,
            server_timing="",
            error=error,
            bytes=0,
            url=address if "://" in address else None,
            hop=0,
        ),
    )


def _ended_s(point: _Point, beside: Beside) -> float:
    """A date and a time, or a Unix time whose unit its length says; whole seconds unless the caller asked for more."""
    if not point.time.isdecimal():
        beside.start_resolution_s = max(beside.start_resolution_s, 0.0 if "." in point.time else 1.0)
        return moment_s(point.time, "timestamp", point.line)
    unit = {10: "s", 13: "ms", 16: "us"}.get(len(point.time), "ns")
    beside.start_resolution_s = max(beside.start_resolution_s, resolution_s(point.time, unit))
    return time_s(point.time, unit, "timestamp", point.line)
