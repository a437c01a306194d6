"""`harness dashboards`: boards held against a Prometheus that runs, without any load of the harness's own."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.core.report import Report
from harness.core.verdict import Status
from harness.report.render.json_report import parse
from harness.runtime import process
from harness.runtime.stack import embedded, prometheus_server
from tests.e2e.conftest import PROJECT, Harness

STATUS = "django_http_responses_total_by_status_view_method_total"
LATENCY = "django_http_requests_latency_seconds_by_view_method_bucket"
LIMIT_S = 60.0
SCRAPES = "prometheus-django-metrics"
pytestmark = pytest.mark.quiet


@pytest.fixture
def used(services: embedded.Stack) -> embedded.Stack:
    """The running target, used a little by somebody: a view that waits, and a link that is broken."""
    prometheus = requests.Session()
    prometheus.trust_env = False
    for _ in range(3):  # three scrapes in which the series are there, and then grow
        for path in ("/work/wait?ms=60", "/broken-link", "/work/fast"):
            prometheus.get(f"{services.target}{path}", timeout=10)
        await_scrapes(prometheus, services.prometheus, 2)
    return services


def await_scrapes(session: requests.Session, url: str, count: int) -> None:
    """Wait until Prometheus has stored more scrapes of the target."""

    def seen() -> int:
        query = {"query": 'sum(count_over_time(up{job="django"}[1h]))'}
        result = session.get(f"{url}/api/v1/query", params=query, timeout=10).json()["data"]["result"]
        return int(result[0]["value"][1]) if result else 0

    before, deadline = seen(), time.monotonic() + LIMIT_S
    while seen() < before + count:
        assert time.monotonic() < deadline, f"{url} has stopped scraping"
        time.sleep(0.1)


def board(title: str, **expressions: str) -> str:
    """The JSON of a dashboard with one panel for each expression."""
    panels: list[dict[str, Any]] = [
        {"id": number, "title": name.replace("_", " "), "targets": [{"refId": "A", "expr": expression}]}
        for number, (name, expression) in enumerate(expressions.items(), 1)
    ]
    variables = [{"name": "nothing", "type": "query"}, {"name": "source", "type": "datasource", "query": "loki"}]
    panels.append({"title": "logs", "datasource": "${source}", "targets": [{"refId": "A", "expr": "{a=~'b'}"}]})
    return json.dumps({"title": title, "panels": panels, "templating": {"list": variables}})


def told(report: Report, panel: str) -> str:
    """What is said of a panel: its verdicts' and findings' status or id, and their words."""
    verdicts = [f"{v.status}: {v.why}" for v in report.verdicts if f" / {panel} / " in v.subject]
    return "\n".join([*verdicts, *(f"{f.code}: {f.text}" for f in report.findings if f" / {panel} / " in f.subject)])


def test_the_faults_of_widespread_dashboards_are_found(harness: Harness, used: embedded.Stack, tmp_path: Path) -> None:
    """The filter on empty buckets, and `<unnamed view>` left out: by what they show wrongly, or by their form."""
    hidden = f'view!~"<unnamed view>|{SCRAPES}"'
    (tmp_path / "board.json").write_text(
        board(
            "Public",
            filtered=f'histogram_quantile(0.05, sum by (le) (rate({LATENCY}{{view="work:wait"}}[$__range]) > 0))',
            latent=f'histogram_quantile(0.99, sum by (le) (rate({LATENCY}{{view="work:wait"}}[$__range]) > -1))',
            hidden=f"sum(increase({STATUS}{{{hidden}}}[$__range]))",
            hidden_by_view=f"sum by (view) (increase({STATUS}{{{hidden}}}[$__range]))",
            right=f'sum by (view) (increase({STATUS}{{view!="{SCRAPES}"}}[$__range]))',
        )
    )
    done = harness.run(
        "dashboards", tmp_path, "--prometheus", used.prometheus, "--range", "15s", "--json", "--out", tmp_path / "out"
    )
    report = parse(done.out)
    assert done.code == 1, done.told
    assert "fail: the panel shows" in told(report, "filtered")
    assert "filters buckets by their value" in told(report, "filtered")
    assert told(report, "latent").startswith("pass:")
    assert "latent-mistake: it filters buckets" in told(report, "latent")
    assert "fail: the panel shows" in told(report, "hidden")
    assert "excludes <unnamed view>" in told(report, "hidden")
    assert told(report, "hidden by view").startswith("pass:")
    assert "latent-mistake: it excludes <unnamed view>" in told(report, "hidden by view")
    assert told(report, "right").startswith("pass:")
    assert "mistake" not in told(report, "right")
    again = harness.run("verify", tmp_path / "out", "--json")
    assert (again.code, parse(again.out).verdicts) == (1, report.verdicts)


def test_variables_are_asked_of_the_prometheus(harness: Harness, used: embedded.Stack, tmp_path: Path) -> None:
    """As Grafana asks on load: chained, by a pattern, one copy for each value, and empty where there is none."""
    views = {"type": "query", "includeAll": True, "refresh": 2, "regex": "/^work:/", "current": {"value": "$__all"}}
    variables = [
        {"name": "cluster", "type": "query", "query": "label_values(up, cluster)"},
        {"name": "view", **views, "query": f'label_values({STATUS}{{cluster="$cluster"}}, view)'},
        {"name": "lost", "type": "query", "query": "label_values(sum(up), job)"},
    ]
    expressions = {
        "of $view": f'sum(rate({STATUS}{{cluster="$cluster",view="$view"}}[$__range]))',
        "lost": 'up{job="$lost"}',
        "guarded": f'sum by (cluster) (rate({STATUS}{{view!="{SCRAPES}",cluster="$cluster"}}[$__range]))',
    }
    panels = [{"title": name, "targets": [{"refId": "A", "expr": text}]} for name, text in expressions.items()]
    panels[0]["repeat"] = "view"
    document = {"title": "Asked", "panels": panels, "templating": {"list": variables}}
    (tmp_path / "board.json").write_text(json.dumps(document))
    flags = ("--prometheus", used.prometheus, "--range", "15s", "--json")
    done = harness.run("dashboards", tmp_path / "board.json", *flags, "--out", tmp_path / "out")
    report = parse(done.out)
    assert done.code == 3, done.told
    assert told(report, "of work:wait").startswith("pass:")
    assert told(report, "of work:fast").startswith("pass:")
    assert "inconclusive: variable $lost has no value" in told(report, "lost")
    assert "absent-label" in told(report, "guarded")
    done = harness.run(
        "dashboards", tmp_path / "board.json", *flags, "--var", "lost=django", "--out", tmp_path / "given"
    )
    assert done.code == 0, done.told
    typo = harness.run("dashboards", tmp_path / "board.json", *flags, "--var", "vew=x", "--out", tmp_path / "typo")
    assert (typo.code, "--var vew: no dashboard has this variable (did you mean 'view'?)" in typo.err) == (2, True)


def test_rules_are_checked_without_a_run(harness: Harness, used: embedded.Stack, tmp_path: Path) -> None:
    """A team's file in the shape of the operator: its own, those of another exporter, and a mistake."""
    rules = [
        {"record": "view:responses:rate1m", "expr": f"sum by (view) (rate({STATUS}[1m]))"},
        {"alert": "Idle", "expr": "view:responses:rate1m < 0"},
        {"alert": "Disk", "expr": "node_filesystem_avail_bytes < 1e9"},
        {"alert": "Ever", "expr": f"sum({STATUS}) > 5"},
        {"alert": "Short", "expr": f"sum(rate({STATUS}[2s])) > 5"},
    ]
    spec = {"groups": [{"name": "team", "rules": rules}]}
    (tmp_path / "rules.yaml").write_text(json.dumps({"kind": "PrometheusRule", "spec": spec}))
    flags = ("--prometheus", used.prometheus, "--range", "15s", "--json", "--out", tmp_path / "out")
    done = harness.run("rules", tmp_path, *flags)
    report = parse(done.out)
    assert done.code == 1, done.told
    codes = {v.subject.rsplit(" / ", 1)[1]: v.code for v in report.verdicts if v.check == "dashboards"}
    assert codes == {"view:responses:rate1m": "agrees", "Ever": "wrong-expression", "Short": "short-range"}
    found = {f.subject.rsplit(" / ", 1)[1]: f.text for f in report.findings if f.code == "unproved-panel"}
    assert "not the target's" in found["Disk"]
    (short,) = (v.why for v in report.verdicts if v.code == "short-range")
    assert "write a range of at least 4s" in short
    assert "$__rate_interval" not in short


