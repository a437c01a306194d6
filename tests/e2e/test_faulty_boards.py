"""The dashboards of this repository with the catalogue's mistakes written into them, held against a live run.

Faults 15, 17, 18, 24, 25, 26, 27 and 38 as they would stand in a real dashboard's file; 16, a first count, is no
mistake of a panel, and is seen in a panel as it is. What was left as it is must come out as it does without them.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from faults import first_count
from harness.core.report import Report
from harness.core.verdict import Status
from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness, unsettled

BOARDS = PROJECT / "monitoring" / "grafana" / "dashboards"
pytestmark = pytest.mark.quiet

Change = Callable[[str], str]
BACKGROUND = re.compile(r',view!~"\$background"')
WAIT = ',view="work:wait"'


def ranged(text: str) -> Change:
    """Another range instead of Grafana's own."""
    return lambda expression: expression.replace("$__rate_interval", text)


def averaged(expression: str) -> str:
    """The percentiles of the views, averaged."""
    return f"avg({expression.replace('sum by (le)', 'sum by (le, view)')})"


def of_sum(expression: str) -> str:
    """The rate of a sum instead of the sum of the rates."""
    selector = re.search(r"\(rate\((.*)\[", expression)
    assert selector is not None
    return f"rate(sum({selector[1]})[$__range:1s])"


def filtered(expression: str) -> str:
    """Buckets of one view, those that hold few requests filtered, so that p5 lies in the first that is left."""
    few = "[$__range]) > 0.5)"
    return BACKGROUND.sub(WAIT, expression).replace("0.95", "0.05").replace("[$__rate_interval]))", few)


MISTAKES: Mapping[str, tuple[str, str, Change, str]] = {
    "narrow range": ("Django Overview", "Requests", ranged("900ms"), "rate() needs two"),
    "sparse scrapes": ("Django Overview", "Requests by site", ranged("3s"), "hold fewer than 4 scrapes"),
    "unknown label": (
        "Django Requests Overview",
        "Success",
        lambda expression: expression.replace('status=~"5.."', 'code=~"5.."'),
        "has no label 'code'",
    ),
    "unknown metric": (
        "Django Models & Database",
        "Inserts",
        lambda expression: expression.replace("django_model_inserts_total", "django_model_insert_total"),
        "the target exports django_model_inserts_total",
    ),
    "scrapes as traffic": (
        "Django Requests Overview",
        "Responses by status",
        lambda expression: BACKGROUND.sub("", expression),
        "counts scrapes or health checks as traffic",
    ),
    "health checks and scrapes dilute errors": (
        "Django Overview",
        "Server errors",
        lambda expression: BACKGROUND.sub("", expression),
        "counts scrapes or health checks as traffic",
    ),
    "averaged percentiles": ("Django Overview", "Latency p95", averaged, "averages percentiles"),
    "rate of a sum": ("Django Requests Overview", "Volume", of_sum, "takes rate() of a sum"),
    "filtered buckets": ("Django Models & Database", "Latency of SQL and of requests", filtered, "filters buckets"),
    "counter since its start": (
        "Django Models & Database",
        "Updates",
        lambda expression: re.sub(r"rate\((.*)\[\$__rate_interval\]\)", r"\1", expression),
        "without rate() it shows all since its process started",
    ),
    "percentile without bounds": (
        "Django Requests Overview",
        "p99",
        lambda expression: expression.replace("sum by (le)", "sum by (method)"),
        "sums without le",
    ),
    "guessed name": (
        "Django Overview",
        "Exceptions",
        lambda expression: re.sub(r"django_http_exceptions_\w+", "django_http_exceptions_total", expression),
        "the target exports django_http_exceptions_total_by_view_total",
    ),
    "hidden view": (
        "Django Requests Overview",
        "Success with 4xx",
        lambda expression: expression.replace("$background", "$background|<unnamed view>"),
        "excludes <unnamed view>",
    ),
}
"""Board, panel, the mistake, and how the verdict names it."""


def written(boards: list[dict[str, Any]]) -> dict[str, str]:
    """Make every mistake; the changed queries by their subject."""
    changed = {}
    for title, name, change, _ in MISTAKES.values():
        (board,) = (each for each in boards if each["title"] == title)
        (panel,) = (each for each in board["panels"] if each["title"] == name and each["type"] != "row")
        query = panel["targets"][-1] if change is filtered else panel["targets"][0]
        before = query["expr"]
        query["expr"] = change(before)
        assert query["expr"] != before
        changed[f"{title} / {name} / {query['refId']}"] = query["expr"]
    return changed


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, list[str]]:
    """One run with the changed boards, and the subjects of the changed queries in the order of the mistakes."""
    harness, directory = Harness(tmp_path_factory.mktemp("harness")), tmp_path_factory.mktemp("boards")
    boards = [json.loads(file.read_text()) for file in sorted(BOARDS.glob("*.json"))]
    changed = written(boards)
    for number, board in enumerate(boards):
        (directory / f"{number}.json").write_text(json.dumps(board))
    out = harness.scratch / "run"
    done = harness.run("run", "smoke", "--dashboards", directory, "--out", out)
    assert done.code == 1, done.told
    return parse((out / "report.json").read_text()), [*changed]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_real_dashboard_fails(
    judged: tuple[Report, list[str]],
    mistake: str,
) -> None:
    """And is told in its words, with the file."""
    report, changed = judged
    subject = changed[list(MISTAKES).index(mistake)]
    (verdict,) = (v for v in report.verdicts if (v.check, v.subject) == ("dashboards", subject))
    assert (verdict.status, MISTAKES[mistake][3] in verdict.why) == (Status.FAIL, True), verdict.why
    assert ".json)" in verdict.why


def test_the_other_panels_are_not_touched(judged: tuple[Report, list[str]]) -> None:
    """They pass, or are the findings that they always are; no other check fails."""
    report, changed = judged
    assert [v for v in unsettled(report) if v.subject not in changed] == []


def test_every_query_of_every_board_is_told_of(judged: tuple[Report, list[str]]) -> None:
    """By a verdict, or by a finding that says why it has none."""
    report, _ = judged
    told = {v.subject for v in report.verdicts} | {f.subject for f in report.findings}
    for file in BOARDS.glob("*.json"):
        board = json.loads(file.read_text())
        for panel in board["panels"]:
            for query in panel.get("targets", ()):
                assert f"{board['title']} / {panel['title']} / {query['refId']}" in told


def test_a_first_count_is_told_of_in_the_panel_that_loses_it(harness: Harness, tmp_path: Path) -> None:
    """An error that happens once, for the first time: `increase()` shows nothing of it."""
    (tmp_path / "late.py").write_text(first_count.LATE)
    flags = ("--locustfile", tmp_path / "late.py", "--warmup", "1s", "--duration", "4s", "--dashboards", BOARDS)
    report = parse(harness.run("run", "smoke", *flags, "--json", "--out", tmp_path / "run").out)
    subject = "Django Requests Overview / Busiest views / A"
    told = [f for f in report.findings if f.subject == subject and f.code in ("first-count-lost", "first-count-hidden")]
    assert ["work:fail" in finding.text for finding in told] == [True]


def test_the_boards_as_they_are_pass(harness: Harness, tmp_path: Path) -> None:
    """Without mistakes nothing fails and nothing is inconclusive."""
    done = harness.run("run", "smoke", "--dashboards", BOARDS, "--out", tmp_path / "run", "--json")
    report = parse(done.out)
    assert [v for v in report.verdicts if v.check == "dashboards" and v.status is not Status.PASS] == []
    assert sum(v.check == "dashboards" for v in report.verdicts) > 60
