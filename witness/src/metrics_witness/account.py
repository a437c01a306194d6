"""What each request does to databases, caches and models, counted apart from the app's metrics.

Only the view that stored a value knows what was in a cache, and no signal reports what a queryset did in bulk, so views
count these themselves with `lookup` and `operation`.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.http import HttpRequest

from metrics_witness.server_timing import word

DB_KEYS = ("execute", "many", "sets", "control", "recheck", "connect")
CACHE_KEYS = ("get", "hit", "falsy", "none", "miss", "fail", "falsy_lost")
CACHE_KEYS_OF_MANY = ("many_keys", "many_found", "or_set_hit", "or_set_miss")
MODEL_KEYS = ("insert", "given_pk", "update", "delete", "bulk_insert", "bulk_update", "bulk_delete", "undone")
KEYS = (*DB_KEYS, *CACHE_KEYS, *CACHE_KEYS_OF_MANY, *MODEL_KEYS)
"""The order of keys in the text; others follow by name."""
CACHE_LABELS = {
    "django.core.cache.backends.locmem.LocMemCache": "locmem",
    "django.core.cache.backends.filebased.FileBasedCache": "filebased",
    "django.core.cache.backends.memcached.PyMemcacheCache": "memcached",
    "django.core.cache.backends.redis.RedisCache": "native_redis",
    "django_redis.cache.RedisCache": "redis",
}
"""What the metrics call a cache that is, or is made from, one of these; django-prometheus has no other."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One call of a cursor."""

    started_s: float
    """Unix time."""
    duration_s: float
    alias: str
    vendor: str
    """As Django names the engine, e.g. `postgresql`."""
    sql: str
    """As it was given to the cursor, without its parameters."""
    rows: int
    """The cursor's rowcount; -1 where the driver does not know it."""
    sets: int | None
    """Parameter sets of executemany; None for execute."""
    error: str | None
    """The type of the driver's exception; None when there was none."""


@dataclass(slots=True)
class Account:
    """One request's account."""

    request: HttpRequest | None
    """None for what no request does."""
    counts: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    """Numbers by kind (`db`, `cache`, `model`), subject and key."""
    statements: list[Statement] = field(default_factory=list)
    inner: bool = False
    """Whether the inner witness saw the request; a response with its entries that it did not see is another one's."""

    @property
    def view(self) -> str:
        """The view's name; empty before a URL pattern was found."""
        match = self.request.resolver_match if self.request else None
        return match.view_name if match else ""

    def count(self, kind: str, subject: str, key: str, number: int = 1) -> None:
        """Add to one number."""
        self.counts.setdefault(kind, {}).setdefault(subject, Counter())[key] += number


_current: ContextVar[Account | None] = ContextVar("account", default=None)


def current() -> Account | None:
    """The account of the request that is being answered; None outside of requests that have one."""
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


def lookup(key: str, number: int = 1, *, alias: str = "default") -> None:
    """Count what a view met in the cache `alias`, by a key of `CACHE_KEYS` or `CACHE_KEYS_OF_MANY`.

    Nothing happens outside of requests that have an account, and for a cache that django-prometheus does not label.
    """
    if (account := current()) and (label := cache_label(caches[alias])):
        account.count("cache", label, key, number)


def operation(model: str, key: str, number: int = 1) -> None:
    """Count what a view did to a model and no signal reports, by a key of `MODEL_KEYS`; `model` is its `model_name`."""
    if (account := current()) and number:
        account.count("model", model, key, number)


def cache_label(cache: BaseCache) -> str:
    """The metrics' name for a cache, their label `backend`; empty for one that they do not count."""
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(cache).__mro__)
    return next((CACHE_LABELS[name] for name in names if name in CACHE_LABELS), "")


def digest(counts: dict[str, Counter[str]]) -> str:
    """Counts by subject in one text: `default execute=5 connect=1; logs execute=1`. Numbers of 0 are left out.

    Subjects and keys are percent-encoded where they are not plain ASCII.
    """
    parts = []
    for subject, own in counts.items():
        keys = sorted((key for key, number in own.items() if number), key=lambda key: (_place(key), key))
        if keys:
            parts.append(" ".join((word(subject), *(f"{word(key)}={own[key]}" for key in keys))))
    return "; ".join(parts)


def _place(key: str) -> int:
    return KEYS.index(key) if key in KEYS else len(KEYS)
