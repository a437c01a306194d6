"""A target whose metrics stand under a namespace and carry a label of its own: every check passes, offline too."""

import json
import os
from dataclasses import replace

import pytest

from harness import open_run
from harness.cli.doctor import probe_metrics
from harness.config import toml_file
from harness.core.query import Reading
from harness.instrumentation.django_prometheus.doctor import Health, diagnose_metrics
from harness.report.render.json_report import parse
from harness.runs.progress import Reporter
from harness.runs.scrapes import await_scraped
from harness.runtime.prometheus import Prometheus
from harness.runtime.stack import embedded
from tests.e2e.conftest import PROJECT, Harness, Writer

SETTINGS = """
    from somesite.settings import *

    PROMETHEUS_METRIC_NAMESPACE = "shop"
    _OWN = {
        "django_prometheus.middleware.PrometheusBeforeMiddleware": "tenants.Before",
        "django_prometheus.middleware.PrometheusAfterMiddleware": "tenants.After",
    }
    MIDDLEWARE = [_OWN.get(path, path) for path in MIDDLEWARE]
    """
MIDDLEWARES = '''
    """Adds a label as django-prometheus's README says: "Adding new labels to metrics"."""

    from django_prometheus import middleware

    WITH_TENANT = (
        "django_http_requests_total_by_method",
        "django_http_requests_total_by_view_transport_method",
        "django_http_responses_total_by_status",
        "django_http_responses_total_by_status_view_method",
        "django_http_requests_latency_seconds_by_view_method",
    )


    class Metrics(middleware.Metrics):
        _instance = None

        def register_metric(self, metric_cls, name, documentation, labelnames=(), **kwargs):
            if name in WITH_TENANT:
                labelnames = [*labelnames, "tenant"]
            return super().register_metric(metric_cls, name, documentation, labelnames=labelnames, **kwargs)


    class Before(middleware.PrometheusBeforeMiddleware):
        metrics_cls = Metrics


    class After(middleware.PrometheusAfterMiddleware):
        metrics_cls = Metrics

        def label_metric(self, metric, request, response=None, **labels):
            if metric._name.removeprefix("shop_") in WITH_TENANT:
                labels["tenant"] = "ab"[len(request.path) % 2]
            return super().label_metric(metric, request, response, **labels)
    '''
BOARD = {
    "title": "Shop",
    "panels": [
        {
            "title": "Requests",
            "type": "timeseries",
            "datasource": {"type": "prometheus", "uid": "p"},
            "targets": [
                {
                    "refId": "A",
                    "expr": "sum by (view) (rate(shop_django_http_responses_total_by_status_view_method_total"
                    '{job="django",view!="prometheus-django-metrics"}[$__rate_interval]))',
                }
            ],
        }
    ],
}


@pytest.fixture
def env(write: Writer) -> dict[str, str]:
    """What gives the reference target its own settings on top."""
    write.file("shop_settings.py", SETTINGS)
    write.file("tenants.py", MIDDLEWARES)
    return {"PYTHONPATH": str(write.directory), "DJANGO_SETTINGS_MODULE": "shop_settings"}


def test_a_namespace_and_an_added_label_are_found_and_pass(
    harness: Harness, write: Writer, env: dict[str, str]
) -> None:
    """The run finds the namespace, judges every series under it, and does so again from its directory alone."""
    write.file("board.json", json.dumps(BOARD))
    text = (PROJECT / "harness.toml").read_text()
    keys = 'rules = []\ndashboards = ["board.json"]\n'
    begun = "".join(f'{key} = "{value}"\n' for key, value in env.items())
    text = text.replace("[defaults.start.env]\n", f"[defaults.start.env]\n{begun}")
    text = text.replace('cwd = "target_app"', f'cwd = "{PROJECT}/target_app"')
    text = text.replace('scenario = "scenarios/', f'scenario = "{PROJECT}/scenarios/')
    text = text.replace("[profiles.smoke]\n", f"[profiles.smoke]\n{keys}")
    (write.directory / "harness.toml").write_text(text)
    flags = ("--config", write.directory / "harness.toml", "--json", "--out", write.directory / "run")
    path = os.pathsep.join((str(PROJECT / ".tools" / "bin"), os.environ["PATH"]))  # the programs are the project's
    done = harness.run("run", "smoke", "--duration", "6s", *flags, PATH=path)
    done.check_passed(write.directory / "run")
    report = parse(done.out)
    assert {"database", "cache", "model-ops", "migrations", "dashboards"} <= {each.check for each in report.verdicts}
    stored = json.loads((write.directory / "run" / "run.json").read_text())
    assert (stored["instrumentation"], stored["metric_namespace"]) == ("django-prometheus", "shop")
    answers = open_run(write.directory / "run").evidence.answers
    raw = [each for query, each in answers.items() if query.text.endswith("]") and isinstance(each, Reading)]
    assert {each.labels.get("tenant", "") for reading in raw for each in reading.series} - {""} == {"a", "b"}
    again = harness.run("verify", write.directory / "run", "--json")
    assert again.code == done.code, again.told
    assert parse(again.out).verdicts == report.verdicts


def test_doctor_and_dashboards_find_the_namespace(harness: Harness, write: Writer, env: dict[str, str]) -> None:
    """A live page is judged under its namespace, boards are held against it, and a wrong key is an error."""
    profile = toml_file.parse((PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert profile.start is not None
    start = replace(profile.start, env={**profile.start.env, **env})
    logs = write.directory / "logs"
    logs.mkdir()
    board = write.file("board.json", json.dumps(BOARD))
    with embedded.embedded(start, PROJECT, logs, scrape_interval_s=1.0) as services:
        diagnoses = diagnose_metrics(probe_metrics(f"{services.target}/metrics"))
        assert {each.id: each.status for each in diagnoses if each.status is Health.FAULT} == {}
        assert next(each for each in diagnoses if each.id == "metric-namespace").text.count("shop_") == 1
        scraped = await_scraped(Prometheus(services.prometheus), profile, Reporter(quiet=True))
        assert scraped.names.namespace == "shop"
        asked = ("--prometheus", services.prometheus, "--range", "8s", "--json", "--out", write.directory / "boards")
        done = harness.run("dashboards", board, *asked)
        assert done.code in (0, 3), done.told
        assert json.loads((write.directory / "boards" / "run.json").read_text())["metric_namespace"] == "shop"
