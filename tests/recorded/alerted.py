"""A stored run given rules, and the states that Prometheus would have stored of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.checks.monitoring import alerts
from harness.core.verdict import Finding, Verdict
from harness.runs.run_directory import RunDirectory
from tests.recorded.stored import StoredRun

LATE_S = 0.4
"""From a scrape to the evaluation after it."""
FILE, GROUP, NAME = "own.yml", "own", "Own"
UP = 'up{job="django"}'


class Alerted:
    """A stored run whose Prometheus had one alert, beside what a record gave."""

    def __init__(
        self,
        run: StoredRun,
        expression: str,
        for_s: float = 3.0,
        record: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self.run = run
        rules: list[dict[str, Any]] = [{**self._rule(NAME, expression, for_s, alert=True), "labels": labels or {}}]
        if record:
            rules.insert(0, self._rule("r", record, 0.0, alert=False))
        run.change_run(lambda document: document.update(rules=rules))
        up = self._raw("up")[0]
        self.instance = up["metric"]["instance"]
        self.scrapes = [point[0] for point in up["values"]]
        self.evaluations = [at + LATE_S for at in self.scrapes[:-1]]

    def judged(
        self,
        states: Mapping[str, Sequence[int]],
        health: str = "ok",
        recorded: str = "1",
        name: str = NAME,
        **more: str,
    ) -> Verdict | Finding:
        """What the check says of a rule when Prometheus stored these states; see `store`."""
        self.store(states, health, recorded, **more)
        report = self.run.judge()
        told_of: tuple[Verdict | Finding, ...] = (*report.verdicts, *report.findings)
        (result,) = [each for each in told_of if each.check == "alerts" and each.labels["rule"] == name]
        return result

    def store(self, states: Mapping[str, Sequence[int]], health: str = "ok", recorded: str = "1", **more: str) -> None:
        """Add the answers of a Prometheus that stored these states, each at these evaluations.

        The record is `recorded` in the last of them, and 1 before. `more` are labels of the alert.
        """
        own: dict[str, object] = {"__name__": "ALERTS", "alertname": NAME, "job": "django", "app": "somesite", **more}
        stored: list[dict[str, Any]] = [
            {"metric": {**own, "alertstate": state}, "values": [[self.evaluations[place], "1"] for place in places]}
            for state, places in states.items()
            if places
        ]
        times = [[at, "1"] for at in self.evaluations]
        told = {"__name__": "harness_rule_evaluation", "file": FILE, "rule_group": GROUP}
        record = {"__name__": "r", "job": "django", "app": "somesite"}
        given = [[at, recorded if [at] == self.evaluations[-1:] else "1"] for at in self.evaluations]
        results = {
            "harness_rule_evaluation": [{"metric": told, "values": times}],
            "ALERTS": stored,
            "r": [{"metric": record, "values": given}],
        }
        known = RunDirectory(self.run.path).read_evidence(frozenset()).answers
        run = RunDirectory(self.run.path).read_run()

        def change(document: dict[str, Any]) -> None:
            for query in alerts.CHECK.queries(run):
                if query not in known:
                    metric = query.text.partition("{")[0].partition("[")[0]
                    result = results[metric] if metric in results else self._raw(metric)
                    document["answers"].append({"query": query.text, "time_s": query.time_s, "result": result})
            document["rules"] = [
                {"file": FILE, "group": GROUP, "name": each.name, "health": health, "error": "boom" * (health == "err")}
                for each in run.rules
            ]

        self.run.change_file("evidence.json", change)

    def places(self, first: int) -> list[int]:
        """From one evaluation to the last."""
        return list(range(first, len(self.evaluations)))

    def _raw(self, metric: str) -> list[dict[str, Any]]:
        answers = json.loads((self.run.path / "evidence.json").read_text())["answers"]
        found = [
            each["result"] for each in answers if each["query"].startswith(metric + "{") and "ms]" in each["query"]
        ]
        return found[0] if found else []

    def _rule(self, name: str, expression: str, for_s: float, *, alert: bool) -> dict[str, Any]:
        return {
            "file": FILE,
            "group": GROUP,
            "name": name,
            "alert": alert,
            "expression": expression,
            "for_s": for_s,
            "interval_s": 1.0,
        }
