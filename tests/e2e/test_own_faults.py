"""A team's own target with a catalogue of its own, as docs/own-faults.md has it."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import PROJECT, Harness

PAGE = PROJECT / "docs" / "own-faults.md"
FILES = {
    "locustfile.py": """\
from locust import FastHttpUser, constant, task


class Buyer(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def cart(self):
        self.client.get("/cart")
""",
    "shop/__init__.py": "",
    "shop/settings.py": """\
SECRET_KEY = "none"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django_prometheus"]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
""",
    "shop/urls.py": """\
from django.http import HttpResponse
from django.urls import include, path


def answer(request):
    return HttpResponse("ok")


shop = ([path("cart", answer, name="cart"), path("healthz", answer, name="healthz")], "shop")
urlpatterns = [path("", include("django_prometheus.urls")), path("", include(shop))]
""",
    "shop/wsgi.py": """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
""",
}


def example(language: str) -> str:
    """The first example of the page in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A shop with the page's harness.toml and fault."""
    root = tmp_path / "project"
    for name, text in {**FILES, "harness.toml": example("toml"), "faults/no_before.py": example("python")}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.quiet
def test_a_fault_of_ones_own_is_caught_on_ones_own_target(harness: Harness, project: Path) -> None:
    """And the target without it passes."""
    out = harness.scratch / "out"
    done = harness.run("faults", "--config", project / "harness.toml", "--out", out)
    assert done.code == 0, done.told
    rows = json.loads((out / "faults.json").read_text())["rows"]
    assert [(row["id"], row["outcome"]) for row in rows] == [("clean", "no alarm"), ("no-before", "caught")]


def test_a_broken_file_is_named(harness: Harness, project: Path) -> None:
    """Before anything is started."""
    (project / "faults" / "other.py").write_text("FAULT = None\n")
    for arguments in (("faults",), ("run", "faults", "--fault", "no-before")):
        done = harness.run(*arguments, "--config", project / "harness.toml")
        assert done.code == 2
        assert "faults/other.py: FAULT is of type NoneType; make it a harness.faults.Fault" in done.err
