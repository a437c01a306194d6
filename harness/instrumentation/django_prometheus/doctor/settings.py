"""Diagnoses of a Django settings module: middlewares, app, URL, engines, caches, buckets, workers.

The rules are those of https://github.com/django-commons/django-prometheus (README and documentation/exports.md), and
what each breach does to the numbers is written in docs/doctor.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from harness.instrumentation.diagnosis import Diagnosis, fault, ok, unknown
from harness.instrumentation.django_prometheus.doctor import backends
from harness.instrumentation.django_prometheus.doctor.backends import (
    CACHES,
    COUNTING_CACHE,
    ENGINES,
    NO_DATABASE,
    Backend,
)
from harness.instrumentation.django_prometheus.doctor.library import diagnose_library
from harness.instrumentation.django_prometheus.doctor.witness import WitnessFacts, diagnose_witness

BEFORE = "django_prometheus.middleware.PrometheusBeforeMiddleware"
AFTER = "django_prometheus.middleware.PrometheusAfterMiddleware"
METRICS_VIEW = "prometheus-django-metrics"
"""The name that django_prometheus.urls gives its view, and the view label of the scrapes."""
URL_LINE = 'path("", include("django_prometheus.urls"))'

MOST_ROUTES = 3
"""Patterns that one message names."""


@dataclass(frozen=True, slots=True)
class MetricsRoute:
    """A URL pattern that serves the metrics."""

    route: str
    view: str
    """Its name with namespaces, as the view label shows it; empty when it has none."""


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """What a settings module says once Django is set up with it."""

    module: str
    middleware: tuple[str, ...] = ()
    """Dotted paths in their order."""
    before: frozenset[str] = frozenset({BEFORE})
    """Paths in `middleware` that are the Before middleware or a subclass of it."""
    after: frozenset[str] = frozenset({AFTER})
    unimportable: Mapping[str, str] = field(default_factory=dict)
    """Middleware or URLconf -> why it cannot be imported."""
    uninstalled: Mapping[str, str] = field(default_factory=dict)
    """Those of them that need a package which the interpreter lacks -> the package."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Setting -> file and line where it is set."""
    installed_apps: tuple[str, ...] = ()
    """Names of the apps, not of their AppConfig classes."""
    databases: Mapping[str, Backend] = field(default_factory=dict)
    caches: Mapping[str, Backend] = field(default_factory=dict)
    caches_set: bool = True
    """False: CACHES is Django's default."""
    routes: tuple[MetricsRoute, ...] = ()
    likely_routes: tuple[MetricsRoute, ...] = ()
    """Patterns whose view is called like one that serves metrics, or whose code mentions what does."""
    export_port: str = ""
    """PROMETHEUS_METRICS_EXPORT_PORT or …_PORT_RANGE; empty when neither is set."""
    namespace: str = ""
    latency_buckets: tuple[float, ...] | None = None
    """Finite upper bounds in seconds; None when django-prometheus's default holds."""
    multiprocess_dir: str = ""
    """Where PROMETHEUS_MULTIPROC_DIR was seen: `the environment`, the settings, `gunicorn.conf.py`; empty: nowhere."""
    workers: int | None = None
    """Worker processes, where gunicorn.conf.py or WEB_CONCURRENCY says it as a plain number."""
    reads_multiprocess_dir: bool = False
    """gunicorn.conf.py reads PROMETHEUS_MULTIPROC_DIR, and nothing that was looked at sets it."""
    witness: WitnessFacts = field(default_factory=WitnessFacts)
    library: str = ""
    """The release of django-prometheus, e.g. `2.5.0`; empty when it is not installed."""

    def of(self, setting: str) -> str:
        """A setting, with its module and the place where it is set."""
        place = f" ({self.places[setting]})" if setting in self.places else ""
        return f"{self.module}{place}: {setting}"


def diagnose_settings(facts: SettingsFacts) -> tuple[Diagnosis, ...]:
    """Judge a settings module; every rule answers at least once, so silence never means OK."""
    return (
        *_unimportable(facts),
        diagnose_library(
            facts.module, facts.library, (each.path for each in (*facts.databases.values(), *facts.caches.values()))
        ),
        *_middlewares(facts),
        _app(facts),
        _url(facts),
        *_databases(facts),
        *_caches(facts),
        _namespace(facts),
        _buckets(facts),
        _workers(facts),
        *diagnose_witness(facts.module, facts.middleware, facts.after, facts.witness),
    )


