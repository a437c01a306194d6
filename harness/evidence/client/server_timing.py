"""The `Server-Timing` response header: its entries, and what the witness middlewares say in it.

Version 2 of the witness writes entries under a prefix of its own, which nobody else has, and percent-encodes each text;
version 1 wrote `view` and `app` with six decimals (witness/README.md has both forms). What the app or a proxy says
under these names is no witness.

Source: https://www.w3.org/TR/server-timing/#the-server-timing-header-field
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from harness.evidence.client import event_counts

PREFIX = "mw-"
"""Of the entries of version 2."""
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_VALUE = rf"(?:{_TOKEN}|{_QUOTED})"
_PIECE = re.compile(rf'(?:[^,"]++|{_QUOTED}?+)++')
"""From comma to comma, those in quotes aside. Nothing here goes back over what it has read: a long header costs no more
than its length."""
_ENTRY = re.compile(rf"\s*+({_TOKEN})((?:\s*+;\s*+{_TOKEN}(?:\s*+=\s*+{_VALUE})?+)*+)\s*+")
_PARAMETER = re.compile(rf";\s*({_TOKEN})\s*=\s*({_VALUE})")
_ESCAPE = re.compile(r"\\(.)")
_DESC = r'desc="([^"\\]*)"'
_INNER = r"([0-9a-f]{16}) ([0-9]{1,15}) ([0-9]{1,15}|-) ([^ \"]+) ([a-z]+|-)(?: ([^ \"]+))?"
_OUTER = r"([0-9a-f]{16}) ([0-9]{1,15}) ([^ \"]+)(?: ([^\"\\]+))?"
_COMMON = re.compile(
    rf'mw-view;dur=(\d+\.\d+)(?:;{_DESC})?, mw-inner;desc="{_INNER}"'
    r'(?:, view;dur=[\d.]+(?:;desc="[^"\\]*")?)?'
    rf', mw-app;dur=(\d+\.\d+);desc="{_OUTER}"(?:, mw-queue;dur=(\d+\.\d+))?'
    rf"(?:, mw-db;dur=(\d+\.\d+);{_DESC})?(?:, mw-cache;{_DESC})?(?:, mw-model;{_DESC})?(?:, app;dur=[\d.]+)?"
)
"""The header of version 2 when nothing was raised and nobody added to it: most headers, so they are read in one go."""
_INNER_WORDS, _OUTER_WORDS = re.compile(_INNER), re.compile(_OUTER)
_OLD_DURATION = re.compile(r";\s*dur=[0-9]+\.[0-9]{6}(?![0-9])")
"""As version 1 wrote durations, and hardly anybody else does."""
_ENCODED = re.compile(r"(?:%[0-9A-F]{2})+")
_SEPARATOR = re.compile(r"[\s;=]")
_CACHE_SIZE = 4096
"""Requests of one view have the same few texts again and again."""


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
    inner_nonce: int | None = None
    """The inner witness's number of this answer, up to 64 bits; one that comes again is an answer that came again."""
    outer_nonce: int | None = None
    process: int | None = None
    """The id of the process that answered."""
    instance: str | None = None
    """Where it listens, as it says itself."""
    labels: str | None = None
    """What else it says of itself: `name=value` pairs with spaces between, percent-encoded (`labels_in`)."""
    request_bytes: int | None = None
    """Length of the request's body, as its header says it."""
    response_bytes: int | None = None
    """Length of the body as Django had it; None when it was streaming."""
    charset: str | None = None
    template: str | None = None
    """The template's name where the view left it to Django to render it."""
    flags: str | None = None
    """`s` it was streaming, `a` AJAX, `t` by TLS; empty for none of these."""
    between: bool | None = None
    """True: something between the two witnesses answered, and what the inner one says is of another request."""


NO_WITNESS = Witness(None)
_ABSENT = Timing(None, None)


def parse(header: str) -> dict[str, Timing]:
    """Read a header into its entries by name; the first of a repeated name wins.

    Durations are milliseconds on the wire and seconds here. A malformed entry is left out, as a browser does.
    """
    timings: dict[str, Timing] = {}
    for name, parameters in _entries(header):
        if name not in timings:
            timings[name] = _timing(parameters)
    return timings


def _entries(header: str) -> list[tuple[str, str]]:
    """The name of each entry and its parameters as they stand; what is no entry is left out."""
    found = (_ENTRY.fullmatch(piece) for piece in _PIECE.findall(header))
    return [(match[1], match[2]) for match in found if match]


