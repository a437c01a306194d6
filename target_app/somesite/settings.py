"""Settings of the reference target; what varies comes from the environment.

| variable | default | meaning |
| --- | --- | --- |
| TARGET_STATE_DIR | target_app/.state | directory of the database, the cache and the shared metrics |
| TARGET_WORKERS | 2 | gunicorn's worker processes (gunicorn.conf.py) |
| TARGET_THREADS | 4 | threads of each worker (gunicorn.conf.py) |
| TARGET_WITNESS | 1 | 0: no `Server-Timing` header |
| TARGET_SEED | 1 | seeds the delays of `work:slow` |
| TARGET_DEBUG | 0 | 1: Django's debug mode |
| TARGET_ALLOWED_HOSTS | 127.0.0.1,localhost,[::1] | hosts that may be asked for, separated by commas |
| TARGET_SECRET_KEY | a fixed one | needed once TARGET_ALLOWED_HOSTS names more than loopback |
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
STATE_DIR = Path(os.environ.get("TARGET_STATE_DIR", Path(__file__).resolve().parent.parent / ".state"))
STATE_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = os.environ.get("TARGET_DEBUG", "0") == "1"
WITNESS = os.environ.get("TARGET_WITNESS", "1") == "1"
SLOW_SEED = os.environ.get("TARGET_SEED", "1")

ALLOWED_HOSTS = os.environ.get("TARGET_ALLOWED_HOSTS", ",".join(LOOPBACK)).split(",")
SECRET_KEY = os.environ.get("TARGET_SECRET_KEY", "")
if not SECRET_KEY:
    if not set(ALLOWED_HOSTS) <= set(LOOPBACK):
        raise ImproperlyConfigured("TARGET_SECRET_KEY must be set when TARGET_ALLOWED_HOSTS names more than loopback")
    SECRET_KEY = "reference-target-on-loopback-only"

ROOT_URLCONF = "somesite.urls"
WSGI_APPLICATION = "somesite.wsgi.application"
INSTALLED_APPS = ["django_prometheus", "work", "data"]

# The outer witness spans everything. Before stands first and After last, as django-prometheus asks for; the inner
# witness stands immediately outside After, so that what the two account for is the same. No CSRF middleware: the
# target has neither sessions nor users to protect.
OUTER_WITNESS = ["somesite.witness.OuterWitness"] if WITNESS else []
INNER_WITNESS = ["somesite.witness.InnerWitness"] if WITNESS else []
MIDDLEWARE = [
    *OUTER_WITNESS,
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    *INNER_WITNESS,
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
# A redirect to the URL with a slash would be told as a 404 by the metrics; every URL here is written in full.
APPEND_SLASH = False

DATABASES = {
    "default": {
        "ENGINE": "django_prometheus.db.backends.sqlite3",
        "NAME": STATE_DIR / "db.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django_prometheus.cache.backends.filebased.FileBasedCache",
        "LOCATION": STATE_DIR / "cache",
        "TIMEOUT": None,
    }
}

# From 1 ms to 10 s by a factor of about 1.5, so that a bucket is at most half as wide as its bound.
PROMETHEUS_LATENCY_BUCKETS = (
    *(0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.008),
    *(0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08),
    *(0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8),
    *(1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0),
    float("inf"),
)
# Its gauges are set once per process and carry a pid in multiprocess mode.
PROMETHEUS_EXPORT_MIGRATIONS = False

# Django sets the process's time zone, America/Chicago unless told otherwise: the workers' log lines would be off.
TIME_ZONE = "UTC"
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s %(message)s"}},
    "filters": {"on-purpose": {"()": "somesite.logs.OneLineOnPurpose"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["on-purpose"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING"},  # no mail to administrators
        "django.request": {"level": "ERROR"},  # a 4xx is the client's error: no line
    },
}