def _unimportable(facts: SettingsFacts) -> tuple[Diagnosis, ...]:
    if not facts.unimportable:
        return (ok("imports", f"{facts.module}: every middleware and the URLconf can be imported"),)
    return tuple(_unimported(facts, path, reason) for path, reason in facts.unimportable.items())


def _unimported(facts: SettingsFacts, path: str, reason: str) -> Diagnosis:
    if package := facts.uninstalled.get(path):
        text = f"needs {package!r}, which the interpreter lacks; name that of the project with --python"
        return unknown("imports", f"{facts.module}: {path} {text}")
    return fault("imports", f"{facts.module}: {path} cannot be imported, so Django serves nothing: {reason}")


def _middlewares(facts: SettingsFacts) -> tuple[Diagnosis, ...]:
    where = facts.of("MIDDLEWARE")
    before = [index for index, path in enumerate(facts.middleware) if path in facts.before]
    after = [index for index, path in enumerate(facts.middleware) if path in facts.after]
    if before and after and after[-1] < before[0]:
        text = (
            f"{where} has After above Before, so neither sees what the other middlewares do; make {BEFORE!r} its first "
            f"line and {AFTER!r} its last"
        )
        return (fault("middleware-order", text),)
    return _before(where, facts, before), _after(where, facts, after)


def _before(where: str, facts: SettingsFacts, found: list[int]) -> Diagnosis:
    name = "before-middleware"
    if not found:
        text = f"has no Before, so no request is counted and no latency is measured; add {BEFORE!r} as the first line"
        return fault(name, f"{where} {text}")
    if len(found) > 1:
        return fault(
            name, f"{where} has Before {len(found)} times, so each request is counted that often; keep the first only"
        )
    outside = [path for path in facts.middleware[: found[0]] if not _is_witness(path)]
    if outside:
        text = (
            f"has {_listed(outside)} above Before; a request that it answers itself is never counted, and its time is "
            f"never measured; move {facts.middleware[found[0]]!r} to the first line"
        )
        return fault(name, f"{where} {text}")
    above = f" below {_listed(facts.middleware[: found[0]])}" if found[0] else ""
    return ok(name, f"{where} has Before first{above}")


def _after(where: str, facts: SettingsFacts, found: list[int]) -> Diagnosis:
    name = "after-middleware"
    if not found:
        text = f"has no After, so there is no status, view or latency by view; add {AFTER!r} as the last line"
        return fault(name, f"{where} {text}")
    if len(found) > 1:
        return fault(
            name, f"{where} has After {len(found)} times, so each response is counted that often; keep the last only"
        )
    inside = facts.middleware[found[0] + 1 :]
    if inside:
        text = (
            f"has {_listed(inside)} below After; a request that it answers itself gets the view '<unnamed view>'; "
            f"move {facts.middleware[found[0]]!r} to the last line"
        )
        return fault(name, f"{where} {text}")
    return ok(name, f"{where} has After last")


def _is_witness(path: str) -> bool:
    """A witness passes every request on, so nothing is lost when it stands above Before; it is known by its name."""
    return path.rpartition(".")[2].endswith("Witness")


def _app(facts: SettingsFacts) -> Diagnosis:
    name = "installed-app"
    if "django_prometheus" in facts.installed_apps:
        return ok(name, f"{facts.module}: INSTALLED_APPS has 'django_prometheus'")
    text = "INSTALLED_APPS lacks 'django_prometheus', so neither its exporter port nor migration gauges start; add it"
    return fault(name, f"{facts.of('INSTALLED_APPS').removesuffix(': INSTALLED_APPS')}: {text}")


def _url(facts: SettingsFacts) -> Diagnosis:
    name = "metrics-url"
    named = [route for route in facts.routes if route.view == METRICS_VIEW]
    if named:
        return ok(name, f"{facts.module}: /{named[0].route.lstrip('/')} serves the metrics")
    if facts.routes:
        route = facts.routes[0]
        text = f"/{route.route.lstrip('/')} serves the metrics"
        if route.view:
            return ok(name, f"{facts.module}: {text} as the view {route.view!r}, which a run finds by its growth")
        text += (
            ", without a name, so its requests look like those that no route matched: give the pattern "
            f"name={METRICS_VIEW!r}"
        )
        return unknown(name, f"{facts.module}: {text}")
    if facts.likely_routes:
        several = " or ".join(f"/{each.route.lstrip('/')}" for each in facts.likely_routes[:MOST_ROUTES])
        text = f"{several} may serve the metrics; look: `harness doctor --metrics URL`"
        return unknown(name, f"{facts.module}: {text}, which also shows whether it needs a token")
    if not facts.unimportable.keys() <= set(facts.middleware):
        return unknown(name, f"{facts.module}: the URLconf cannot be imported, so its patterns are not known")
    if facts.export_port:
        text = (
            f"the metrics are served on port {facts.export_port} by each process for itself; several workers need "
            f"as many ports, and each must be scraped; or add {URL_LINE} to the urlpatterns"
        )
        return unknown(name, f"{facts.module}: {text}")
    return fault(name, f"{facts.module}: no URL serves the metrics; add {URL_LINE} to the urlpatterns of ROOT_URLCONF")


