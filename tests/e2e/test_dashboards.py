"""Dashboards held against a live run: panels that are right, wrong, empty, and beyond what is compared."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.core.report import Report
from harness.core.verdict import Status
from harness.monitoring.rules import rule_file
from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness

STATUS = "django_http_responses_total_by_status_view_method_total"
BY_STATUS = "django_http_responses_total_by_status_total"
LATENCY = "django_http_requests_latency_seconds_by_view_method"
USER = 'view!="prometheus-django-metrics"'
pytestmark = pytest.mark.quiet
R = f"rate({STATUS}{{{USER}}}[$__range])"
B = f"rate({LATENCY}_bucket{{{USER}}}[$__range])"

RULES = [
    rule
    for file in (PROJECT / "monitoring" / "prometheus" / "rules").glob("*.yml")
    for rule in rule_file.parse(file.read_text(), file.name).rules
]
RIGHT: Mapping[str, str] = {
    "scrapes bounded": "sum(rate(django_http_requests_latency_including_middlewares_seconds_count[$__rate_interval]))",
    "sum": f"sum({R})",
    "rate interval": f"sum(rate({STATUS}{{{USER}}}[$__rate_interval]))",
    "range": f"sum(increase({STATUS}{{{USER}}}[$__range]))",
    "by view": f"sum by (view) ({R})",
    "by view, scrapes shown as what they are": f"sum by (view) (rate({STATUS}[$__range]))",
    "without": f"sum without (instance, job, app, status) ({R})",
    "every series": R,
    "ratio": f'sum(rate({STATUS}{{{USER},status=~"5.."}}[$__range])) / sum({R})',
    "ratio by view": f'sum by (view) (rate({STATUS}{{{USER},status!~"5.."}}[$__range])) / sum by (view) ({R})',
    "on": f"sum by (view, method) (2 * {R}) / on (view, method) sum by (view, method) ({R})",
    "ignoring": f"sum by (view, method) ({R}) - ignoring (method) sum by (view) ({R}) * 0",
    "percent": f"100 * sum({R}) - 1",
    "or": f'(sum(rate({STATUS}{{view="work:wait",status="200"}}[$__range])) or vector(0)) / sum({R})',
    "or of two": f'rate({STATUS}{{status="500"}}[$__range]) or rate({STATUS}{{status="404"}}[$__range])',
    "what is in between": f"sum({STATUS}) - sum({BY_STATUS})",
    "unless": f'sum by (view) ({R}) unless sum by (view) (rate({STATUS}{{status="200"}}[$__range]))',
    "and": f'sum by (view) ({R}) and sum by (view) (rate({STATUS}{{status="500"}}[$__range]))',
    "filter": f"sum by (view) ({R}) > 0.2",
    "filter from the left": f"0.2 < sum by (view) ({R})",
    "bool": f"sum by (view) ({R}) > bool 0.2",
    "clamp": f"clamp_min(sum({R}), 1000)",
    "negative": f"-sum({R})",
    "average, least, most": f"avg({R}) + min({R}) + max({R}) + count({R}) + group({R})",
    "p50": f"histogram_quantile(0.5, sum by (le) ({B}))",
    "p95 by view": f"histogram_quantile(0.95, sum by (le, view) ({B}))",
    "p99 of every series": f"histogram_quantile(0.99, {B})",
    "worst p95": f"max(histogram_quantile(0.95, sum by (le, view) ({B})))",
    "mean": f"sum(rate({LATENCY}_sum{{{USER}}}[$__range])) / sum(rate({LATENCY}_count{{{USER}}}[$__range]))",
    "gauge": "max by (connection) (django_migrations_unapplied_total)",
    "up": 'sum(up{job="$job"})',
    "statements per request": f"sum(rate(django_db_execute_total[$__range])) / sum({R})",
    "parentheses": f"sum(rate(({STATUS}{{{USER}}}[$__range])))",
    "whole histograms": f"histogram_quantile(0.9, sum by (le, view) ({B}) and on (view) (sum by (view) ({R}) > 0.2))",
    "slow views": f"sum(histogram_quantile(0.9, sum by (le, view) ({B})) > bool 0.005)",
    "scrapes": f'sum(rate({STATUS}{{view="prometheus-django-metrics"}}[$__range]))',
    "filter on": f"sum by (view, instance) ({R}) > on (view) sum by (view) ({R}) * 0.5",
    "filter ignoring": f"sum by (view, instance) ({R}) > ignoring (instance) sum by (view) ({R}) * 0.5",
    "newest": f"sum(irate({STATUS}{{{USER}}}[$__range]))",
    "largest": f"topk(2, sum by (view) (increase({STATUS}{{{USER}}}[$__range])))",
    "largest of each method": f"topk by (method) (1, sum by (view, method) ({B.replace('_bucket', '_sum')}))",
    "by namespace": f'sum by (part) (label_replace({R}, "part", "$1", "view", "(.*):.*"))',
    "namespaces of views": (
        f'label_replace(sum by (view) ({R}), "namespace", "<${{1}}>", "view", "(?:(work|data):.*|.*)")'
    ),
    "quantile of rates": f"quantile(0.3, sum by (view) ({R})) + stddev(sum by (view) ({R}))",
    "modulo and power": f"sum(increase({STATUS}{{{USER}}}[$__range])) % 7 + 2 ^ sum({R})",
    "group left": f"sum by (view, method) ({R}) / on (view) group_left sum by (view) ({R})",
    "group right": f"sum by (view) ({R}) * on (view) group_right () sum by (view, status) ({R})",
    "mathematics": f"round(abs(-sum({R})), 0.25) + ceil(ln(sum({R}))) + floor(sqrt(sum({R}))) + clamp(sum({R}), 1, 2)",
    "sorted": f"sort_desc(sum by (view) ({R}))",
    "scalar": f"sum by (view) ({R}) / scalar(sum({R}))",
    "over time": 'max_over_time(up{job="$job"}[$__range]) + avg_over_time(up{job="$job"}[$__range])',
    "samples": f"sum(count_over_time({STATUS}{{{USER}}}[$__range])) + sum(changes({STATUS}{{{USER}}}[$__range]))",
    "slope": "sum(deriv(django_migrations_applied_total[$__range])) + sum(delta(up[$__range]))",
    "foreseen": f"predict_linear({STATUS}{{{USER}}}[$__range], 60)",
    "a plain subquery": f"sum(rate({STATUS}{{{USER}}}[1m:1s]))",
    "absent labels": f'sum without (pod) (rate({STATUS}{{{USER},namespace!="kube-system",pod=~".*"}}[$__range]))',
}
WRONG: Mapping[str, tuple[str, str]] = {
    "requests": (
        "sum(rate(django_http_requests_before_middlewares_total[$__rate_interval]))",
        "counts scrapes or health checks as traffic",
    ),
    "responses by status": (f"sum by (status) (rate({BY_STATUS}[$__rate_interval]))", "counts scrapes"),
    "hidden views": (
        f'sum(rate({STATUS}{{view!~"<unnamed view>|prometheus-django-metrics"}}[$__range]))',
        "it excludes <unnamed view>",
    ),
    "all views": (f"sum(rate({STATUS}[$__rate_interval]))", "counts scrapes"),
    "all views, a day ago": (f"sum(rate({STATUS}[$__rate_interval] offset 1d))", "counts scrapes"),
    "average of percentiles": (f"avg(histogram_quantile(0.9, sum by (le, view) ({B})))", "averages percentiles"),
    "average of percentiles in ms": (
        f"avg(histogram_quantile(0.9, sum by (le, view) ({B})) * 1000)",
        "averages percentiles",
    ),
    "filtered buckets": (
        f'histogram_quantile(0.001, sum by (le) (rate({LATENCY}_bucket{{view="work:wait"}}[$__range]) > 0))',
        "filters buckets",
    ),
    "short": (f"sum(rate({STATUS}{{{USER}}}[3s]))", "hold fewer than 4 scrapes"),
    "too short": (f"sum(rate({STATUS}{{{USER}}}[1s]))", "rate() needs two"),
    "name": (f"sum(rate({BY_STATUS.removesuffix('_total')}[$__rate_interval]))", f"the target exports {BY_STATUS}"),
    "label": (f'sum(rate({STATUS}{{code="200"}}[$__rate_interval]))', "no label 'code'; it has method, status, view"),
    "syntax": (f"sum(rate({STATUS}[$__rate_interval])", "the expression cannot be read"),
    "histogram of an instant": (
        f"histogram_quantile(0.9, {LATENCY}_bucket{{view='work:wait'}})",
        "without rate() it shows all since its process started",
    ),
    "each by itself": (f'rate({STATUS}{{status="200"}}[$__range]) / {R}', "it divides each series by itself"),
    "no bounds": (f"histogram_quantile(0.9, sum by (view) ({B}))", "sums without le"),
    "no such bound": (f'sum(rate({LATENCY}_bucket{{le="7"}}[$__range]))', "no bucket of django_http_requests_latency"),
    "other labels": (f"sum by (view, method) ({R}) / sum by (view) ({R})", "have no series in common"),
    "only with errors": (
        f'sum by (view) ({R}) - sum by (view) (rate({STATUS}{{status="500"}}[$__range]))',
        "leaves out what only one of its sides has",
    ),
    "type": (f"rate({STATUS})", "the expression cannot be read"),
    "quantile": (f"histogram_quantile(95, sum by (le) ({B}))", "95 is not a quantile"),
    "status": (f'sum(rate({STATUS}{{status=~"5xx"}}[$__range])) or vector(0)', "matches no possible status"),
    "method": (f'sum(rate({STATUS}{{method="get"}}[$__range])) or vector(0)', "matches no possible method"),
}
OPEN: Mapping[str, tuple[str, str]] = {
    "variable": (f'sum(rate({STATUS}{{view="$view"}}[$__rate_interval]))', "variable $view has no value"),
    "variable in a range": (f"sum(rate({STATUS}[$range]))", "variable $range has no value"),
}
BESIDE: Mapping[str, tuple[str, str]] = {
    "grouping": (f"sum by (handler) ({R})", "absent-label"),
    "a zero for nothing": (f"sum({R}) or vector(0)", "latent-mistake"),
}
UNPROVED: Mapping[str, str] = {
    "each value": f'count_values("value", sum by (view) ({R}))',
    "scrapes inside": "sum(rate(django_http_requests_latency_including_middlewares_seconds_sum[$__rate_interval]))",
    "any name": '{__name__=~"django_db_.*"}',
    "scalar": "1 + 2 * 3",
    "a constant": "vector(1)",
    "POSIX": f'sum(rate({STATUS}{{view=~"[[:alpha:]]+"}}[$__range]))',
}
IDLE: Mapping[str, str] = {
    "no failed connection": "sum(rate(django_db_new_connection_errors_total[$__rate_interval]))",
    "no failed lookup": "sum(rate(django_cache_get_fail_total[$__rate_interval]))",
    "no such status": f'sum(rate({STATUS}{{status="503"}}[$__rate_interval]))',
    "no such rate": f"sum by (view) ({R}) > 1000000",
}
EMPTY: Mapping[str, str] = {
    "nobody": f'sum(rate({STATUS}{{view="nobody"}}[$__rate_interval]))',
    "nobody, or 0": f'sum(rate({STATUS}{{view="nobody"}}[$__range])) or vector(0)',
    "none by none": f'sum(rate({STATUS}{{view="nobody"}}[$__rate_interval])) / sum({R})',
}


TOLD = {"wrong": WRONG, "open": OPEN, "beside": BESIDE}


def dashboard(title: str, expressions: Mapping[str, str]) -> str:
    """The JSON of a dashboard with one panel for each expression."""
    panels = [
        {"id": number, "title": name, "type": "timeseries", "targets": [{"refId": "A", "expr": expression}]}
        for number, (name, expression) in enumerate(expressions.items(), 1)
    ]
    return json.dumps({"title": title, "panels": panels})


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One run whose dashboards hold all of them."""
    harness, directory = Harness(tmp_path_factory.mktemp("harness")), tmp_path_factory.mktemp("dashboards")
    told = {title: {name: expression for name, (expression, _) in found.items()} for title, found in TOLD.items()}
    for title, expressions in (
        ("right", RIGHT),
        ("idle", IDLE),
        ("unproved", UNPROVED),
        ("empty", EMPTY),
        *told.items(),
    ):
        (directory / f"{title}.json").write_text(dashboard(title, expressions))
    out = harness.scratch / "run"
    done = harness.run("run", "smoke", "--warmup", "5s", "--duration", "6s", "--dashboards", directory, "--out", out)
    assert done.code == 1, done.told
    return parse((out / "report.json").read_text())


