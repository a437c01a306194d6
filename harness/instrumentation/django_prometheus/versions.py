"""In what releases of django-prometheus differ from the newest, as far as their metrics or backends show it.

Read in 2.3.1, 2.4.0, 2.4.1 and 2.5.0: every metric has the same name, type and labels in all four.
`make matrix-versions` compares these lines with the packages themselves, and runs an app on each.
"""

import re
from dataclasses import dataclass

OLDEST = "2.3.1"
"""The oldest release that was read."""
NEWEST = "2.5.0"
_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Difference:
    """What releases before one do otherwise than the newest."""

    before: str
    """The first release that does as the newest."""
    concerns: tuple[str, ...]
    """Dotted paths of engines or cache backends."""
    text: str
    """What they do otherwise, after `it`."""
    lacks: bool = False
    """They do not have what it concerns."""

    def holds(self, release: str) -> bool:
        """Whether a release such as `2.4.1` is one of them; not for a text that is no release."""
        found = _release(release)
        return found is not None and found < (_release(self.before) or found)


_CACHES = "django_prometheus.cache.backends"
_ENGINES = "django_prometheus.db.backends"
DIFFERENCES = (
    Difference(
        "2.4.0",
        (f"{_CACHES}.redis.NativeRedisCache",),
        'has no backend for Django\'s own Redis cache: no series has backend="native_redis"',
        lacks=True,
    ),
    Difference(
        "2.4.0",
        (f"{_ENGINES}.spatialite",),
        "has no engine for SpatiaLite: no series has its alias",
        lacks=True,
    ),
    Difference(
        "2.4.0",
        (f"{_CACHES}.memcached.PyLibMCCache", f"{_CACHES}.memcached.PyMemcacheCache"),
        "gives the default for a stored value that is false, such as 0, and counts it as a hit",
    ),
    Difference(
        "2.5.0",
        (f"{_ENGINES}.postgis",),
        'counts statements and their durations under alias="postgis", whatever the database is called in DATABASES',
    ),
)


def differences(release: str) -> tuple[Difference, ...]:
    """Those of a release; none for a text that is no release."""
    return tuple(each for each in DIFFERENCES if each.holds(release))


def _release(text: str) -> tuple[int, int, int] | None:
    match = _NUMBERS.match(text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
