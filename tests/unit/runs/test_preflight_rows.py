"""What the preflight says of what it found: each obstacle with its remedy, and what can be proved."""

import re
from dataclasses import replace

import pytest

from harness.evidence.metrics_view import Basis, MetricsView
from harness.instrumentation.diagnosis import Diagnosis, Health
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS
from harness.runs.preflight.facts import Facts, Job, Matched, Reached
from harness.runs.preflight.rows import rows

WEB = Matched({"job": "web", "instance": "10.0.0.1:8000"}, up=True, exports=True)
GOOD = Facts(
    "http://127.0.0.1:9090",
    'job="web"',
    version="2.53.0",
    evaluates_as="2.51",
    matched=(WEB,),
    namespace="",
    metrics_view=MetricsView(Basis.USUAL, "prometheus-django-metrics", ("prometheus-django-metrics",)),
    interval_s=15.0,
    jobs=(Job("web", "15s", "10s"),),
    features=(),
    skew_s=0.01,
    lag_s=0.2,
    target="http://127.0.0.1:8000",
    reached=Reached(200),
)


def judged(facts: Facts) -> dict[str, Diagnosis]:
    """By the row's id."""
    return {row.id: row for row in rows(facts, DJANGO_PROMETHEUS)}


def test_a_sound_deployment_has_no_obstacle() -> None:
    """And the last row says what can be proved there."""
    found = judged(GOOD)
    assert {row.status for row in found.values()} == {Health.OK}
    assert "counts exactly" in found["proof"].text
    assert "from one side" in found["proof"].text
    witnessed = replace(GOOD, reached=Reached(200, witness=True))
    assert "from both sides" in judged(witnessed)["proof"].text
    assert "results in k6-csv have no headers" in judged(replace(witnessed, headless="k6-csv"))["proof"].text


@pytest.mark.parametrize(
    ("change", "id", "status", "says"),
    [
        ({"problem": "answers 401"}, "prometheus", Health.FAULT, "answers 401"),
        (
            {"prometheus": "https://monitoring.googleapis.com/v1/projects/shop/location/global/prometheus"},
            "rebased-counters",
            Health.FAULT,
            "scrape the app with a Prometheus beside it",
        ),
        ({"evaluates_as": ""}, "prometheus", Health.OK, "it evaluates as no Prometheus"),
        ({"evaluates_as": None}, "prometheus", Health.OK, "version 2.53.0"),
        ({"matched": (), "exporters": ('job="shop"',)}, "selector", Health.FAULT, "--selector 'job=\"shop\"'"),
        ({"matched": ()}, "selector", Health.FAULT, "add the scrape job"),
        (
            {"matched": (replace(WEB, up=False, exports=False, error="context deadline exceeded"),)},
            "selector",
            Health.FAULT,
            "context deadline exceeded",
        ),
        ({"matched": (replace(WEB, exports=False),)}, "selector", Health.FAULT, "PrometheusBeforeMiddleware"),
        (
            {"matched": (WEB, Matched({"job": "nginx", "instance": "10.0.0.9:9113"}, up=True, exports=False))},
            "selector",
            Health.OK,
            "nginx 10.0.0.9:9113.* left out",
        ),
        (
            {"matched": (WEB, replace(WEB, labels={"job": "api", "instance": "10.0.0.2:8000"}))},
            "selector",
            Health.UNKNOWN,
            "are these one app",
        ),
        (
            {"matched": tuple(replace(WEB, labels={**WEB.labels, "replica": each}) for each in "ab")},
            "duplicates",
            Health.FAULT,
            'add replica="a" to the selector',
        ),
        ({"several_namespaces": "has 2 namespaces"}, "selector", Health.FAULT, "2 namespaces"),
        ({"extra_labels": ("region",)}, "metric-names", Health.OK, "region"),
        ({"without_label": "c has no label 'view'"}, "metric-labels", Health.FAULT, "metric_relabel_configs"),
        (
            {"metrics_view": MetricsView(Basis.NAME, "metrics", ("metrics", "ping"))},
            "metrics-view",
            Health.OK,
            "'ping'",
        ),
        (
            {"metrics_view": MetricsView(Basis.SEVERAL, "", ("a", "b"))},
            "metrics-view",
            Health.UNKNOWN,
            "--metrics-view",
        ),
        ({"metrics_view": MetricsView(Basis.NONE)}, "metrics-view", Health.UNKNOWN, "past the middlewares"),
        (
            {"metrics_view": MetricsView(Basis.USUAL, "m", ("m",), redirected=True)},
            "metrics-redirect",
            Health.FAULT,
            "each scrape is two requests",
        ),
        ({"given_view": "mine"}, "metrics-view", Health.UNKNOWN, "'prometheus-django-metrics' is what grows"),
        (
            {"metrics_view": MetricsView(Basis.USUAL, "m", ("m",), by_others=1)},
            "other-scrapers",
            Health.OK,
            "another Prometheus",
        ),
        ({"jobs": None}, "scrape", Health.UNKNOWN, "does not report"),
        ({"jobs": (Job("web", unclassic=True),)}, "histograms", Health.FAULT, "buckets"),
        ({"unbucketed": "latency"}, "histograms", Health.FAULT, "latency_bucket has no series"),
        ({"features": ("st-synthesis",)}, "feature-flags", Health.FAULT, "st-synthesis"),
        ({"features": ("agent",)}, "feature-flags", Health.OK, "none changes samples"),
        ({"dropped": ("django_cache_get_total",)}, "dropped", Health.UNKNOWN, "django_cache_get_total"),
        ({"samples_dropped": 3}, "dropped", Health.OK, "3 samples"),
        ({"lag_s": 120.0}, "freshness", Health.OK, "120 s after its scrape"),
        ({"lag_s": None, "waited_s": 165.0}, "freshness", Health.FAULT, "no new sample came within 165 s"),
        ({"skew_s": 90.0}, "clock", Health.FAULT, "90.00 s ahead of"),
        ({"others": {"ops:health": 3.0}}, "other-requests", Health.UNKNOWN, 'background=\\["ops:health"\\]'),
        ({"reached": Reached(0, "t gave no answer")}, "target", Health.FAULT, "t gave no answer"),
        ({"reached": Reached(401, "t answers 401")}, "target", Health.UNKNOWN, "t answers 401"),
    ],
)
def test_each_obstacle_has_its_row(change: dict[str, object], id: str, status: Health, says: str) -> None:
    """With the remedy, and the last row counts on it."""
    found = judged(replace(GOOD, **change))  # type: ignore[arg-type]
    assert found[id].status is status
    assert re.search(says, found[id].text), found[id].text
    if "proof" in found:
        assert (found["proof"].status is Health.FAULT) == (Health.FAULT in {row.status for row in found.values()})
