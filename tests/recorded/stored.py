"""A stored run that tests may change: samples as rows, evidence as counters."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.checks.monitoring import dashboards
from harness.core.report import Report
from harness.core.verdict import Status, Verdict
from harness.evidence.client.schema import SCHEMA
from harness.runs.judge import judge
from harness.runs.run_directory import RunDirectory

Row = dict[str, Any]
Labels = dict[str, str]


class StoredRun:
    """One run directory in a temporary place."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def judge(self) -> Report:
        """Judge it as `harness verify` does."""
        return judge(RunDirectory(self.path))

    def measured(self) -> list[Path]:
        """The shards of the measured phase."""
        run = json.loads((self.path / "run.json").read_text())
        return [self.path / shard["file"] for shard in run["shards"] if shard["phase"] == "measure"]

    def change_rows(self, change: Callable[[list[Row]], list[Row]]) -> None:
        """Rewrite the first measured shard row by row, as anybody with an Arrow library would; columns may be added."""
        shard = self.measured()[0]
        with pa.ipc.open_stream(shard.read_bytes()) as reader:
            table = reader.read_all()
        rows, schema = change(table.to_pylist()), table.schema
        for name in rows[0] if rows else ():
            schema = schema if name in schema.names else schema.append(SCHEMA.field(name))
        changed = pa.Table.from_pylist(rows, schema=schema)
        with pa.ipc.new_stream(shard, changed.schema) as writer:
            writer.write_table(changed)

    def change_run(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Rewrite run.json."""
        self._change_json("run.json", change)

    def change_evidence(self, change: Callable[[list[dict[str, Any]]], None]) -> None:
        """Rewrite the answers of evidence.json."""
        self._change_json("evidence.json", lambda document: change(document["answers"]))

    def change_file(self, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Rewrite one of the JSON files."""
        self._change_json(name, change)

    def change_ledgers(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Rewrite what the target told of itself in evidence.json."""
        self._change_json("evidence.json", lambda document: change(document["ledgers"]))

    def add_to_counter(self, metric: str, amount: float, **labels: str) -> Labels:
        """Add to the last raw value of the first series of `metric` with these labels; returns all its labels."""
        found: list[Labels] = []

        def change(answers: list[dict[str, Any]]) -> None:
            answer = next(a for a in answers if a["query"].startswith(f"{metric}{{") and a["query"].endswith("ms]"))
            series = next(s for s in answer["result"] if labels.items() <= s["metric"].items())
            series["values"][-1][1] = repr(float(series["values"][-1][1]) + amount)
            found.append(series["metric"])

        self.change_evidence(change)
        return found[0]

    def change_series(self, metric: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
        """Change the raw series of `metric`."""

        def rewrite(answers: list[dict[str, Any]]) -> None:
            for answer in answers:
                if answer["query"].startswith(f"{metric}{{") and answer["query"].endswith("ms]"):
                    answer["result"] = change(answer["result"])

        self.change_evidence(rewrite)

    def scale_growth(self, metric: str, factor: float, **labels: str) -> None:
        """Let every series of `metric` with these labels grow `factor` times as much after its first value."""

        def change(answers: list[dict[str, Any]]) -> None:
            answer = next(a for a in answers if a["query"].startswith(f"{metric}{{") and a["query"].endswith("ms]"))
            for series in answer["result"]:
                if labels.items() <= series["metric"].items():
                    first = float(series["values"][0][1])
                    for point in series["values"]:
                        point[1] = repr(first + (float(point[1]) - first) * factor)

        self.change_evidence(change)

    def add_panel(self, expression: str, *results: list[dict[str, Any]], **panel: object) -> str:
        """Add a panel with Prometheus's answers to what it asks that nobody asked yet; returns its subject.

        The answers are in the order of the queries: the panel's own, raw samples, and where its metrics are at all.
        """
        added = {"dashboard": "Added", "title": "Panel", "ref": "A", "expression": expression, **panel}
        self.change_run(lambda run: run["panels"].append(added))
        queries = dashboards.CHECK.queries(RunDirectory(self.path).read_run())

        def change(answers: list[dict[str, Any]]) -> None:
            known = {answer["query"] for answer in answers}
            asked = [query for query in queries if query.text not in known]
            for query, result in zip(asked, results, strict=True):
                answers.append({"query": query.text, "time_s": query.time_s, "result": result})

        self.change_evidence(change)
        return "Added / Panel / A"

    def _change_json(self, name: str, change: Callable[[Any], None]) -> None:
        file = self.path / name
        document = json.loads(file.read_text())
        change(document)
        file.write_text(json.dumps(document))


def failed(report: Report) -> set[str]:
    """Ids of the checks with a failed verdict."""
    return {verdict.check for verdict in report.verdicts if verdict.status is Status.FAIL}


def of(report: Report, check: str) -> list[Verdict]:
    """The verdicts of one check."""
    return [verdict for verdict in report.verdicts if verdict.check == check]
