"""Names that a panel asks for and the target does not have: mistaken ones, and those of other exporters."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping

from harness.instrumentation.base import PARTS, Instrumentation

SIMILAR = 0.5
"""Share of their words that two names must have in common for one to be suggested for the other."""
_SYNONYMS: Mapping[str, str] = {
    "request": "requests",
    "reqs": "requests",
    "response": "responses",
    "resp": "responses",
    "duration": "latency",
    "durations": "latency",
    "latencies": "latency",
    "time": "latency",
    "exception": "exceptions",
    "error": "errors",
    "failures": "errors",
    "query": "queries",
    "sql": "queries",
    "execute": "queries",
    "executes": "queries",
    "executions": "queries",
    "statements": "queries",
    "database": "db",
    "hit": "hits",
    "miss": "misses",
    "get": "gets",
    "fail": "fails",
    "code": "status",
    "statuses": "status",
    **dict.fromkeys(("2xx", "3xx", "4xx", "5xx", "500", "404"), "status"),
    "connection": "connections",
    "insert": "inserts",
    "create": "inserts",
    "creates": "inserts",
    "update": "updates",
    "delete": "deletes",
    "migration": "migrations",
    "pending": "unapplied",
    "model": "models",
    "sizes": "size",
    "bytes": "size",
    "body": "size",
    "templatename": "template",
    "endpoint": "view",
    "route": "view",
    "path": "view",
    "handler": "view",
}
_SAY_NOTHING = frozenset(
    {"total", "seconds", "by", "django", "http", "prometheus", "app", "web", "server", "all", "new"}
)
_GUESSED = frozenset({"http", "request", "requests", "response", "responses", "db", "database", "sql", "cache"})
"""First words of names that people write for what a web framework exports."""
_MEANT: Mapping[frozenset[str], Callable[[Instrumentation], str | None]] = {
    frozenset(words.split()): role
    for words, role in {
        "requests": lambda names: names.requests_by_method,
        "requests method": lambda names: names.requests_by_method,
        "requests view": lambda names: names.requests_by_view,
        "requests view method": lambda names: names.requests_by_view,
        "requests count": lambda names: names.requests_by_method,
        "responses": lambda names: names.responses_by_status,
        "responses status": lambda names: names.responses_by_status,
        "requests status": lambda names: names.responses_by_status,
        "responses view": lambda names: names.responses_by_view,
        "responses status view": lambda names: names.responses_by_view,
        "requests status view": lambda names: names.responses_by_view,
        "latency": lambda names: names.latency_by_view,
        "requests latency": lambda names: names.latency_by_view,
        "responses latency": lambda names: names.latency_by_view,
        "requests latency view": lambda names: names.latency_by_view,
        "view latency": lambda names: names.latency_by_view,
        "exceptions": lambda names: names.exceptions_by_view,
        "requests exceptions": lambda names: names.exceptions_by_view,
        "exceptions view": lambda names: names.exceptions_by_view,
        "exceptions type": lambda names: names.exceptions_by_type,
        "errors": lambda names: names.responses_by_status,
        "requests errors": lambda names: names.responses_by_status,
        "responses errors": lambda names: names.responses_by_status,
        "queries": lambda names: names.database and names.database.executes,
        "db queries": lambda names: names.database and names.database.executes,
        "db": lambda names: names.database and names.database.executes,
        "db errors": lambda names: names.database and names.database.errors,
        "db queries errors": lambda names: names.database and names.database.errors,
        "db latency": lambda names: names.database and names.database.query_duration,
        "queries latency": lambda names: names.database and names.database.query_duration,
        "db queries latency": lambda names: names.database and names.database.query_duration,
        "db connections": lambda names: names.database and names.database.connections,
        "db connections errors": lambda names: names.database and names.database.connection_errors,
        "cache": lambda names: names.cache and names.cache.gets,
        "cache gets": lambda names: names.cache and names.cache.gets,
        "cache requests": lambda names: names.cache and names.cache.gets,
        "cache hits": lambda names: names.cache and names.cache.hits,
        "cache misses": lambda names: names.cache and names.cache.misses,
        "cache errors": lambda names: names.cache and names.cache.fails,
        "migrations": lambda names: names.migrations and names.migrations.unapplied,
        "models inserts": lambda names: names.models and names.models.inserts,
        "models updates": lambda names: names.models and names.models.updates,
        "models deletes": lambda names: names.models and names.models.deletes,
    }.items()
}
"""What a name means by its words -> the role that exports it."""


def is_foreign(metric: str, names: Instrumentation, exported: Iterable[str]) -> bool:
    """True for a name that says by its first word that another exporter has it, and not the target."""
    families = {_family(each) for each in (*names.names, *exported)} | _GUESSED
    return _family(metric) not in families and ":" not in metric


def hint(metric: str, names: Instrumentation, exported: Iterable[str]) -> str:
    """What the target exports instead, as the end of a sentence; empty where nothing is like it."""
    known = frozenset((*names.names, *exported))
    parts = parts_of(metric, known)
    if len(parts) == len(PARTS):
        return f"; it is a histogram, and the target exports its parts {parts[0]}, {parts[1]} and {parts[2]}"
    found = instead(metric, names, known)
    return f"; the target exports {found}" if found else ""


def instead(metric: str, names: Instrumentation, exported: Iterable[str]) -> str:
    """The one metric of the target that is meant; empty where there is none, or several are."""
    known = frozenset((*names.names, *exported))
    if len(parts_of(metric, known)) == len(PARTS):
        return ""
    return meant(metric, names) or _most_alike(metric, known) or next(iter(_letters(metric, known)), "")


def parts_of(metric: str, known: Collection[str]) -> list[str]:
    """The parts of a histogram of this name."""
    return [part for each in PARTS if (part := f"{metric}_{each}") in known]


def meant(metric: str, names: Instrumentation) -> str:
    """The metric that people mean by a name; empty where that is not known."""
    stem, part = _part(metric)
    role = _MEANT.get(frozenset(_words(stem)) - _SAY_NOTHING)
    found = role(names) if role else None
    if not found:
        return ""
    if f"{found}_bucket" in names.names:
        return f"{found}_{part or 'bucket'}"
    return found


def _part(metric: str) -> tuple[str, str]:
    """A name without the part of a histogram at its end, and that part."""
    stem, _, last = metric.rpartition("_")
    return (stem, last) if last in PARTS and stem else (metric, "")


def _most_alike(metric: str, known: Iterable[str]) -> str:
    """The name with the most words in common; empty where no other has enough."""
    asked, asked_part = frozenset(_words(_part(metric)[0])), _part(metric)[1]
    best: tuple[float, str] = (0.0, "")
    for name in sorted(known):
        stem, part = _part(name)
        words = frozenset(_words(stem))
        telling = (asked & words) - _SAY_NOTHING
        if not telling or (part and asked_part and part != asked_part):
            continue
        alike = len(asked & words) / len(asked | words) - (0.1 if part != asked_part else 0)
        best = max(best, (alike, name), key=lambda item: item[0])
    return best[1] if best[0] >= SIMILAR else ""


def _letters(metric: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(metric, sorted(known), n=1, cutoff=0.9)


def _words(name: str) -> list[str]:
    return [_SYNONYMS.get(word, word) for word in re.split(r"[_:]+", name.lower()) if word]


def _family(metric: str) -> str:
    return metric.partition("_")[0]
