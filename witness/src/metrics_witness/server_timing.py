"""Writes the standard `Server-Timing` response header. Source: https://www.w3.org/TR/server-timing/."""

from django.http import HttpResponse

HEADER = "Server-Timing"


def entry(name: str, took_ns: int, description: str | None = None) -> str:
    """One entry: milliseconds with nanosecond digits, and its description quoted; an empty one is left out."""
    timed = f"{name};dur={took_ns / 1e6:.6f}"
    if not description:
        return timed
    quoted = description.replace("\\", "\\\\").replace('"', '\\"')
    return f'{timed};desc="{quoted}"'


def append(response: HttpResponse, entries: str) -> HttpResponse:
    """The response with entries behind those that it has."""
    present = response.headers.get(HEADER)
    response.headers[HEADER] = f"{present}, {entries}" if present else entries
    return response
