"""What the database itself holds, asked for by the harness before and after a load: rows by model, migrations."""

from django.apps import apps
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET


def migrations(alias: str) -> dict[str, int]:
    """How many migrations are applied and how many are not, by Django's own executor."""
    executor = MigrationExecutor(connections[alias])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return {"applied": len(executor.loader.applied_migrations), "unapplied": len(plan)}


@require_GET
def state(_request: HttpRequest) -> JsonResponse:
    """Rows and migrations, counted now; without rows where tables may be missing."""
    found = {alias: migrations(alias) for alias in connections}
    models = () if found["default"]["unapplied"] else apps.get_app_config("data").get_models()
    rows = {
        str(model._meta.model_name): model._default_manager.count()  # noqa: SLF001 - public, despite their names
        for model in models
    }
    return JsonResponse({"rows": rows, "migrations": found})
