# ruff: noqa: INP001 - not a module of the harness: it runs in the target's interpreter, which may lack the harness
"""Reads a Django project's URLconf and writes it as JSON: `python -c <this text> MODULE OUT`.

Nothing is served, logged, connected to or requested. A view is listed with the path of its pattern when it needs no
argument and answers GET, as far as its code says; all others are listed with the reason why they are left out.
"""

import importlib
import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

METRICS_VIEW = "prometheus-django-metrics"
DEPTH = 20
"""Of nested includes; deeper ones are a cycle."""
UNSAFE = re.compile(
    r"log_?out|sign_?out|delete|remove|destroy|purge|flush|reset|cancel|unsubscribe|revoke|set_?language|trigger|webhook"
    r"|impersonate|hijack|shutdown|restart|stop",
    re.IGNORECASE,
)
"""In the name or route of a view that may change something although it is only asked for."""


def read(module: str) -> "dict[str, Any]":
    """The facts, in the shape of harness.cli.init.project.ProjectFacts."""
    if os.getcwd() not in sys.path and "" not in sys.path:  # noqa: PTH109 - the very text that sys.path holds
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    os.environ["DJANGO_SETTINGS_MODULE"] = module
    importlib.import_module(module)

    import django  # noqa: PLC0415 - only once the settings module has been imported: it may set the environment up
    from django.conf import settings  # noqa: PLC0415

    settings.PROMETHEUS_METRICS_EXPORT_PORT_RANGE = settings.PROMETHEUS_METRICS_EXPORT_PORT = None
    settings.PROMETHEUS_EXPORT_MIGRATIONS = False
    settings.LOGGING_CONFIG = None
    django.setup()
    from django.urls import get_resolver  # noqa: PLC0415

    views: list[dict[str, str]] = []
    metrics: list[str] = []

    def walk(patterns: Any, names: "tuple[str, ...]", route: str) -> None:
        for pattern in patterns:
            here = route + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                if len(names) < DEPTH:
                    inner = (*names, pattern.namespace) if pattern.namespace else names
                    walk(pattern.url_patterns, inner, here)
                continue
            name = ":".join((*names, pattern.name)) if pattern.name else ""
            if exports(pattern.callback):
                metrics.append(path_of(name) or f"/{here}")
            else:
                views.append(described(pattern.callback, name, here))

    walk(get_resolver().url_patterns, (), "")
    return {
        "metrics": metrics,
        "views": views,
        "gunicorn": importlib.util.find_spec("gunicorn") is not None,
        "wsgi": (getattr(settings, "WSGI_APPLICATION", "") or "").rpartition(".")[0],
        "debug": bool(settings.DEBUG),
        "hosts": [str(host) for host in settings.ALLOWED_HOSTS],
    }


def described(view: Any, name: str, route: str) -> "dict[str, str]":
    """One view, with its path or the reason why it has none."""
    found = {"view": name, "route": route, "path": "", "why": ""}
    if not name:
        return {**found, "why": "its pattern has no name, and the metrics none for it"}
    if UNSAFE.search(name) or UNSAFE.search(route):
        return {**found, "why": "its name says that it may change something"}
    methods = methods_of(view)
    if methods is not None and "GET" not in methods:
        return {**found, "why": f"it answers {', '.join(sorted(methods)) or 'nothing'} and no GET"}
    path = path_of(name)
    if not path:
        return {**found, "why": "its path needs arguments"}
    return {**found, "path": path}


def path_of(name: str) -> str:
    """The path of a view without arguments, as a request finds it; empty when it needs some."""
    from django.conf import settings  # noqa: PLC0415 - after the settings
    from django.urls import NoReverseMatch, resolve, reverse  # noqa: PLC0415
    from django.utils import translation  # noqa: PLC0415

    try:
        # as LocaleMiddleware does it: "en-us" may be known as "en" alone, and the prefix is that of the active language
        with translation.override(translation.get_supported_language_variant(settings.LANGUAGE_CODE)):
            path = str(reverse(name))
        with translation.override(translation.get_language_from_path(path) or translation.get_language()):
            return path if resolve(path.partition("?")[0]).view_name == name else ""
    except NoReverseMatch:
        return ""
    except Exception:  # noqa: BLE001 - a converter of the project's own may raise anything, and so may Resolver404
        return ""


def methods_of(view: Any) -> "set[str] | None":
    """The methods that a view takes, by its class, its router or a decorator; None where the code says nothing."""
    actions = getattr(view, "actions", None)
    if isinstance(actions, dict):
        return {method.upper() for method in actions}
    made_of = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if made_of is not None:
        return {method.upper() for method in made_of.http_method_names if hasattr(made_of, method)}
    while view is not None:
        code, cells = getattr(view, "__code__", None), getattr(view, "__closure__", None) or ()
        for variable, cell in zip(getattr(code, "co_freevars", ()), cells):  # noqa: B905 - Python 3.9 has no `strict`
            if variable == "request_method_list":  # django.views.decorators.http.require_http_methods
                return {str(method).upper() for method in cell.cell_contents}
        view = getattr(view, "__wrapped__", None)
    return None


def exports(view: Any) -> bool:
    """Whether a view is django-prometheus's own, however it is decorated."""
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    return getattr(view, "__module__", "") == "django_prometheus.exports"


def main() -> None:
    """Write the facts, or the reason why there are none."""
    module, out, _ = sys.argv[1:]
    result: dict[str, Any]
    try:
        result = {"facts": read(module)}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a target's settings raise is the answer
        text = (f"{type(error).__name__}: {error}".splitlines() or [type(error).__name__])[0]
        result = {"error": text.strip()}
    Path(out).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # threads that the target's apps started must not keep this process alive
