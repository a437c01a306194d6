"""Secrets that this process knows, so that nothing it shows or keeps can repeat them.

A secret is remembered when it is read. What goes out passes `redact`; there the userinfo of every URL goes, too.
"""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

from harness.core.url import without_userinfo

MASK = "[secret]"
SHORTEST = 4
"""Characters; a shorter text is found in every other word."""
LONG = 12
"""Characters; a shorter text may be a name that an answer needs."""
_PERCENT = re.compile("%[0-9A-F]{2}")
_known: set[str] = set()


def remember(value: str) -> None:
    """Know a secret from now on, in each form that it is written in."""
    if len(value) < SHORTEST:
        return
    encoded = value.encode("utf-8", "surrogateescape")
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    in_urls = {quote(value, safe=safe, errors="replace") for safe in ("", "/")} | {quote_plus(value, errors="replace")}
    _known.update(
        {
            value,
            *in_json,
            *(json.dumps(each)[1:-1] for each in in_json),
            html.escape(value),
            *in_urls,
            *(_PERCENT.sub(lambda found: found[0].lower(), each) for each in in_urls),
            base64.b64encode(encoded).decode(),
        }
    )


def known() -> bool:
    """Whether there is anything to redact."""
    return bool(_known)


def mask(text: str) -> str:
    """The text without known secrets."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def masked(body: bytes) -> bytes:
    """The same of what a server sent, before it is read: a server may repeat what it was sent.

    Secrets of fewer than `LONG` characters stay: as a name of a metric or a label they would change what is judged.
    """
    for value in sorted((each for each in _known if len(each) >= LONG), key=len, reverse=True):
        body = body.replace(value.encode("utf-8", "surrogateescape"), MASK.encode())
    return body


def redact(text: str) -> str:
    """The text without known secrets and without the userinfo of URLs."""
    return without_userinfo(mask(text))


def forget() -> None:
    """Know none: another command begins in the same process."""
    _known.clear()
