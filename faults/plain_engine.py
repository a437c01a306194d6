"""The database's ENGINE is Django's own, not that of django-prometheus."""

from harness.faults import Fault, Injection

FAULT = Fault(
    number=22,
    id="plain-engine",
    does="The database's ENGINE is Django's own, not that of django-prometheus.",
    lie="the app runs no SQL",
    mend="DATABASES in the settings: ENGINE = django_prometheus.db.backends.<engine>",
    caught_by=("database",),
    quiet=("request-conservation", "response-conservation", "request-counts", "latency-conservation"),
    injection=Injection(
        settings='DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"\n',
    ),
)
