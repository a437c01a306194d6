"""`harness init` in a project that knows nothing of the harness: what it writes runs and passes."""

import json
import os
import sys
from pathlib import Path

from tests.e2e.conftest import PROJECT, Harness, Writer

MANAGE = """
    import os
    import sys

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
    """
SETTINGS = """
    SECRET_KEY = "not one"
    DEBUG = True
    ROOT_URLCONF = "shop.urls"
    WSGI_APPLICATION = "shop.wsgi.application"
    CONTRIB = ["admin", "auth", "contenttypes", "sessions", "messages"]
    INSTALLED_APPS = [*(f"django.contrib.{name}" for name in CONTRIB), "django_prometheus"]
    MIDDLEWARE = [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ]
    PROCESSORS = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
    TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [*PROCESSORS, "django.contrib.messages.context_processors.messages"],
            },
        }
    ]
    DATABASES = {"default": {"ENGINE": "django_prometheus.db.backends.sqlite3", "NAME": ":memory:"}}
    """
URLS = """
    from django.conf.urls.i18n import i18n_patterns
    from django.contrib import admin
    from django.http import HttpResponse, JsonResponse
    from django.urls import include, path
    from django.views import View
    from django.views.decorators.http import require_POST
    from django_prometheus.exports import ExportToDjangoView


    def hello(request):
        return HttpResponse("hello")


    @require_POST
    def order(request):
        raise AssertionError("nobody asked for it")


    class Items(View):
        def get(self, request, pk=0):
            return JsonResponse({"items": [pk]})


    class Notes(View):
        def post(self, request):
            raise AssertionError("nobody asked for it")


    shop = [path("items/", Items.as_view(), name="items"), path("items/<int:pk>/", Items.as_view(), name="item")]
    urlpatterns = [
        path("internal/numbers", ExportToDjangoView, name="numbers"),
        path("admin/", admin.site.urls),
        path("shop/", include((shop, "shop"))),
        path("order/", order, name="order"),
        path("notes/", Notes.as_view(), name="notes"),
        path("account/logout/", order, name="sign-out"),
        *i18n_patterns(path("hello/", hello, name="hello")),
    ]
    """
WSGI = """
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    """


def test_a_project_is_measured_by_what_is_written(harness: Harness, write: Writer) -> None:
    """Functions, classes, an include, i18n and the admin; the metrics at a view of another name."""
    (write.directory / "shop").mkdir()
    for name, text in (("settings", SETTINGS), ("urls", URLS), ("wsgi", WSGI), ("__init__", "")):
        write.file(f"shop/{name}.py", text)
    write.file("manage.py", MANAGE)
    given = ("--cwd", write.directory, "--out", write.directory, "--python", Path(sys.executable))
    written = harness.run("init", *given)
    assert written.code == 0, written.told
    tasks = (write.directory / "load" / "locustfile.py").read_text()
    for view in ("shop:items", "hello", "admin:login"):
        assert f"# {view}\n" in tasks
    assert '"/en/hello/"' in tasks
    for left in ("order", "notes", "sign-out", "shop:item"):
        assert f"# {left}: " in tasks
    again = harness.run("init", *given)
    assert again.out.count("kept") == 3
    path = os.pathsep.join((str(PROJECT / ".tools" / "bin"), os.environ["PATH"]))  # the programs are the project's
    flags = ("--config", write.directory / "harness.toml", "--json", "--out", write.directory / "run")
    done = harness.run("run", "--duration", "6s", *flags, PATH=path)
    done.check_passed(write.directory / "run")
    assert json.loads((write.directory / "run" / "run.json").read_text())["metrics_view"] == "numbers"
