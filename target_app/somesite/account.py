"""What each request does to databases, caches and models, counted apart from django-prometheus.

SQL is seen through Django's own execute wrappers, models through Django's signals, and reads of caches by standing in
front of each cache's `get`. What was in a cache only the view knows that stored it, so views tell hits and misses.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest

KEYS = (
    *("execute", "many", "sets", "control", "recheck", "connect"),
    *(
        "get",
        "hit",
        "falsy",
        "none",
        "miss",
        "fail",
        "falsy_lost",
        "many_keys",
        "many_found",
        "or_set_hit",
        "or_set_miss",
    ),
    *("insert", "given_pk", "update", "delete", "bulk_insert", "bulk_update", "bulk_delete", "undone"),
)
"""The order of keys in a digest; others follow by name."""
CACHE_LABELS = {
    "django.core.cache.backends.locmem.LocMemCache": "locmem",
    "django.core.cache.backends.filebased.FileBasedCache": "filebased",
    "django.core.cache.backends.memcached.PyMemcacheCache": "memcached",
    "django.core.cache.backends.redis.RedisCache": "native_redis",
    "django_redis.cache.RedisCache": "redis",
}
"""What the metrics call a cache that is, or is made from, one of these; django-prometheus has no other."""
CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
"""First words of statements that only control transactions."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One call of a cursor."""

    started_s: float
    duration_s: float
    alias: str
    vendor: str
    sql: str
    rows: int
    sets: int | None
    """Parameter sets of executemany; None for execute."""
    error: str | None


@dataclass(slots=True)
class Account:
    """One request's account."""

    request: HttpRequest | None
    """None for what no request does."""
    counts: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    """Numbers by kind (`db`, `cache`, `model`), subject and key."""
    statements: list[Statement] = field(default_factory=list)

    @property
    def view(self) -> str:
        """The view's name; empty before a URL pattern was found."""
        match = self.request.resolver_match if self.request else None
        return match.view_name if match else ""

    def count(self, kind: str, subject: str, key: str, number: int = 1) -> None:
        """Add to one number."""
        self.counts.setdefault(kind, {}).setdefault(subject, Counter())[key] += number


outside: Callable[[Account], None] | None = None
"""Takes the statements of no request, once the process serves; until then it asks for its own gauges."""
_current: ContextVar[Account | None] = ContextVar("account", default=None)


def current() -> Account | None:
    """The account of the request that is being answered; None outside of requests."""
    return _current.get()


@contextmanager
def opened(request: HttpRequest) -> Iterator[Account]:
    """Keep an account of what happens inside the block, in this context and what is called from it."""
    account = Account(request)
    token = _current.set(account)
    try:
        yield account
    finally:
        _current.reset(token)


@contextmanager
def watching() -> Iterator[None]:
    """See every statement of this thread's connections, also of those yet to be made, and each read of its caches."""
    for alias in settings.CACHES:
        _watch_reads(caches[alias])
    with ExitStack() as wrapped:
        for alias in connections:
            wrapped.enter_context(connections[alias].execute_wrapper(_watch))
        yield
        _count_rechecks()


def lookup(key: str, number: int = 1) -> None:
    """Count what a view met in the cache; see docs/run-directory.md for the keys."""
    if account := current():
        account.count("cache", settings.CACHE_LABEL, key, number)


def operation(model: str, key: str, number: int = 1) -> None:
    """Count what a view did to a model and no signal tells."""
    if (account := current()) and number:
        account.count("model", model, key, number)


def digest(counts: dict[str, Counter[str]]) -> str:
    """Counts by subject in one text: `default execute=5 connect=1; logs execute=1`. Numbers of 0 are left out."""
    parts = []
    for subject, own in counts.items():
        keys = sorted((key for key, number in own.items() if number), key=lambda key: (_place(key), key))
        if keys:
            parts.append(" ".join((subject, *(f"{key}={own[key]}" for key in keys))))
    return "; ".join(parts)


def _place(key: str) -> int:
    return KEYS.index(key) if key in KEYS else len(KEYS)


def _watch_reads(cache: BaseCache) -> None:
    """Stand in front of a cache's `get`, for good: each thread has caches of its own."""
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(cache).__mro__)
    label = next((CACHE_LABELS[name] for name in names if name in CACHE_LABELS), "")
    if label and "get" not in vars(cache):
        vars(cache)["get"] = partial(_read, cache.get, label)


def _read(get: Callable[..., Any], label: str, *args: Any, **kwargs: Any) -> Any:
    if account := current():
        account.count("cache", label, "get")
    return get(*args, **kwargs)


def _watch(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if account := current():
        return _kept(account, execute, sql, params, many, context)
    return execute(sql, params, many, context)


def _watch_outside(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """What a thread of its own runs, or a middleware further out, is in no request's account."""
    if current() or outside is None:
        return execute(sql, params, many, context)
    account = Account(None)
    try:
        return _kept(account, execute, sql, params, many, context)
    finally:
        outside(account)


def _kept(
    account: Account, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    connection = context["connection"]
    error = None
    started_s, began_ns = time.time(), time.perf_counter_ns()
    try:
        return execute(sql, params, many, context)
    except Exception as raised:
        error = type(raised.__cause__ or raised).__name__
        raise
    finally:
        took_s = (time.perf_counter_ns() - began_ns) / 1e9
        sets = len(params) if many else None
        rows = getattr(context["cursor"], "rowcount", -1)
        text = str(sql)
        account.statements.append(
            Statement(started_s, took_s, connection.alias, connection.vendor, text, rows, sets, error)
        )
        count = account.counts.setdefault("db", {}).setdefault(connection.alias, Counter())
        count["many" if many else "execute"] += 1
        if many:
            count["sets"] += len(params)
        elif text.lstrip()[:9].upper().startswith(CONTROL):
            count["control"] += 1
        if error:
            count[f"error.{error}"] += 1


def _count_rechecks() -> None:
    """Django tests a connection that had an error when the request is over (`close_if_unusable_or_obsolete`).

    One that psycopg knows to be closed gives no cursor to test it with.
    """
    if account := current():
        for connection in connections.all(initialized_only=True):
            closed = connection.connection is None or getattr(connection.connection, "closed", False)
            if not closed and connection.errors_occurred and not connection.in_atomic_block:
                account.count("db", connection.alias, "recheck")


def _on_connection(connection: Any, **_: Any) -> None:
    if _watch_outside not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _watch_outside)  # `execute_wrapper()` takes away the last one
    if account := current():
        account.count("db", connection.alias, "connect")


def _on_save(sender: Any, created: bool, raw: bool, **_: Any) -> None:
    if not raw:
        operation(sender._meta.model_name, "insert" if created else "update")  # noqa: SLF001 - public, despite its name


def _on_delete(sender: Any, instance: Any, origin: Any, **_: Any) -> None:
    """What is deleted along with another instance, or by a queryset, does not pass through the model's own delete."""
    operation(sender._meta.model_name, "delete" if origin is instance else "bulk_delete")  # noqa: SLF001 - as above


connection_created.connect(_on_connection, dispatch_uid="account")
post_save.connect(_on_save, dispatch_uid="account")
post_delete.connect(_on_delete, dispatch_uid="account")
