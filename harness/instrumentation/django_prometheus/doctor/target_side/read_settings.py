# ruff: noqa: INP001 - not a module of the harness: it runs in the target's interpreter, which may lack the harness
"""Reads a Django settings module and writes what it says as JSON: `python -c <this text> MODULE OUT SCRATCH`.

Django is set up as the target does it, but nothing is served, logged, connected to or written: exporter ports,
migration gauges and LOGGING are switched off first, and a multiprocess directory is replaced by SCRATCH, so that
this process leaves no files among those of live workers.
"""

import ast
import importlib
import importlib.util
import json
import math
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

VARIABLES = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
MIDDLEWARE = "django_prometheus.middleware"
METRICS_VIEW = "prometheus-django-metrics"
EXPORTERS = frozenset({"generate_latest", "ExportToDjangoView", "make_wsgi_app", "multiprocess", "CONTENT_TYPE_LATEST"})
"""Names that the code of a view which serves metrics mentions."""
SETTINGS = frozenset(
    {"MIDDLEWARE", "INSTALLED_APPS", "DATABASES", "CACHES", "ROOT_URLCONF", "PROMETHEUS_LATENCY_BUCKETS"}
)
DEPTH = 20
"""Of nested includes; deeper ones are a cycle."""


def read(module: str, scratch: str) -> "dict[str, Any]":
    """The facts, in the shape of harness.instrumentation.django_prometheus.doctor.SettingsFacts."""
    if os.getcwd() not in sys.path and "" not in sys.path:  # noqa: PTH109 - the very text that sys.path holds
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    os.environ["DJANGO_SETTINGS_MODULE"] = module
    inherited = any(name in os.environ for name in VARIABLES)
    importlib.import_module(module)
    multiprocess = "the environment" if inherited else module if any(name in os.environ for name in VARIABLES) else ""
    for name in VARIABLES:
        if name in os.environ:
            os.environ[name] = scratch

    import django  # noqa: PLC0415 - only once the settings module has been imported: it may set the environment up
    from django.apps import apps  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    port = getattr(settings, "PROMETHEUS_METRICS_EXPORT_PORT_RANGE", None) or getattr(
        settings, "PROMETHEUS_METRICS_EXPORT_PORT", None
    )
    settings.PROMETHEUS_METRICS_EXPORT_PORT_RANGE = settings.PROMETHEUS_METRICS_EXPORT_PORT = None
    settings.PROMETHEUS_EXPORT_MIGRATIONS = False
    settings.LOGGING_CONFIG = None
    django.setup()

    unimportable = {}
    uninstalled = {}
    classes = {}
    for path in settings.MIDDLEWARE:
        try:
            classes[path] = load(path)
        except Exception as error:  # noqa: BLE001 - a target's module may raise anything when it is imported
            unimportable[path] = one_line(error)
            uninstalled[path] = not_installed(error)
    try:
        routes, likely = metrics_routes()
    except Exception as error:  # noqa: BLE001 - as above
        urlconf = str(getattr(settings, "ROOT_URLCONF", "ROOT_URLCONF"))
        unimportable[urlconf] = one_line(error)
        uninstalled[urlconf] = not_installed(error)
        routes, likely = [], []
    buckets = getattr(settings, "PROMETHEUS_LATENCY_BUCKETS", None)
    return {
        "module": module,
        "middleware": list(settings.MIDDLEWARE),
        "before": [path for path, item in classes.items() if derives(item, MIDDLEWARE, "PrometheusBeforeMiddleware")],
        "after": [path for path, item in classes.items() if derives(item, MIDDLEWARE, "PrometheusAfterMiddleware")],
        "unimportable": unimportable,
        "uninstalled": {path: name for path, name in uninstalled.items() if name},
        "places": places(module),
        "installed_apps": [config.name for config in apps.get_app_configs()],
        "databases": {
            alias: backend(table.get("ENGINE") or "django.db.backends.dummy", ".base.DatabaseWrapper")
            for alias, table in settings.DATABASES.items()
        },
        "caches": {alias: backend(table.get("BACKEND", "")) for alias, table in settings.CACHES.items()},
        "caches_set": settings.is_overridden("CACHES"),
        "routes": routes,
        "likely_routes": likely,
        "export_port": str(port or ""),
        "namespace": getattr(settings, "PROMETHEUS_METRIC_NAMESPACE", "") or "",
        "latency_buckets": None if buckets is None else [float(bound) for bound in buckets if math.isfinite(bound)],
        "multiprocess_dir": multiprocess,
        "witness": witness(classes),
        "library": release("django-prometheus"),
    }


