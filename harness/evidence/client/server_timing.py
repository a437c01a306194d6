"""The `Server-Timing` response header: its entries, and what the witness middlewares say in it.

Source: https://www.w3.org/TR/server-timing/#the-server-timing-header-field
"""

import re
from typing import NamedTuple

from harness.evidence.client import event_counts

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rf'(?:{_TOKEN}|"(?:[^"\\]|\\.)*")'
_ENTRY = re.compile(rf"\s*({_TOKEN})((?:\s*;\s*{_TOKEN}(?:\s*=\s*{_VALUE})?)*)\s*(?:,|$)")
_PARAMETER = re.compile(rf";\s*({_TOKEN})\s*=\s*({_VALUE})")
_ESCAPE = re.compile(r"\\(.)")
_COMMON = re.compile(
    r'view;dur=(\d+\.\d+)(?:;desc="([^"\\]*)")?, app;dur=(\d+\.\d+)(?:, queue;dur=(\d+\.\d+))?'
    r'(?:, db;dur=(\d+\.\d+);desc="([^"\\]*)")?(?:, cache;desc="([^"\\]*)")?(?:, model;desc="([^"\\]*)")?'
)
"""The witness's header when nothing was raised and nobody added to it: most headers, so they are read in one go."""


class Timing(NamedTuple):
    """One entry of a `Server-Timing` header."""

    duration_s: float | None
    description: str | None


class Witness(NamedTuple):
    """What the witness middlewares reported of one request, by column of a shard; None where nothing was."""

    view: str | None
    """The view's name, `unrouted` where Django resolved none; None without a witness."""
    witness_view_s: float | None = None
    witness_app_s: float | None = None
    witness_raised_s: float | None = None
    exception: str | None = None
    queue_s: float | None = None
    db_queries: int | None = None
    db_s: float | None = None
    db: str | None = None
    """Event counts of SQL by alias."""
    cache: str | None = None
    """Event counts of cache operations by the metric's name for the backend."""
    model: str | None = None
    """Event counts of model operations by model."""


NO_WITNESS = Witness(None)
_ABSENT = Timing(None, None)


def parse(header: str) -> dict[str, Timing]:
    """Read a header into its entries by name; the first of a repeated name wins.

    Durations are milliseconds on the wire and seconds here. A malformed entry is left out, as a browser does.
    """
    timings: dict[str, Timing] = {}
    for name, parameters in _ENTRY.findall(header):
        if name in timings:
            continue
        duration_s = description = None
        for key, value in _PARAMETER.findall(parameters):
            text = _ESCAPE.sub(r"\1", value[1:-1]) if value[0] == '"' else value
            if key == "dur" and duration_s is None:
                duration_s = seconds(text)
            elif key == "desc" and description is None:
                description = text
        timings[name] = Timing(duration_s, description)
    return timings


def witness(header: str, unrouted: str) -> Witness:
    """What the header reports as a witness; NO_WITNESS where it reports nothing.

    `unrouted` is the view of a request for which it names none.
    """
    if match := _COMMON.fullmatch(header):
        view_ms, view, app_ms, queue_ms, db_ms, *digests = match.groups()
        queue_s = None if queue_ms is None else float(queue_ms) / 1000
        db_s = None if db_ms is None else float(db_ms) / 1000
        return Witness(
            view or unrouted,
            float(view_ms) / 1000,
            float(app_ms) / 1000,
            None,
            None,
            queue_s,
            *_told(db_s, *digests),
        )
    if not header:
        return NO_WITNESS
    timings = parse(header)
    inner, raised, database = timings.get("view"), timings.get("raised", _ABSENT), timings.get("db", _ABSENT)
    return Witness(
        view=None if inner is None else inner.description or unrouted,
        witness_view_s=None if inner is None else inner.duration_s,
        witness_app_s=timings.get("app", _ABSENT).duration_s,
        witness_raised_s=raised.duration_s,
        exception=raised.description,
        queue_s=timings.get("queue", _ABSENT).duration_s,
        **_told(
            database.duration_s,
            database.description,
            timings.get("cache", _ABSENT).description,
            timings.get("model", _ABSENT).description,
        )._asdict(),
    )


class _Told(NamedTuple):
    db_queries: int | None
    db_s: float | None
    db: str | None
    cache: str | None
    model: str | None


def _told(db_s: float | None, db: str | None, cache: str | None, model: str | None) -> _Told:
    """What the event counts say; a `db` entry of another origin is ignored."""
    queries = event_counts.total(db, "execute", "many")
    known_s, known = (None, None) if queries is None else (db_s, db)
    return _Told(
        queries,
        known_s,
        known,
        cache if event_counts.parse(cache) else None,
        model if event_counts.parse(model) else None,
    )


def seconds(text: str) -> float | None:
    """Milliseconds in decimal digits as seconds; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value / 1000 if 0 <= value < float("inf") else None
