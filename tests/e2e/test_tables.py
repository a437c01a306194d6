"""The boards SQL Log and Truth, whose tables Grafana's Infinity data source reads: they show what happened.

Each table is fetched as that data source would: the panel's own address with the board's variables filled in, the rows
at its root or of its CSV, and of each row the columns that the panel names, converted to their types.
"""

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness, Writer, rows_of
from tests.e2e.rig import OPENER, Rig, await_true, value

TABLES = PROJECT / "monitoring" / "grafana" / "tables"
MOST = 200
"""Rows that the panels of the SQL log ask for."""
LOAD = """
from locust import FastHttpUser, constant_pacing, task


class Reader(FastHttpUser):
    wait_time = constant_pacing(0.15)
    paths = ("/data/list", "/data/each", "/data/read", "/data/wrong", "/work/fast", "/data/many")
    turn = 0

    @task
    def next(self):
        path = self.paths[self.turn % len(self.paths)]
        self.turn += 1
        with self.client.get(path, name=path, catch_response=True) as response:
            response.success()
"""
Row = Mapping[str, str | float | None]


def panels(board: str) -> Sequence[Mapping[str, Any]]:
    """The panels of one board."""
    document = json.loads((TABLES / f"{board}.json").read_text())
    return [{**panel, "variables": _defaults(document)} for panel in document["panels"]]


def _defaults(document: Mapping[str, Any]) -> Mapping[str, str]:
    return {each["name"]: str(each.get("query", "")) for each in document.get("templating", {}).get("list", ())}


def fetched(panel: Mapping[str, Any], url: str, **variables: str) -> list[Row]:
    """The rows that the panel shows."""
    (target,) = panel["targets"]
    filled = {**panel["variables"], **variables}
    path = re.sub(r"\$(\w+)", lambda found: quote(filled[found[1]]), target["url"])
    with OPENER.open(url + path, timeout=10) as answer:
        text = answer.read().decode()
    if target["type"] == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
    else:
        rows = json.loads(text)
        for part in filter(None, target["root_selector"].split(".")):
            rows = rows[part]
    return [{each["text"]: _typed(row[each["selector"]], each["type"]) for each in target["columns"]} for row in rows]


def _typed(cell: object, kind: str) -> str | float | None:
    if cell is None or cell == "":
        return None
    return float(str(cell)) if kind in ("number", "timestamp_epoch_s") else str(cell)


def test_the_tables_show_what_the_witness_and_the_verdicts_say(
    rig: Rig, harness: Harness, write: Writer, tmp_path: Path
) -> None:
    """The statements of the last requests, in both formats; and every verdict and figure of the run."""
    target = f"http://{rig.replica('web-1').address}"
    prometheus = rig.prometheus("p", "web-1", interval="1s")
    await_true("the app is scraped", lambda: value(prometheus, 'count(up{job="web"} == 1)') > 0)
    run = tmp_path / "runs" / "first"
    done = harness.run(
        *("run", "--locustfile", write.file("load.py", LOAD), "--out", run, "--users", "1", "--duration", "6s"),
        *("--target", target, "--prometheus", prometheus, "--selector", 'job="web"', "--warmup", "1s"),
        *("--set", "thresholds=[]", "--set", "probe=false", "--set", 'state=""'),
    )
    assert (run / "report.json").exists(), done.told

    requests = sorted(rows_of(run), key=lambda row: float(str(row["started_s"])))
    begin, end = requests[len(requests) // 3], requests[-1]
    since_s = float(str(begin["started_s"])) - 0.001
    witnessed: Counter[str] = Counter()
    for request in requests:
        if float(str(request["started_s"])) > since_s and request["db_queries"]:
            witnessed[str(request["view"])] += int(str(request["db_queries"]))
    assert 0 < witnessed.total() < MOST, witnessed
    assert len(witnessed) >= 4

    as_json, as_csv = (fetched(panel, target, since=f"{since_s:.6f}") for panel in panels("sql-log"))
    assert as_json == as_csv
    assert Counter(str(row["View"]) for row in as_json) == witnessed
    times = [float(str(row["Time"])) for row in as_json]
    assert times == sorted(times, reverse=True)
    assert all(since_s < at < float(str(end["started_s"])) + float(str(end["latency_s"])) for at in times)
    assert {str(row["View"]) for row in as_json if row["Error"]} == {"data:wrong"}
    only = fetched(panels("sql-log")[0], target, since=f"{since_s:.6f}", view="data:each")
    assert len(only) == witnessed["data:each"]

    report = parse((run / "report.json").read_text())
    command = [sys.executable, str(PROJECT / "tools" / "verdicts.py"), "--reports", str(run.parent), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            verdicts, figures = (fetched(panel, url) for panel in panels("truth"))
        finally:
            server.terminate()
    counted = {
        str(row["Check"]): tuple(row[column] for column in ("Passed", "Failed", "Inconclusive"))
        for row in verdicts
        if row["Run"] == "first"
    }
    for check, found in counted.items():
        statuses = Counter(str(verdict.status) for verdict in report.verdicts if verdict.check == check)
        assert found == (statuses["pass"], statuses["fail"], statuses["inconclusive"]), check
    assert set(counted) >= {verdict.check for verdict in report.verdicts}
    answered = Counter((str(row["view"]), str(row["method"])) for row in requests)
    shown = {
        (str(row["View"]), str(row["Method"])): (row["Requests (client)"], row["Requests (metric)"]) for row in figures
    }
    for key, number in answered.items():
        assert shown[key] == (number, number), key
