"""Database engines and caches: which count, and the counting counterparts of those that do not."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.instrumentation.diagnosis import Diagnosis, fault, ok, unknown

ENGINES: Mapping[str, str] = {
    "django.db.backends.postgresql": "django_prometheus.db.backends.postgresql",
    "django.db.backends.sqlite3": "django_prometheus.db.backends.sqlite3",
    "django.db.backends.mysql": "django_prometheus.db.backends.mysql",
    "django.contrib.gis.db.backends.postgis": "django_prometheus.db.backends.postgis",
    "django.contrib.gis.db.backends.spatialite": "django_prometheus.db.backends.spatialite",
}
"""Plain engine -> the one that counts."""
_CACHE = "django.core.cache.backends"
COUNTING_CACHE = "django_prometheus.cache.backends"
CACHES: Mapping[str, str] = {
    f"{_CACHE}.locmem.LocMemCache": f"{COUNTING_CACHE}.locmem.LocMemCache",
    f"{_CACHE}.filebased.FileBasedCache": f"{COUNTING_CACHE}.filebased.FileBasedCache",
    f"{_CACHE}.memcached.PyLibMCCache": f"{COUNTING_CACHE}.memcached.PyLibMCCache",
    f"{_CACHE}.memcached.PyMemcacheCache": f"{COUNTING_CACHE}.memcached.PyMemcacheCache",
    f"{_CACHE}.redis.RedisCache": f"{COUNTING_CACHE}.redis.NativeRedisCache",
    "django_redis.cache.RedisCache": f"{COUNTING_CACHE}.redis.RedisCache",
}
"""Plain cache backend -> the one that counts; NativeRedisCache needs django-redis to be installed too."""
NO_DATABASE = "django.db.backends.dummy"


@dataclass(frozen=True, slots=True)
class Backend:
    """A database engine or cache backend."""

    path: str
    """As the settings name it."""
    instrumented: bool | None
    """Whether its class, or one it derives from, is django-prometheus's; None when it cannot be imported."""


def diagnose(name: str, where: str, backend: Backend, counterparts: Mapping[str, str], series: str) -> Diagnosis:
    """A database engine or cache: instrumented, plain with a counterpart, or beyond what django-prometheus offers."""
    if backend.path in counterparts:
        text = f"is the plain {backend.path!r}, so it has no {series}; write {counterparts[backend.path]!r}"
        return fault(name, f"{where} {text}")
    if backend.instrumented:
        return ok(name, f"{where} is {backend.path!r}")
    if backend.instrumented is None:
        text = f"is {backend.path!r}, which cannot be imported here; run the doctor where its driver is installed"
        return unknown(name, f"{where} {text}")
    text = f"is {backend.path!r}, for which django-prometheus has no counterpart; so it has no {series}"
    return unknown(name, f"{where} {text}")
