"""A cache backend counts a hit whenever it stores a value."""

from harness.faults import Fault, Injection

BACKEND = """\
from django_prometheus.cache.backends import filebased
from django_prometheus.cache.metrics import django_cache_hits_total


class FileBasedCache(filebased.FileBasedCache):
    def set(self, *args, **kwargs):
        django_cache_hits_total.labels(backend="filebased").inc()
        return super().set(*args, **kwargs)
"""

FAULT = Fault(
    number=67,
    id="hits-on-set",
    does="A cache backend counts a hit whenever it stores a value.",
    lie="a hit ratio that rises with each miss, because a miss is followed by a set",
    mend="the backend: count in get() alone",
    caught_by=("cache",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        modules={"stores.py": BACKEND},
        settings='CACHES["default"]["BACKEND"] = "stores.FileBasedCache"\n',
        scenario="scenarios/cache.py",
    ),
)
