"""Settings of the reference target; what varies comes from the environment (environment.py).

| variable | default | meaning |
| --- | --- | --- |
| TARGET_STATE_DIR | target_app/.state | directory of the database, the cache, the SQL log and the shared metrics |
| TARGET_SERVER | gthread | gunicorn's workers: gthread, sync, or asgi (uvicorn; needs uvicorn-worker) |
| TARGET_WORKERS | 2 | gunicorn's worker processes |
| TARGET_THREADS | 4 | threads of each gthread worker |
| TARGET_ENGINE | sqlite | database: sqlite, postgresql (needs psycopg), mysql (MariaDB too; needs mysqlclient) |
| TARGET_DB_HOST | 127.0.0.1 | where the database listens; as the four below not for sqlite |
| TARGET_DB_PORT | 5432 or 3306 | its port |
| TARGET_DB_NAME | target | name of the database; on MySQL create it with `CHARACTER SET utf8mb4` |
| TARGET_DB_USER | target | who connects to it |
| TARGET_DB_PASSWORD | none | with which password |
| TARGET_CACHE | file | cache: locmem, file, memcached (pymemcache), redis, django-redis (both with django-redis) |
| TARGET_CACHE_HOST | 127.0.0.1 | where memcached or Redis listens |
| TARGET_CACHE_PORT | 11211 or 6379 | its port |
| TARGET_CACHE_PASSWORD | none | for the two with Redis |
| TARGET_WITNESS | 1 | 0: no `Server-Timing` header |
| TARGET_WITNESS_TOKEN | none | the header only for requests whose `X-Witness-Token` says this |
| TARGET_SEED | 1 | seeds the delays of `work:slow` |
| TARGET_SQL_LOG | 1000 | how many of its last SQL statements each process keeps for `/sql-logs/` |
| TARGET_SQL_DELAY_MS | 0 | slows every SQL statement of one view by so many milliseconds (delayed/) |
| TARGET_SQL_DELAY_VIEW | none | the name of that view, as `data:read` |
| TARGET_SLOWDOWN_PERCENT | 0 | makes one view slower by such a share of its own time (slowdown.py) |
| TARGET_SLOWDOWN_VIEW | none | the name of that view, as `work:slow` |
| TARGET_DEBUG | 0 | 1: Django's debug mode |
| TARGET_DEBUG_TOKEN | none | the `X-Debug-Token` that opens `/sql-logs/` and `/state` beyond loopback; unset: none |
| TARGET_ALLOWED_HOSTS | 127.0.0.1,localhost,[::1] | hosts that may be asked for, separated by commas |
| TARGET_SECRET_KEY | a fixed one | needed once TARGET_ALLOWED_HOSTS names more than loopback |

A variable that is set to something else is refused in one line that names it.
"""

from somesite import environment, services

STATE_DIR = environment.STATE_DIR
STATE_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = environment.DEBUG
SQL_DELAY_MS = environment.SQL_DELAY_MS
SQL_DELAY_VIEW = environment.SQL_DELAY_VIEW
SLOWDOWN_VIEW = environment.SLOWDOWN_VIEW
SLOWDOWN_PERCENT = environment.SLOWDOWN_PERCENT
SLOW_SEED = environment.SEED
ALLOWED_HOSTS = environment.ALLOWED_HOSTS
SECRET_KEY = environment.SECRET_KEY

ROOT_URLCONF = "somesite.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
WSGI_APPLICATION = "somesite.wsgi.application"
ASGI_APPLICATION = "somesite.asgi.application"
INSTALLED_APPS = ["somesite.apps.ReachablePrometheusConfig", "metrics_witness", "work", "data"]

# The outer witness spans everything else, and keeps the SQL log also when no header is wanted. Before stands first and
# After last, as django-prometheus asks for; the inner witness stands immediately outside After, so that what the two
# account for is the same. No CSRF middleware: the target has neither sessions nor users to protect.
MIDDLEWARE = [
    "metrics_witness.middleware.OuterWitness",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "metrics_witness.middleware.InnerWitness",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
    *(["somesite.slowdown.Slowdown"] if SLOWDOWN_PERCENT else []),
]
WITNESS = services.witness()
# A redirect to the URL with a slash would be reported as a 404 by the metrics; every URL here is written in full.
APPEND_SLASH = False

DATABASES = {"default": services.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": services.cache()}

# From 0.1 ms, in which a view does next to nothing, to 10 s by a factor of about 1.5: a percentile is at most half off.
PROMETHEUS_LATENCY_BUCKETS = (
    *(0.0001, 0.00015, 0.0002, 0.0003, 0.0004, 0.0006, 0.0008),
    *(0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.008),
    *(0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08),
    *(0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8),
    *(1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0),
    float("inf"),
)
# Its gauges are set once per process, when it starts, and carry a pid in multiprocess mode.
PROMETHEUS_EXPORT_MIGRATIONS = True

# Django sets the process's time zone, America/Chicago unless set otherwise: the workers' log lines would be off.
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
