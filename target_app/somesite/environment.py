"""Reads the TARGET_ variables, so that gunicorn, manage.py and the settings refuse the same mistakes in one line.

What each variable means stands in settings.py.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ENGINES = ("sqlite", "postgresql", "mysql")
CACHES = ("locmem", "file", "memcached", "redis", "django-redis")
SERVERS = ("gthread", "sync", "asgi")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
DATABASE_PORTS = {"sqlite": 0, "postgresql": 5432, "mysql": 3306}
CACHE_PORTS = {"memcached": 11211, "redis": 6379, "django-redis": 6379}


def text(name: str, default: str = "") -> str:
    """What a variable says; empty is as good as unset."""
    return os.environ.get(name) or default


def choice(name: str, names: Sequence[str]) -> str:
    """One of `names`, the first of them when the variable is unset."""
    value = text(name, names[0])
    if value not in names:
        raise ImproperlyConfigured(f"{name}={value!r} is unknown; set it to one of {', '.join(names)}")
    return value


def whole(name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number from `lowest` to `highest`."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdecimal() and len(value) < 10 and lowest <= int(value) <= highest):
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number from {lowest} to {highest}; set it to one")
    return int(value)


def switch(name: str, default: str) -> bool:
    """1 or 0."""
    return choice(name, ("1", "0") if default == "1" else ("0", "1")) == "1"


STATE_DIR = Path(text("TARGET_STATE_DIR", str(Path(__file__).resolve().parent.parent / ".state")))
SERVER = choice("TARGET_SERVER", SERVERS)
WORKERS = whole("TARGET_WORKERS", 2, 1, 1000)
THREADS = whole("TARGET_THREADS", 4, 1, 1000)
WITNESS = switch("TARGET_WITNESS", "1")
WITNESS_TOKEN = text("TARGET_WITNESS_TOKEN")
SEED = text("TARGET_SEED", "1")

ENGINE = choice("TARGET_ENGINE", ENGINES)
DATABASE_HOST = text("TARGET_DB_HOST", "127.0.0.1")
DATABASE_PORT = whole("TARGET_DB_PORT", DATABASE_PORTS[ENGINE], 0, 65535)
DATABASE_NAME = text("TARGET_DB_NAME", "target")
DATABASE_USER = text("TARGET_DB_USER", "target")
DATABASE_PASSWORD = text("TARGET_DB_PASSWORD")

CACHE = choice("TARGET_CACHE", ("file", *(name for name in CACHES if name != "file")))
CACHE_HOST = text("TARGET_CACHE_HOST", "127.0.0.1")
CACHE_PORT = whole("TARGET_CACHE_PORT", CACHE_PORTS.get(CACHE, 0), 0, 65535)
CACHE_PASSWORD = text("TARGET_CACHE_PASSWORD")
if CACHE_PASSWORD and "redis" not in CACHE:
    raise ImproperlyConfigured(f"TARGET_CACHE_PASSWORD is for redis and django-redis; unset it with {CACHE}")

SQL_LOG = whole("TARGET_SQL_LOG", 1000, 1, 100_000)
SQL_DELAY_MS = whole("TARGET_SQL_DELAY_MS", 0, 0, 60_000)
SQL_DELAY_VIEW = text("TARGET_SQL_DELAY_VIEW")
if SQL_DELAY_MS and not SQL_DELAY_VIEW:
    raise ImproperlyConfigured(
        "TARGET_SQL_DELAY_VIEW is unset; name the view that TARGET_SQL_DELAY_MS slows, as data:read"
    )
SLOWDOWN_VIEW = text("TARGET_SLOWDOWN_VIEW")
SLOWDOWN_PERCENT = whole("TARGET_SLOWDOWN_PERCENT", 0, 0, 10_000)
if SLOWDOWN_PERCENT and not SLOWDOWN_VIEW:
    raise ImproperlyConfigured(
        "TARGET_SLOWDOWN_VIEW is unset; name the view that TARGET_SLOWDOWN_PERCENT slows, as work:slow"
    )

DEBUG = switch("TARGET_DEBUG", "0")
DEBUG_TOKEN = text("TARGET_DEBUG_TOKEN")
ALLOWED_HOSTS = text("TARGET_ALLOWED_HOSTS", ",".join(LOOPBACK)).split(",")
BEYOND_LOOPBACK = not set(ALLOWED_HOSTS) <= set(LOOPBACK)
SECRET_KEY = text("TARGET_SECRET_KEY", "" if BEYOND_LOOPBACK else "reference-target-on-loopback-only")
if not SECRET_KEY:
    raise ImproperlyConfigured("TARGET_SECRET_KEY must be set when TARGET_ALLOWED_HOSTS names more than loopback")
