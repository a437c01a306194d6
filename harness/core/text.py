"""Names from outside (views, labels, reasons) made safe to show: no control characters, no runaway length.

Escaping for a format (HTML, Markdown, rich markup) is the format's own affair and comes on top.
"""

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_SPACE = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_FORBIDDEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0 and C1: terminals act on them, XML 1.0 forbids most (https://www.w3.org/TR/xml/#charsets)
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls reorder the text around them
    "\ud800-\udfff\ufffe\uffff"  # lone surrogates and non-characters: not UTF-8, not XML
    "]"
)


def clean(text: str) -> str:
    """Return `text` on one line without control characters.

    Line breaks and tabs become a space; every other control character becomes U+FFFD, so that it neither acts on the
    reader's terminal nor hides: two names that differ only in such a character still look unlike their plain form.
    """
    return _FORBIDDEN.sub(REPLACEMENT, _SPACE.sub(" ", text))


def shorten(text: str, limit: int) -> str:
    """Return `text` cleaned and cut in the middle to at most `limit` characters: both ends of a long name matter."""
    text = clean(text)
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"
