"""What the dashboards' expressions give on made-up series, computed by Prometheus itself with `promtool test rules`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.instrumentation.django_prometheus.metrics import CACHE_GETS, CACHE_HITS, LATENCY_BY_VIEW, RESPONSES_BY_VIEW
from harness.promql.functions import rounded
from tests import promtool
from tools.dashboards.__main__ import texts
from tools.dashboards.parts import BACKGROUND

ROOT = Path(__file__).resolve().parents[2]
COMMON = 'job="django",instance="a:1",method="GET"'
INPUTS: Mapping[str, str] = {
    f'{RESPONSES_BY_VIEW}{{app="one",{COMMON},view="work:fast",status="200"}}': "0+60x60",
    f'{RESPONSES_BY_VIEW}{{app="one",{COMMON},view="work:fast",status="500"}}': "0+20x60",
    f'{RESPONSES_BY_VIEW}{{app="one",{COMMON},view="<unnamed view>",status="404"}}': "0+20x60",
    f'{RESPONSES_BY_VIEW}{{app="one",{COMMON},view="prometheus-django-metrics",status="200"}}': "0+600x60",
    f'{RESPONSES_BY_VIEW}{{app="one",{COMMON},view="healthz",status="200"}}': "0+600x60",
    f'{RESPONSES_BY_VIEW}{{app="two",{COMMON},view="shop:list",status="200"}}': "0+300x60",
    f'{RESPONSES_BY_VIEW}{{app="idle",{COMMON},view="work:fast",status="200"}}': "5+0x60",
    f'{LATENCY_BY_VIEW}_bucket{{app="one",{COMMON},view="work:fast",le="0.1"}}': "0+50x60",
    f'{LATENCY_BY_VIEW}_bucket{{app="one",{COMMON},view="work:fast",le="0.5"}}': "0+100x60",
    f'{LATENCY_BY_VIEW}_bucket{{app="one",{COMMON},view="work:fast",le="+Inf"}}': "0+100x60",
    f'{LATENCY_BY_VIEW}_bucket{{app="idle",{COMMON},view="work:fast",le="0.1"}}': "5+0x60",
    f'{LATENCY_BY_VIEW}_bucket{{app="idle",{COMMON},view="work:fast",le="+Inf"}}': "5+0x60",
    f'{CACHE_GETS}{{app="one",{COMMON},backend="redis"}}': "0+40x60",
    f'{CACHE_HITS}{{app="one",{COMMON},backend="redis"}}': "0+30x60",
    f'{CACHE_GETS}{{app="idle",{COMMON},backend="redis"}}': "7+0x60",
    f'{CACHE_HITS}{{app="idle",{COMMON},backend="redis"}}': "7+0x60",
}
"""An hour of samples, one a minute: a site with errors and background traffic, one without, one that nobody uses."""

Sample = tuple[str, float]
NEAREST = 1e-6
"""promtool compares to the last digit, and a sum of rates has its own."""
CASES: Sequence[tuple[str, str, str, str, Sequence[Sample]]] = (
    ("overview", "Requests", "A", "one", [("{}", 100 / 60)]),
    ("overview", "Requests", "A", "two", [("{}", 5.0)]),
    ("overview", "Requests", "A", "one|two", [("{}", 400 / 60)]),
    ("overview", "Requests by site", "A", ".*", [('{app="idle"}', 0), ('{app="one"}', 100 / 60), ('{app="two"}', 5)]),
    ("overview", "Server errors", "A", "one", [("{}", 0.2)]),
    ("overview", "Server errors", "A", "one|two", [("{}", 0.05)]),
    ("overview", "Server errors", "A", "two", [("{}", 0.0)]),
    ("overview", "Server errors", "A", "idle", []),
    ("overview", "Latency p95", "A", "one", [("{}", 0.46)]),
    (
        "overview",
        "Responses by class",
        "A",
        "one",
        [('{class="2xx"}', 1), ('{class="4xx"}', 1 / 3), ('{class="5xx"}', 1 / 3)],
    ),
    ("overview", "Cache hit ratio", "A", "one", [('{backend="redis"}', 0.75)]),
    ("overview", "Cache hit ratio", "A", "idle", []),
    ("requests", "Success", "A", "one", [("{}", 0.8)]),
    ("requests", "Success with 4xx", "A", "one", [("{}", 0.6)]),
    ("requests", "Success with 4xx", "A", "one|two", [("{}", 0.9)]),
    ("requests", "Success", "A", "idle", []),
    (
        "requests",
        "Failing views",
        "A",
        "one",
        [('{method="GET",view="<unnamed view>"}', 0.0), ('{method="GET",view="work:fast"}', 0.25)],
    ),
    (
        "requests",
        "Failing views",
        "B",
        "one",
        [('{method="GET",view="<unnamed view>"}', 1.0), ('{method="GET",view="work:fast"}', 0.0)],
    ),
    ("requests", "Share of traffic", "A", "one", [('{view="<unnamed view>"}', 0.2), ('{view="work:fast"}', 0.8)]),
)
BOARDS = texts()


def expression(board: str, title: str, ref: str, app: str) -> str:
    """A panel's query with one site chosen and all of the rest."""
    panels = json.loads(BOARDS[f"dashboards/{board}.json"])["panels"]
    (panel,) = (each for each in panels if each["title"] == title and each["type"] != "row")
    (text,) = (target["expr"] for target in panel["targets"] if target["refId"] == ref)
    for name, value in (("app", app), ("background", BACKGROUND), ("__rate_interval", "5m"), ("__range", "30m")):
        text = text.replace(f"${name}", value)
    for name in ("job", "instance", "namespace", "method"):
        text = text.replace(f"${name}", ".*")
    return str(text)


def test_panels_give_what_happened(tmp_path: Path) -> None:
    """Sites apart and together, scrapes and health checks left out, and nothing where there is no traffic."""
    tests = [
        {
            "expr": f"round({expression(board, title, ref, app)}, {NEAREST!r})",
            "eval_time": "45m",
            "exp_samples": [{"labels": labels, "value": rounded(value, NEAREST)} for labels, value in samples],
        }
        for board, title, ref, app, samples in CASES
    ]
    series = [{"series": name, "values": values} for name, values in INPUTS.items()]
    document = {
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": tests}],
    }
    (tmp_path / "values.yml").write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML
    done = promtool.run_cases(tmp_path / "values.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_would_have_said_so(tmp_path: Path) -> None:
    """A value that is wrong fails: the check above can fail."""
    tests = [{"expr": "vector(1)", "eval_time": "1m", "exp_samples": [{"labels": "{}", "value": 2}]}]
    (tmp_path / "wrong.yml").write_text(json.dumps({"tests": [{"interval": "1m", "promql_expr_test": tests}]}))
    assert promtool.run("test", "rules", tmp_path / "wrong.yml").returncode != 0