def test_our_own_boards_hold_on_a_stack_that_runs(harness: Harness, used: embedded.Stack, tmp_path: Path) -> None:
    """Each query of each panel has a verdict or a finding that says why it has none, and none fails."""
    boards = PROJECT / "monitoring" / "grafana" / "dashboards"
    done = harness.run(
        "dashboards", boards, "--prometheus", used.prometheus, "--range", "30s", "--json", "--out", tmp_path / "out"
    )
    assert done.code == 0, done.told
    report = parse(done.out)
    judged = {v.subject for v in report.verdicts} | {f.subject for f in report.findings}
    asked = json.loads((tmp_path / "out" / "run.json").read_text())["panels"]
    subjects = {" / ".join(filter(None, (each["dashboard"], each["title"], each["ref"]))) for each in asked}
    assert judged == subjects
    assert {v.status for v in report.verdicts} == {Status.PASS}


def test_bad_input_is_named_by_file_panel_and_expression(
    harness: Harness, used: embedded.Stack, tmp_path: Path
) -> None:
    """And the rest is judged all the same."""
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "broken.json").write_text("{")
    (tmp_path / "boards" / "bad.json").write_text(
        board(
            "Bad",
            syntax="sum(rate(up[5m])",
            valueless=f'sum(rate({STATUS}{{view="$nothing"}}[$__range]))',
            refused="up + on () group_left django_http_requests_before_middlewares_total * on () up * on (view) up",
            matches=f"{STATUS} + on (method) {STATUS}",
            good='sum(up{job="django"})',
        )
    )
    flags = ("--prometheus", used.prometheus, "--range", "15s", "--out", tmp_path / "out", "--json")
    done = harness.run("dashboards", tmp_path / "boards", *flags)
    report = parse(done.out)
    (broken,) = (verdict for verdict in report.verdicts if verdict.subject == "broken.json")
    assert (broken.status, "broken.json: not valid JSON" in broken.why) == (Status.FAIL, True)
    assert "fail: the expression cannot be read" in told(report, "syntax")
    assert "sum(rate(up[5m])" in told(report, "syntax")
    assert "bad.json" in told(report, "syntax")
    assert "inconclusive: variable $nothing has no value" in told(report, "valueless")
    assert "--var nothing=VALUE" in told(report, "valueless")
    assert "fail: Prometheus refused the query: HTTP 422, " in told(report, "matches")
    assert "bad.json" in told(report, "matches")
    assert told(report, "good").startswith("pass:")
    assert "its data source is loki" in told(report, "logs")
    assert done.code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("missing.json",), 2, "missing.json cannot be read"),
        (("broken.json",), 2, "not valid JSON"),
        (("good.json", "--range", "1s"), 2, "--range: 1 s hold fewer than 4 scrapes"),
        (("good.json", "--range", "soon"), 2, "--range"),
        (("good.json", "--selector", 'job="nobody"'), 3, 'scrapes no target with {job="nobody"}'),
        (("good.json", "--prometheus", "http://127.0.0.1:1"), 3, "no Prometheus answers at http://127.0.0.1:1"),
        (("good.json", "--prometheus", "nowhere"), 2, "--prometheus: 'nowhere' is not a URL"),
    ],
)
def test_what_cannot_be_asked_is_named(
    harness: Harness, services: embedded.Stack, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """The file or the flag, with the exit code of its kind."""
    (tmp_path / "good.json").write_text(board("Good", good='sum(up{job="django"})'))
    (tmp_path / "broken.json").write_text("{")
    name, *flags = arguments
    given = () if "--prometheus" in flags else ("--prometheus", services.prometheus)
    done = harness.run("dashboards", tmp_path / name, *given, *flags, "--out", tmp_path / "out")
    assert (done.code, said in done.err) == (code, True), done.told


@pytest.fixture
def hasty(services: embedded.Stack, tmp_path: Path) -> Iterator[str]:
    """A Prometheus that scrapes the same target and gives no query more than a second."""
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [
            {"job_name": "django", "static_configs": [{"targets": [services.target.removeprefix("http://")]}]}
        ],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    binary = prometheus_server.find_prometheus(PROJECT)

    with ExitStack() as running:

        def launch(port: int) -> process.Service:
            command = [
                str(binary),
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--query.timeout=1s",
            ]
            log = tmp_path / "prometheus.log"
            return process.registered(running, lambda: process.spawn("prometheus", command, log))

        port, _ = process.start_on_port(launch, lambda port: embedded.ask(f"http://127.0.0.1:{port}/-/ready"), 30, 0)
        url = f"http://127.0.0.1:{port}"
        session = requests.Session()
        session.trust_env = False
        await_scrapes(session, url, 6)
        yield url


def test_a_query_that_takes_too_long_is_inconclusive(harness: Harness, hasty: str, tmp_path: Path) -> None:
    """Named by file and panel; the others are judged."""
    endless = " + ".join(["max_over_time(max_over_time(up[1h:1ms])[1h:1ms])"] * 90)
    (tmp_path / "slow.json").write_text(board("Slow", endless=endless, good='sum(up{job="django"})'))
    flags = ("--prometheus", hasty, "--range", "5s", "--json", "--out", tmp_path / "out")
    done = harness.run("dashboards", tmp_path / "slow.json", *flags)
    assert done.code == 3, done.told
    report = parse(done.out)
    assert told(report, "endless").startswith("inconclusive: Prometheus gave up on the query")
    assert "slow.json" in told(report, "endless")
    assert told(report, "good").startswith("pass:")
