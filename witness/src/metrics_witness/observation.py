"""How the account sees what is done.

SQL is seen through Django's execute wrappers, models through Django's signals, and reads of caches by standing in front
of each cache's `get`. Nothing of it is there until `install` and `watching` are called: an app that is not asked for an
account runs as if this package were absent.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_delete, post_save

from metrics_witness.account import Account, Statement, cache_label, current, operation

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
"""First words of statements that only control transactions."""
UID = "metrics_witness"
"""Under which the receivers are connected to Django's signals."""

_outside: Callable[[Account], None] | None = None
"""Takes each statement that belongs to no request; None: nobody does, and connections are watched in requests only."""
_installed = False
_installing = threading.Lock()


def keep_outside(keep: Callable[[Account], None]) -> None:
    """From now on hand over the statements of no request: the process serves, and asks no more for its own gauges."""
    global _outside  # noqa: PLW0603 - one per process, as the connections' signals are
    _outside = keep


def install() -> None:
    """Listen to Django's signals, for good; a second call does nothing.

    A listener to `post_delete` makes Django fetch the rows that a queryset deletes, as it sends the signal for each.
    """
    global _installed  # noqa: PLW0603 - the signals are one per process
    if _installed:
        return
    with _installing:
        connection_created.connect(_on_connection, dispatch_uid=UID)
        post_save.connect(_on_save, dispatch_uid=UID)
        post_delete.connect(_on_delete, dispatch_uid=UID)
        _installed = True


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


def _watch_reads(cache: BaseCache) -> None:
    """Stand in front of a cache's `get`, for good: each thread has caches of its own."""
    label = cache_label(cache)
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
    if current() or _outside is None:
        return execute(sql, params, many, context)
    account = Account(None)
    try:
        return _kept(account, execute, sql, params, many, context)
    finally:
        _outside(account)


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
        sets = _length(params) if many else None
        rows = getattr(context["cursor"], "rowcount", -1)
        text = str(sql)
        account.statements.append(
            Statement(started_s, took_s, connection.alias, connection.vendor, text, rows, sets, error)
        )
        count = account.counts.setdefault("db", {}).setdefault(connection.alias, Counter())
        count["many" if many else "execute"] += 1
        if sets is not None:
            count["sets"] += sets
        elif text.lstrip()[:9].upper().startswith(CONTROL):
            count["control"] += 1
        if error:
            count[f"error.{error}"] += 1


def _length(params: Any) -> int:
    """Parameter sets of executemany; 0 for an iterator, whose length nobody knows."""
    return len(params) if isinstance(params, Sized) else 0


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
    if _outside is not None and _watch_outside not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _watch_outside)  # `execute_wrapper()` takes away the last one
    if account := current():
        account.count("db", connection.alias, "connect")


def _on_save(sender: Any, created: bool, raw: bool, **_: Any) -> None:
    if not raw:
        operation(sender._meta.model_name, "insert" if created else "update")  # noqa: SLF001 - public, despite its name


def _on_delete(sender: Any, instance: Any, origin: Any, **_: Any) -> None:
    """What is deleted along with another instance, or by a queryset, does not pass through the model's own delete."""
    operation(sender._meta.model_name, "delete" if origin is instance else "bulk_delete")  # noqa: SLF001 - as above
