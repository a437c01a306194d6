"""Writes the standard `Server-Timing` response header. Source: https://www.w3.org/TR/server-timing/.

Every text is percent-encoded: Django turns a header with characters beyond Latin-1 into MIME words as a whole.
"""

import re
from functools import lru_cache
from urllib.parse import quote

from django.http import HttpResponse

HEADER = "Server-Timing"
PREFIX = "mw-"
"""Before the names of the witness's own entries, so that none of the app's has the same."""
_WORD = "!#$&'()*+,-./:<>?@[]^_`{|}~"
"""What stays as it is in a word: visible ASCII but `"`, `%`, `;`, `=` and the backslash."""
_TEXT = f"{_WORD};= "
_CACHE_SIZE = 1024


def entry(name: str, took_ns: int, description: str | None = None) -> str:
    """One entry: milliseconds with nanosecond digits, and its description, plain ASCII without `"` and backslash."""
    timed = f"{name};dur={took_ns / 1e6:.6f}"
    return f'{timed};desc="{description}"' if description else timed


@lru_cache(_CACHE_SIZE)
def text(value: str) -> str:
    """A text as a description."""
    return quote(value, _TEXT, errors="replace")


@lru_cache(_CACHE_SIZE)
def word(value: str) -> str:
    """A text without spaces, `;` and `=`, for a description of several; `-` for an empty one."""
    return "%2D" if value == "-" else quote(value, _WORD, errors="replace") or "-"


def standard(response: HttpResponse, name: str, took_ns: int, description: str | None = None) -> str:
    """An entry as browsers show it, behind a comma, in microseconds' digits; empty where the response has one."""
    present = response.headers.get(HEADER, "")
    if re.search(rf"(?:^|,)\s*{name}\s*(?:[;,]|$)", present):
        return ""
    shown = f", {name};dur={took_ns / 1e6:.3f}"
    return f'{shown};desc="{description}"' if description else shown


def append(response: HttpResponse, entries: str) -> HttpResponse:
    """The response with entries behind those that it has."""
    present = response.headers.get(HEADER)
    response.headers[HEADER] = f"{present}, {entries}" if present else entries
    return response
