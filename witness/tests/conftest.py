"""A small Django site, set up once: SQL, cache, models, an exception; synchronous and asynchronous."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import django
import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.core.cache import cache, caches
from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path

from metrics_witness import lookup, middleware, observation, operation
from metrics_witness.configuration import SqlLogSettings
from metrics_witness.sql_log import SqlLog

OUTER = "metrics_witness.middleware.OuterWitness"
INNER = "metrics_witness.middleware.InnerWitness"
DIRECTORY = TemporaryDirectory(prefix="metrics-witness-")
together = threading.Barrier(2, timeout=10)


def plain(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("plain", headers={"Server-Timing": "own;dur=1.5"})


def raises(_request: HttpRequest) -> HttpResponse:
    raise KeyError("on purpose")


def busy(_request: HttpRequest) -> HttpResponse:
    """Two statements, one look at the cache, and three rows of which no signal says anything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.executemany("DELETE FROM django_content_type WHERE id = %s", [(-1,), (-2,)])
    cache.get("nothing")
    lookup("miss")
    operation("note", "bulk_insert", 3)
    return HttpResponse("busy")


def saves(_request: HttpRequest) -> HttpResponse:

    kind = apps.get_model("contenttypes", "ContentType")
    made = kind.objects.create(app_label="secret value", model=uuid.uuid4().hex)
    kind.objects.create(app_label="other", model=uuid.uuid4().hex).delete()
    kind.objects.filter(pk=made.pk).delete()
    return HttpResponse("saved")


def meets(request: HttpRequest) -> HttpResponse:
    """As many statements as the query says, while another request runs as well."""
    together.wait()
    for _ in range(int(request.GET["n"])):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    together.wait()
    return HttpResponse("met")


async def awaits(request: HttpRequest) -> HttpResponse:

    for _ in range(int(request.GET["n"])):
        await sync_to_async(saves)(request)
        await asyncio.sleep(0.01)
    return HttpResponse("awaited")


class Urls:
    """A URLconf as an object."""

    urlpatterns = (
        path("plain", plain, name="plain"),
        path("raises", raises, name="raises"),
        path("busy", busy, name="shop:busy"),
        path("saves", saves, name="saves"),
        path("meets", meets, name="meets"),
        path("awaits", awaits, name="awaits"),
        path("", include("metrics_witness.urls")),
    )


def _set_up() -> None:
    settings.configure(
        SECRET_KEY="throw-away",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF=Urls,
        INSTALLED_APPS=["metrics_witness", "django.contrib.contenttypes"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{DIRECTORY.name}/db.sqlite3"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    django.setup()

    with connection.schema_editor() as editor:
        editor.create_model(apps.get_model("contenttypes", "ContentType"))
    connection.close()


_set_up()


class Closing(SqlLog):
    """The log of an app that is gone after the test."""

    made: ClassVar[list["Closing"]] = []

    def __init__(self, settings: SqlLogSettings) -> None:
        super().__init__(settings)
        self.made.append(self)


def receivers() -> list[Any]:
    """Who listens to the signals that an account is made from."""
    return [*connection_created.receivers, *post_save.receivers, *post_delete.receivers]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has kept no account yet; connections and caches are made anew."""
    monkeypatch.setattr(observation, "_installed", False)
    monkeypatch.setattr(observation, "_outside", None)
    monkeypatch.setattr(middleware, "SqlLog", Closing)
    yield
    while Closing.made:
        Closing.made.pop().close()
    for signal in (connection_created, post_save, post_delete):
        signal.disconnect(dispatch_uid=observation.UID)
    for alias in connections:
        connections[alias].close()
        del connections[alias]
    for alias in settings.CACHES:
        if hasattr(caches._connections, alias):  # type: ignore[attr-defined] # where Django keeps them
            del caches[alias]


@pytest.fixture
def site() -> Callable[..., Any]:
    """A client of the site with both witnesses, for a `with` block: by its `WITNESS`, its middlewares, under ASGI."""

    class Site(override_settings):
        def __init__(
            self, witness: Any = None, *, middleware: Any = (OUTER, INNER), asynchronous: bool = False
        ) -> None:
            more = {} if witness is None else {"WITNESS": witness}
            super().__init__(MIDDLEWARE=list(middleware), **more)
            self.client: Any = AsyncClient() if asynchronous else Client()
            self.client.raise_request_exception = False

        def __enter__(self) -> Any:
            super().__enter__()
            return self.client

    return Site


@pytest.fixture
def sql_log(tmp_path: Path) -> dict[str, Any]:
    return {"directory": tmp_path / "sql-log", "readers": "all"}


@pytest.fixture(name="receivers")
def _receivers() -> Callable[[], list[Any]]:
    return receivers