def _databases(facts: SettingsFacts) -> tuple[Diagnosis, ...]:
    used = {alias: backend for alias, backend in facts.databases.items() if backend.path != NO_DATABASE}
    if not used:
        return (ok("database-engine", f"{facts.module}: DATABASES names no database"),)
    return tuple(
        backends.diagnose(
            "database-engine", f"{facts.of('DATABASES')}[{alias!r}]['ENGINE']", backend, ENGINES, "django_db_*"
        )
        for alias, backend in used.items()
    )


def _caches(facts: SettingsFacts) -> tuple[Diagnosis, ...]:
    if not facts.caches_set:
        text = (
            "CACHES is not set, so Django's plain locmem cache is used; if the app caches, set it to "
            f"{f'{COUNTING_CACHE}.locmem.LocMemCache'!r}"
        )
        return (unknown("cache-backend", f"{facts.module}: {text}"),)
    if not facts.caches:
        return (ok("cache-backend", f"{facts.module}: CACHES names no cache"),)
    return tuple(
        backends.diagnose(
            "cache-backend", f"{facts.of('CACHES')}[{alias!r}]['BACKEND']", backend, CACHES, "django_cache_*"
        )
        for alias, backend in facts.caches.items()
    )


def _namespace(facts: SettingsFacts) -> Diagnosis:
    name = "metric-namespace"
    if not facts.namespace:
        return ok(name, f"{facts.module}: the metrics keep their own names")
    text = (
        f"PROMETHEUS_METRIC_NAMESPACE is {facts.namespace!r}, so every name begins with {facts.namespace}_; the "
        "harness detects that, dashboards and rules must use it"
    )
    return ok(name, f"{facts.module}: {text}")


def _buckets(facts: SettingsFacts) -> Diagnosis:
    name = "latency-buckets"
    bounds = facts.latency_buckets
    if bounds is None:
        text = (
            "PROMETHEUS_LATENCY_BUCKETS is not set: bounds from 10 ms to 75 s, so latencies below 10 ms all look alike"
        )
        return ok(name, f"{facts.module}: {text}")
    where = facts.of("PROMETHEUS_LATENCY_BUCKETS")
    if not bounds:
        return fault(
            name, f"{where} has no finite bound, so no quantile can be computed; list bounds in ascending seconds"
        )
    if any(upper <= lower for lower, upper in pairwise(bounds)):
        return fault(
            name, f"{where} is not in ascending order, which prometheus_client refuses; sort it, each bound once"
        )
    if bounds[0] >= 1:
        return unknown(name, f"{where} starts at {bounds[0]:g} s; if these are milliseconds, divide them by 1000")
    return ok(name, f"{where} has {len(bounds)} bounds from {bounds[0]:g} s to {bounds[-1]:g} s")


def _workers(facts: SettingsFacts) -> Diagnosis:
    name = "multiprocess-directory"
    if facts.multiprocess_dir:
        return ok(name, f"PROMETHEUS_MULTIPROC_DIR is set in {facts.multiprocess_dir}")
    line = "set PROMETHEUS_MULTIPROC_DIR to an empty directory before the first worker starts, e.g. in gunicorn.conf.py"
    if facts.reads_multiprocess_dir and facts.workers != 1:
        many = "several" if facts.workers is None else facts.workers
        text = f"gunicorn.conf.py reads PROMETHEUS_MULTIPROC_DIR, and nothing here sets it; with {many} workers, {line}"
        return unknown(name, f"{text}, or in the unit or image that starts gunicorn")
    match facts.workers:
        case None:
            text = "PROMETHEUS_MULTIPROC_DIR was not found and the number of workers is not known; with more than one"
            return unknown(name, f"{text}, {line}")
        case 1:
            return ok(name, "one worker process needs no PROMETHEUS_MULTIPROC_DIR")
        case several:
            text = (
                f"{several} workers without PROMETHEUS_MULTIPROC_DIR: each scrape reads one of them, and counters jump"
            )
            return fault(name, f"{text}; {line}")


def _listed(paths: list[str] | tuple[str, ...]) -> str:
    return ", ".join(repr(path) for path in paths)
