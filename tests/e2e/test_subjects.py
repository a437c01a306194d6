"""Each check of what lies behind the views: one thing broken on the real stack, and the check that says so."""

import json
import sys

import pytest

from harness.model import Report, Status
from harness.render.json import parse
from tests.e2e.conftest import PROJECT, Harness, Writer

SETTINGS = "from somesite.settings import *\n"
PLAIN_ENGINE = """
DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"
"""
PLAIN_CACHE = """
CACHES["default"]["BACKEND"] = "django.core.cache.backends.filebased.FileBasedCache"
"""
DEAF = """
MIDDLEWARE = [*MIDDLEWARE[:-1], "deaf.PrometheusAfterMiddleware"]
"""
UNCOUNTED = """
INSTALLED_APPS = [*INSTALLED_APPS, "uncounted.Uncounted"]
"""
MODULES = {
    "deaf.py": """
        from django_prometheus.middleware import PrometheusAfterMiddleware as Listening

        class PrometheusAfterMiddleware(Listening):
            def process_exception(self, request, exception):
                return None
    """,
    "uncounted.py": """
        from django.apps import AppConfig
        from django.db.models import Model

        class Uncounted(AppConfig):
            name = "uncounted"
            path = "."

            def ready(self):
                from data.models import Note
                Note._do_insert = Model._do_insert
    """,
}
CASES = [
    ("database", PLAIN_ENGINE, "database", "default statements"),
    ("cache", PLAIN_CACHE, "cache", "filebased gets"),
    ("exceptions", DEAF, "errors", "RuntimeError"),
    ("model-ops", UNCOUNTED, "database", "note inserts"),
]


GUNICORN = ["{python}", "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:{port}"]
MIGRATE = [["{python}", "manage.py", "migrate", "--verbosity", "0"]]


def run(
    harness: Harness,
    write: Writer,
    settings: str,
    scenario: str,
    command: list[str] = GUNICORN,
    prepare: list[list[str]] = MIGRATE,
) -> Report:
    """A short run of the target with settings on top of its own."""
    write.file("broken.py", SETTINGS + settings)
    for name, text in MODULES.items():
        write.file(name, text)
    config = write.config(
        f"""
        scenario = {json.dumps(str(PROJECT / "scenarios" / f"{scenario}.py"))}
        duration = "4s"
        warmup = "1s"
        state = "/state"
        sql_log = "/sql-logs/?limit=1"

        [profiles.test.start]
        command = {json.dumps(command)}
        prepare = {json.dumps(prepare)}
        cwd = {json.dumps(str(PROJECT / "target_app"))}
        ready = "/healthz"

        [profiles.test.start.env]
        TARGET_STATE_DIR = "{{tmp}}/target"
        DJANGO_SETTINGS_MODULE = "broken"
        PYTHONPATH = {json.dumps(str(write.directory))}
        """
    )
    out = write.directory / "run"
    done = harness.run("run", "test", "--config", config, "--out", out)
    assert (out / "report.json").exists(), done.told
    return parse((out / "report.json").read_text())


def failed(report: Report, check: str) -> dict[str, str]:
    """Why each failed subject of a check failed."""
    return {v.subject: v.why for v in report.verdicts if v.check == check and v.status is Status.FAIL}


@pytest.mark.parametrize(("check", "settings", "scenario", "subject"), CASES, ids=[case[0] for case in CASES])
def test_what_is_broken_is_named(
    harness: Harness, write: Writer, check: str, settings: str, scenario: str, subject: str
) -> None:
    """The check fails for the subject that was broken, and what does not depend on it passes."""
    report = run(harness, write, settings, scenario)
    assert subject in failed(report, check)
    assert failed(report, "request-counts") == {}


def test_a_gauge_of_migrations_that_went_stale_is_named(harness: Harness, write: Writer) -> None:
    """Workers that started before somebody migrated go on telling what was unapplied then."""
    start = write.file(
        "late.py",
        """
        import subprocess, sys, time, urllib.request

        server = subprocess.Popen(sys.argv[1:])
        url = "http://" + sys.argv[-1] + "/metrics"
        try:
            for _ in range(200):
                try:
                    if b"django_migrations_unapplied_total" in urllib.request.urlopen(url, timeout=5).read():
                        break
                except OSError:
                    pass
                time.sleep(0.1)
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True)
            server.wait()
        finally:
            server.terminate()
            server.wait()
        """,
    )
    report = run(harness, write, "", "cache", [sys.executable, str(start), *GUNICORN], prepare=[])
    assert "default unapplied" in failed(report, "migrations")