def test_every_panel_and_rule_is_told_of_once(report: Report) -> None:
    """As a verdict, or as a finding that says why there is none."""
    every = {
        f"{title} / {name} / A"
        for title, names in (("right", RIGHT), ("idle", IDLE), ("unproved", UNPROVED), ("empty", EMPTY), *TOLD.items())
        for name in names
    }
    every |= {f"{rule.file} / {rule.group} / {rule.name}" for rule in RULES}
    judged = [verdict.subject for verdict in report.verdicts if verdict.check == "dashboards"]
    beside = ("first-count-lost", "absent-label", "latent-mistake")
    found = {f.subject for f in report.findings if f.check == "dashboards" and f.code not in beside}
    assert len(judged) == len(set(judged))
    assert {*judged} | found == every
    assert not {*judged} & found


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_panel_passes(report: Report, name: str) -> None:
    """Prometheus, the evaluator and the right expression agree."""
    assert_verdict(report, f"right / {name} / A", Status.PASS, "the panel shows")


@pytest.mark.parametrize("name", IDLE)
def test_a_panel_that_is_rightly_empty_passes(report: Report, name: str) -> None:
    """What it selects never happened, or nothing meets its condition."""
    assert_verdict(report, f"idle / {name} / A", Status.PASS, "it is empty, as it should be")


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_panel_fails_and_says_why(report: Report, name: str) -> None:
    """With what is wrong in words."""
    assert_verdict(report, f"wrong / {name} / A", Status.FAIL, WRONG[name][1])


