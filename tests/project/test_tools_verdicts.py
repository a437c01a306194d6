"""The tables of the dashboard `ClientSummary`, served from real run directories."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.runs import judge
from tools.dashboards import truth
from tools.verdicts import MOST_RUNS, figures, read, verdicts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a run that was judged, and one whose report is damaged."""
    directory = tmp_path_factory.mktemp("reports")
    shutil.copytree(ROOT / "tests" / "recorded" / "runs" / "clean", directory / "clean")
    judge.verify(directory / "clean")
    (directory / "damaged").mkdir()
    (directory / "damaged" / "report.json").write_text("{")
    (directory / "unjudged").mkdir()
    return directory


@pytest.fixture(scope="module")
def url(reports: Path) -> Iterator[str]:
    """Where the server answers."""
    command = [sys.executable, str(ROOT / "tools" / "verdicts.py"), "--reports", str(reports), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def ask(url: str) -> Any:
    """What a table holds."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        return json.loads(answer.read())


def test_the_tables_have_the_columns_of_the_dashboard(url: str, reports: Path) -> None:
    """Each row is flat, and has just what the dashboard reads."""
    for path, columns in (("/verdicts", truth.VERDICTS), ("/figures", truth.FIGURES)):
        rows = ask(url + path)
        assert rows
        assert {tuple(row) for row in rows} == {tuple(column.selector for column in columns)}
    assert ask(f"{url}/verdicts?limit=1") == verdicts(read(reports))
    assert ask(f"{url}/figures") == figures(read(reports))


def test_the_verdicts_are_those_of_the_report(url: str, reports: Path) -> None:
    """Added up by check; a run that cannot be read says so and passes nothing."""
    report = json.loads((reports / "clean" / "report.json").read_text())
    rows = ask(f"{url}/verdicts")
    clean = [row for row in rows if row["run"] == "clean"]
    assert sum(row["passed"] for row in clean) == len(report["verdicts"])
    assert {row["check"] for row in clean} == {verdict["check"] for verdict in report["verdicts"]}
    (damaged,) = (row for row in rows if row["run"] == "damaged")
    assert damaged["status"].startswith("unreadable: ")
    assert "report.json is not JSON" in damaged["status"]
    assert (damaged["passed"], damaged["started"]) == (0, None)


def test_the_figures_are_those_of_the_report(url: str, reports: Path) -> None:
    """The client's count beside the metric's."""
    report = json.loads((reports / "clean" / "report.json").read_text())
    rows = ask(f"{url}/figures")
    assert [row["client_requests"] for row in rows] == [view["client"]["requests"] for view in report["views"]]
    assert rows[0]["view"] == "all views"
    assert rows[0]["metric_requests"] == rows[0]["client_requests"] > 0


def test_other_paths_are_refused(url: str) -> None:
    """With what there is."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(f"{url}/etc/passwd")
    with caught.value as refused:
        assert refused.code == 404
        assert "/verdicts" in refused.read().decode()
    assert ask(f"{url}/healthz") == []


def test_only_the_newest_runs_are_read(tmp_path: Path) -> None:
    """A directory of many runs stays cheap."""
    for number in range(MOST_RUNS + 5):
        (tmp_path / f"{number:03}").mkdir()
        file = tmp_path / f"{number:03}" / "report.json"
        file.write_text("{")
        os.utime(file, (number, number))
    assert set(read(tmp_path)) == {f"{number:03}" for number in range(5, MOST_RUNS + 5)}


@pytest.mark.parametrize(
    ("flags", "said"),
    [(("--reports", "missing"), "--reports: missing is not a directory"), (("--port", "99999"), "--port: ")],
)
def test_what_it_cannot_have_is_named(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    """The flag, the value and the next step."""
    (tmp_path / "reports").mkdir()
    command = [sys.executable, str(ROOT / "tools" / "verdicts.py"), *flags]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, bool(re.search(re.escape(said), done.stderr))) == (2, True), done.stderr
