"""Secrets that this process knows, so that nothing it shows or keeps can repeat them.

A secret is remembered when it is read. What goes out passes `redact`; there the userinfo of every URL goes, too.
"""

import base64
import html
import json
from urllib.parse import quote, quote_plus

from harness.core.url import without_userinfo

MASK = "[secret]"
SHORTEST = 4
"""Characters; a shorter text is found in every other word."""
_known: set[str] = set()


def remember(value: str) -> None:
    """Know a secret from now on, in each form that it is written in."""
    if len(value) < SHORTEST:
        return
    encoded = value.encode("utf-8", "surrogateescape")
    _known.update(
        {
            value,
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            html.escape(value),
            quote(value, safe="", errors="replace"),
            quote_plus(value, errors="replace"),
            base64.b64encode(encoded).decode(),
        }
    )


def known() -> bool:
    """Whether there is anything to redact."""
    return bool(_known)


def redact(text: str) -> str:
    """The text without known secrets and without the userinfo of URLs."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, MASK)
    return without_userinfo(text)


def forget() -> None:
    """Know none: another command begins in the same process."""
    _known.clear()
