"""vegeta's results as `vegeta encode` writes them, in JSON or CSV, and headers of responses with them.

A result has the time at which its request was begun, and how long it took until the body was read. Of a request that
was redirected only the last answer is there, under the first URL.

Source: https://github.com/tsenart/vegeta, lib/results.go and lib/attack.go.
"""

import base64
import binascii
import csv
from collections.abc import Iterator, Mapping
from itertools import chain

import msgspec

from harness.config.profile import LoadCommand
from harness.core.text import shorten
from harness.evidence.client.results.base import (
    LONGEST_LINE,
    SHOWN,
    Beside,
    Lines,
    Place,
    ResultError,
    Row,
    duration_s,
    header_of,
    moment_s,
    path_of,
    status_of,
    time_s,
)
from harness.evidence.client.schema import Exchange

FIELDS = 12
"""Of a line of CSV: time, status, latency, bytes out, bytes in, error, body, attack, number, method, URL, headers."""
ADVICE = "is it of `vegeta encode --to csv` or `--to json`, of vegeta 12?"


class _Result(msgspec.Struct):
    code: int
    timestamp: str
    latency: int
    error: str
    method: str
    url: str
    bytes_in: int = 0
    headers: dict[str, list[str]] | None = None


def read(lines: Lines, _command: LoadCommand, place: Place, beside: Beside) -> Iterator[Row]:
    """The requests of an attack. Raises ResultError."""
    whole = iter(lines)
    first = next(whole, None)
    if first is None:
        return
    reader = _read_json if first.startswith("{") else _read_csv
    yield from reader(chain((first,), whole), place, beside)


def _read_json(lines: Lines, place: Place, beside: Beside) -> Iterator[Row]:
    decode = msgspec.json.Decoder(_Result).decode
    for line, text in enumerate(lines, 1):
        try:
            each = decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ResultError(line, f"is not a result of vegeta: {error}; {ADVICE}") from None
        started_s = moment_s(each.timestamp, "timestamp", line)
        took, code, timing = str(each.latency), str(each.code), header_of(each.headers or {})
        yield from _row(line, started_s, took, code, each, timing, place, beside)


def _read_csv(lines: Lines, place: Place, beside: Beside) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(lines, strict=True)
    try:
        for fields in reader:
            line = reader.line_num
            if len(fields) != FIELDS:
                raise ResultError(line, f"has {len(fields)} fields and not {FIELDS}; {ADVICE}")
            began, code, took, _, received, error, _, _, _, method, address, headers = fields
            size = int(received) if received.isdecimal() else 0
            each = _Result(0, began, 0, error, method, address, size)
            timing = header_of(_headers(headers, line))
            yield from _row(line, time_s(began, "ns", "time", line), took, code, each, timing, place, beside)
    except csv.Error as error:
        raise ResultError(reader.line_num, f"is not CSV: {error}; {ADVICE}") from None


def _row(
    line: int, started_s: float, took: str, code: str, each: _Result, timing: str, place: Place, beside: Beside
) -> Iterator[Row]:
    if not each.method or not each.url:
        raise ResultError(line, f"has no method or no URL, which vegeta before 12.8 left out; {ADVICE}")
    if not place.is_target(each.url, line):
        beside.elsewhere += 1
        return
    yield (
        line,
        Exchange(
            started_s=started_s,
            latency_s=duration_s(took, "ns", "latency", line),
            method=each.method,
            name=path_of(each.url),
            status=status_of(code, line),
            server_timing=timing,
            error=each.error or None,
            bytes=each.bytes_in,
            url=each.url,
            hop=0,
        ),
    )


def _headers(text: str, line: int) -> Mapping[str, list[str]]:
    """Headers as HTTP has them, in base64."""
    try:
        written = base64.b64decode(text, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        raise ResultError(line, f"its headers {shorten(text, SHOWN)!r} are not base64; {ADVICE}") from None
    found: dict[str, list[str]] = {}
    for each in written.splitlines():
        name, colon, value = each.partition(":")
        if colon:
            found.setdefault(name, []).append(value.strip())
    return found
