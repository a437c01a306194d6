"""The cache's BACKEND is Django's own, not that of django-prometheus."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=23,
    id="plain-cache",
    does="The cache's BACKEND is Django's own, not that of django-prometheus.",
    lie="the app never uses its cache: no hit ratio",
    mend="CACHES in the settings: BACKEND = django_prometheus.cache.backends.<backend>",
    caught_by=("cache",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        settings='CACHES["default"]["BACKEND"] = "django.core.cache.backends.filebased.FileBasedCache"\n',
        scenario="scenarios/cache.py",
    ),
)
