"""Event counts: a witness's counts by subject in one text, e.g. `default execute=5 connect=1; logs execute=1`.

The text is one or more subjects, joined by `; `, each followed by `key=number` pairs; numbers are above 0.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

_PAIR = r"[A-Za-z_][\w.]*=[1-9][0-9]{0,17}"
_DIGEST = re.compile(rf"[^\s;=]+(?: {_PAIR})+(?:; [^\s;=]+(?: {_PAIR})+)*")
_CACHE_SIZE = 4096
"""Requests of one view report the same few texts again and again."""

Counts = Mapping[str, Mapping[str, int]]
"""Number by subject and key."""


@lru_cache(_CACHE_SIZE)
def parse(text: str | None) -> Counts:
    """The counts in such a text; empty for any other, since the header may carry other texts."""
    if not text or not _DIGEST.fullmatch(text):
        return {}
    counts: dict[str, dict[str, int]] = {}
    for part in text.split("; "):
        subject, *pairs = part.split(" ")
        own = counts.setdefault(subject, {})
        for pair in pairs:
            key, number = pair.split("=")
            own[key] = own.get(key, 0) + int(number)
    return counts


def total(text: str | None, *keys: str) -> int | None:
    """The sum over all subjects of the numbers under `keys`; None for any other text."""
    counts = parse(text)
    return sum(own.get(key, 0) for own in counts.values() for key in keys) if counts else None