def witness(header: str, unrouted: str) -> Witness:
    """What the header reports as a witness; NO_WITNESS where it reports nothing.

    `unrouted` is the view of a request for which it names none.
    """
    if match := _COMMON.fullmatch(header):
        view_ms, view, *inner, app_ms, outer_nonce, process, instance, labels, queue_ms, db_ms, db, cache, model = (
            match.groups()
        )
        db_s = None if db_ms is None else float(db_ms) / 1000
        return Witness(
            _text(view) or unrouted,
            float(view_ms) / 1000,
            float(app_ms) / 1000,
            None,
            None,
            None if queue_ms is None else float(queue_ms) / 1000,
            *_told(db_s, _digest(db), _digest(cache), _digest(model)),
            int(inner[0], 16),
            int(outer_nonce, 16),
            int(process),
            _word(instance),
            labels,
            *_attributes(*inner[1:]),
        )
    if not header:
        return NO_WITNESS
    entries = _entries(header)
    own = [(name, parameters) for name, parameters in entries if name.startswith(PREFIX)]
    return _read(own, unrouted) if own else _read_old(entries, unrouted)


@lru_cache(_CACHE_SIZE)
def labels_in(text: str | None) -> dict[str, str]:
    """The labels that a process says of itself."""
    pairs = (pair.partition("=") for pair in (text or "").split(" ") if pair)
    return {name: _word(value) for name, _, value in pairs}


def seconds(text: str) -> float | None:
    """Milliseconds in decimal digits as seconds; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value / 1000 if 0 <= value < float("inf") else None


def _timing(parameters: str) -> Timing:
    duration_s = description = None
    for key, value in _PARAMETER.findall(parameters):
        text = _ESCAPE.sub(r"\1", value[1:-1]) if value[0] == '"' else value
        if key == "dur" and duration_s is None:
            duration_s = seconds(text)
        elif key == "desc" and description is None:
            description = text
    return Timing(duration_s, description)


def _read(own: list[tuple[str, str]], unrouted: str) -> Witness:
    """Version 2. What an app passes on of another one's witness stands before its own, so the last entries count."""
    starts = [place for place, (name, _) in enumerate(own) if name == f"{PREFIX}view"]
    timings: dict[str, Timing] = {}
    for entry, parameters in own[starts[-1] if starts else 0 :]:
        name, timing = entry.removeprefix(PREFIX), _timing(parameters)
        read = _DECODING.get(name)
        timings[name] = timing if read is None else Timing(timing.duration_s, read(timing.description))
    found = _witness(timings, unrouted)
    if inner := _INNER_WORDS.fullmatch(timings.get("inner", _ABSENT).description or ""):
        nonce, *noted = inner.groups()
        found = found._replace(inner_nonce=int(nonce, 16), **_attributes(*noted)._asdict())
    if outer := _OUTER_WORDS.fullmatch(timings.get("app", _ABSENT).description or ""):
        nonce, process, instance, labels = outer.groups()
        found = found._replace(
            outer_nonce=int(nonce, 16), process=int(process), instance=_word(instance), labels=labels
        )
    return found._replace(between=True) if "between" in timings else found


def _read_old(entries: list[tuple[str, str]], unrouted: str) -> Witness:
    """Version 1, by its `view` and `app`; without either, whatever is there is somebody else's."""
    written = ("view", "app", "raised", "queue", "db")
    timings: dict[str, Timing] = {}
    for name, parameters in entries:
        if name not in timings and (name not in written or _OLD_DURATION.match(parameters)):
            timings[name] = _timing(parameters)
    return _witness(timings, unrouted) if "view" in timings or "app" in timings else NO_WITNESS


def _witness(timings: dict[str, Timing], unrouted: str) -> Witness:
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


class _Attributes(NamedTuple):
    request_bytes: int
    response_bytes: int | None
    charset: str
    template: str | None
    flags: str


@lru_cache(_CACHE_SIZE)
def _attributes(sent: str, size: str, charset: str, flags: str, template: str | None) -> _Attributes:
    return _Attributes(
        int(sent),
        None if size == "-" else int(size),
        _word(charset),
        None if template is None else _word(template),
        flags.strip("-"),
    )


@lru_cache(_CACHE_SIZE)
def _word(text: str) -> str:
    return "" if text == "-" else unquote(text)


@lru_cache(_CACHE_SIZE)
def _text(text: str | None) -> str | None:
    return None if text is None else unquote(text)


@lru_cache(_CACHE_SIZE)
def _digest(text: str | None) -> str | None:
    """Event counts with their names as they are, but for characters that separate them."""
    return text if text is None or "%" not in text else _ENCODED.sub(_decoded, text)


def _decoded(match: re.Match[str]) -> str:
    text = unquote(match[0])
    return match[0] if _SEPARATOR.search(text) else text


_DECODING: Mapping[str, Callable[[str | None], str | None]] = {
    "view": _text,
    "raised": _text,
    "db": _digest,
    "cache": _digest,
    "model": _digest,
}
"""How the description of an entry of version 2 is read, where it is text or event counts."""