def release(package: str) -> str:
    """Of an installed package; empty for one that is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def load(path: str) -> Any:
    """What a dotted path names."""
    from django.utils.module_loading import import_string  # noqa: PLC0415 - after the settings

    return import_string(path)


def derives(item: Any, module: str, name: str = "") -> bool:
    """Whether a class is, or derives from, one of a module (or below it) that has this name, if one is given."""
    return any(
        f"{base.__module__}.".startswith(f"{module}.") and name in ("", base.__name__)
        for base in getattr(item, "__mro__", ())
    )


def backend(path: str, inside: str = "") -> "dict[str, Any]":
    """A database engine or cache backend, in the shape of harness.instrumentation.django_prometheus.doctor.Backend."""
    try:
        instrumented = derives(load(path + inside), "django_prometheus")
    except Exception:  # noqa: BLE001 - a driver that is not installed here says nothing about the target
        return {"path": path, "instrumented": path.startswith("django_prometheus.") or None}
    return {"path": path, "instrumented": instrumented}


def witness(classes: "dict[str, Any]") -> "dict[str, Any]":
    """The installed witness, in the shape of WitnessFacts of the harness; the token itself stays here."""
    facts: dict[str, Any] = {
        side: [path for path, item in classes.items() if derives(item, "metrics_witness.middleware", name)]
        for side, name in (("outer", "OuterWitness"), ("inner", "InnerWitness"))
    }
    try:
        configuration = importlib.import_module("metrics_witness.configuration")
    except ImportError:
        return facts
    try:
        return {**facts, "mode": str(configuration.read().mode)}
    except Exception as error:  # noqa: BLE001 - a setting of any kind may be wrong
        return {**facts, "mode": "refused", "refusal": one_line(error)}


def metrics_routes() -> "tuple[list[dict[str, str]], list[dict[str, str]]]":
    """Every URL pattern whose view exports the metrics, and every other that may."""
    from django.urls import get_resolver  # noqa: PLC0415 - after the settings

    found: list[dict[str, str]] = []
    likely: list[dict[str, str]] = []

    def walk(patterns: Any, route: str, namespaces: "tuple[str, ...]") -> None:
        for pattern in patterns:
            here = route + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                if len(namespaces) < DEPTH:
                    walk(pattern.url_patterns, here, (*namespaces, pattern.namespace or ""))
                continue
            view = ":".join([*filter(None, namespaces), pattern.name]) if pattern.name else ""
            if exports(pattern.callback) or pattern.name == METRICS_VIEW:
                found.append({"route": here, "view": view})
            elif may_export(pattern.callback, f"{here} {view}"):
                likely.append({"route": here, "view": view})

    walk(get_resolver().url_patterns, "", ())
    return found, likely


def may_export(view: Any, called: str) -> bool:
    """Whether a view is called like one that serves metrics, or its code mentions what does."""
    if any(word in called.lower() for word in ("metric", "prom")):
        return True
    inner = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    codes = (
        [getattr(each, "__code__", None) for each in (inner, *vars(inner).values())]
        if hasattr(inner, "__dict__")
        else []
    )
    return any(EXPORTERS & set(code.co_names) for code in codes if code is not None)


def not_installed(error: BaseException) -> str:
    """The package that is missing for this interpreter and is none of the project's own; empty for another error."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top = error.name.partition(".")[0]
    here = Path.cwd()
    return "" if (here / top).exists() or (here / f"{top}.py").exists() else top


def places(module: str) -> "dict[str, str]":
    """In which file and line each setting of interest was set last; star imports are followed."""
    found: dict[str, str] = {}

    def read(name: str, depth: int) -> None:
        file = getattr(sys.modules.get(name), "__file__", None)
        if not file or depth > DEPTH:
            return
        try:
            tree = ast.parse(Path(file).read_text(encoding="utf-8"))
        except (OSError, ValueError, SyntaxError):
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names):
                package = sys.modules[name].__package__ or ""
                try:
                    read(importlib.util.resolve_name("." * node.level + (node.module or ""), package), depth + 1)
                except ImportError:
                    continue
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                if isinstance(target, ast.Name) and target.id in SETTINGS:
                    found[target.id] = f"{os.path.relpath(file)}:{target.lineno}"

    read(module, 0)
    return found


def exports(view: Any) -> bool:
    """Whether a view is django-prometheus's own, however it is decorated."""
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    return getattr(view, "__module__", "") == "django_prometheus.exports"


def one_line(error: BaseException) -> str:
    """An exception in one line, with the last place of the project's own code that led to it."""
    text = (f"{type(error).__name__}: {error}".splitlines() or [type(error).__name__])[0].strip()
    if isinstance(error, SyntaxError) and error.filename:
        return f"{text} ({os.path.relpath(error.filename)}:{error.lineno})"
    here, place, trace = str(Path.cwd()), "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(here) and "site-packages" not in file:
            place = f" ({os.path.relpath(file)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return text + place


def main() -> None:
    """Write the facts, or the reason why there are none."""
    module, out, scratch = sys.argv[1:]
    result: dict[str, Any]
    try:
        result = {"facts": read(module, scratch)}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a target's settings raise is the answer
        result = {"error": one_line(error)}
    Path(out).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # threads that the target's apps started must not keep this process alive