@pytest.mark.parametrize("name", OPEN)
def test_a_panel_whose_variable_has_no_value_is_left_open(report: Report, name: str) -> None:
    """With the variable, and the flag that gives it one."""
    assert_verdict(report, f"open / {name} / A", Status.INCONCLUSIVE, OPEN[name][1])


@pytest.mark.parametrize("name", BESIDE)
def test_a_finding_stands_beside_the_value(report: Report, name: str) -> None:
    """The panel shows what is right, and not what its author believes."""
    subject = f"beside / {name} / A"
    assert_verdict(report, subject, Status.PASS, "the panel shows")
    assert [f.code for f in report.findings if f.subject == subject and f.code != "first-count-lost"] == [
        BESIDE[name][1]
    ]


@pytest.mark.parametrize(("title", "name"), [(t, n) for t, d in (("unproved", UNPROVED), ("empty", EMPTY)) for n in d])
def test_what_cannot_be_held_against_truth_is_a_finding(report: Report, title: str, name: str) -> None:
    """Neither a pass nor a failure."""
    found = {f.subject: f.code for f in report.findings if f.check == "dashboards"}
    assert found[f"{title} / {name} / A"] == f"{title}-panel"


def test_a_wrong_panel_fails_no_other_check(report: Report) -> None:
    """The metrics are right all the same."""
    assert {v.check for v in report.verdicts if v.status is not Status.PASS} == {"dashboards"}


def assert_verdict(report: Report, subject: str, status: Status, phrase: str) -> None:
    """One verdict of this status, with a phrase in its reason."""
    (verdict,) = (v for v in report.verdicts if v.check == "dashboards" and v.subject == subject)
    assert (verdict.status, phrase in verdict.why) == (status, True), verdict.why


def test_files_that_are_no_dashboards_are_named(harness: Harness, tmp_path: Path) -> None:
    """Before anything is started, with the next step."""
    for name, text, said in (
        ("broken.json", "{", "not valid JSON"),
        ("list.json", "[]", "not a Grafana dashboard"),
        ("rules.json", '{"groups": []}', "not a Grafana dashboard"),
    ):
        (tmp_path / name).write_text(text)
        done = harness.run("run", "smoke", "--dashboards", tmp_path / name)
        assert (done.code, name in done.err, said in done.err) == (2, True, True), done.told
    (tmp_path / "none").mkdir()
    for path in (tmp_path / "none", tmp_path / "missing.json"):
        done = harness.run("run", "smoke", "--dashboards", path)
        assert (done.code, path.name in done.err) == (2, True), done.told
