"""Checks of what lies behind the views that no fault of the catalogue breaks: one thing broken, and what says so."""

import json

import pytest

from harness.core.report import Report
from harness.core.verdict import Status
from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness, Writer
from tests.parts import mostly_long

SETTINGS = "from somesite.settings import *\n"
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
    ("exceptions", DEAF, "errors", "RuntimeError"),
    ("model-ops", UNCOUNTED, "database", "note inserts"),
]


def run(
    harness: Harness,
    write: Writer,
    settings: str,
    scenario: str,
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
        command = ["{{python}}", "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:{{port}}"]
        prepare = [["{{python}}", "manage.py", "migrate", "--verbosity", "0"]]
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


@pytest.mark.parametrize(
    ("check", "settings", "scenario", "subject"), mostly_long(CASES), ids=[case[0] for case in CASES]
)
def test_what_is_broken_is_named(
    harness: Harness, write: Writer, check: str, settings: str, scenario: str, subject: str
) -> None:
    """The check fails for the subject that was broken, and what does not depend on it passes."""
    report = run(harness, write, settings, scenario)
    assert subject in failed(report, check)
    assert failed(report, "request-counts") == {}
