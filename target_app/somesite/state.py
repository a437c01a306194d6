"""What the database itself holds, asked for by the harness before and after a load: rows by model, migrations."""

from django.apps import apps
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from metrics_witness.configuration import matches
from somesite.environment import DEBUG_TOKEN

LOOPBACK = ("127.0.0.1", "::1", "")
"""Where a request comes from when it comes from this machine; empty by a socket of the file system."""


def migrations(alias: str) -> dict[str, int]:
    """How many migrations are applied and how many are not, by Django's own executor."""
    executor = MigrationExecutor(connections[alias])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return {"applied": len(executor.loader.applied_migrations), "unapplied": len(plan)}


@require_GET
def state(request: HttpRequest) -> JsonResponse:
    """Rows and migrations, counted now; without rows where tables may be missing.

    404 beyond this machine, but for those who know TARGET_DEBUG_TOKEN.
    """
    if request.META.get("REMOTE_ADDR", "") not in LOOPBACK and not matches(
        request.headers.get("X-Debug-Token", ""), DEBUG_TOKEN
    ):
        raise Http404
    found = {alias: migrations(alias) for alias in connections}
    models = () if found["default"]["unapplied"] else apps.get_app_config("data").get_models()
    rows = {
        str(model._meta.model_name): model._default_manager.count()  # noqa: SLF001 - public, despite their names
        for model in models
    }
    return JsonResponse({"rows": rows, "migrations": found})
