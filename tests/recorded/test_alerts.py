"""The check of alerts on a stored run, with rules and the states that Prometheus would have stored of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from harness.checks.monitoring import alerts
from harness.core.verdict import Finding, Status, Verdict
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
        """What the check says of a rule when Prometheus stored these states, each at these evaluations.

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
        report = self.run.judge()
        told_of: tuple[Verdict | Finding, ...] = (*report.verdicts, *report.findings)
        (result,) = [each for each in told_of if each.check == "alerts" and each.subject.endswith(name)]
        return result

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


def status(result: Verdict | Finding) -> Status | None:
    return result.status if isinstance(result, Verdict) else None


@pytest.fixture
def always(clean_run: StoredRun) -> Alerted:
    """An alert whose expression holds all the time, so that it fires from the fourth evaluation on."""
    return Alerted(clean_run, f"max by (job, app) ({UP}) >= 0.5")


def test_an_alert_that_fires_when_it_must_passes(always: Alerted) -> None:
    """It was pending for three seconds, and fires with the value beside the limit."""
    result = always.judged({"pending": [0, 1, 2], "firing": always.places(3)})
    assert status(result) is Status.PASS
    assert isinstance(result, Verdict)
    assert result.why.startswith("it fires, as it must")
    assert "the value is 1, the limit >= 0.5" in result.why


def test_an_alert_that_never_fires_fails(always: Alerted) -> None:
    """Prometheus stored nothing of it, or left it pending."""
    result = always.judged({"pending": always.places(0)})
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert "it was pending and had to be firing" in result.why


def test_an_alert_that_prometheus_does_not_know_fails(always: Alerted) -> None:
    """Silence where it had to be at least pending."""
    result = always.judged({})
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert "it was silent and had to be" in result.why


def test_an_alert_that_fires_without_a_reason_fails(clean_run: StoredRun) -> None:
    """Its expression gave nothing in any evaluation."""
    alerted = Alerted(clean_run, f"max by (job, app) ({UP}) < 0.5")
    result = alerted.judged({"firing": [8]})
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert "it was firing and could be at most silent" in result.why


def test_a_silent_alert_passes_with_the_nearest_value(clean_run: StoredRun) -> None:
    """Silent as it must be, and how far it was from the limit."""
    result = Alerted(clean_run, f"max by (job, app) ({UP}) < 0.5").judged({})
    assert status(result) is Status.PASS
    assert isinstance(result, Verdict)
    assert result.observed == 1
    assert "it is silent, as it must be" in result.why


def test_a_silent_alert_without_any_series_is_not_proved(clean_run: StoredRun) -> None:
    """A name that nobody exports looks the same as a value that is never bad."""
    result = Alerted(clean_run, "sum(django_http_responses_total_by_status) > 5").judged({})
    assert isinstance(result, Finding)
    assert result.id == "unproved-alert"
    assert "no series" in result.text


def test_a_value_at_the_limit_is_too_close_to_tell(clean_run: StoredRun) -> None:
    """Within rounding of it, either state is right and none is proved."""
    alerted = Alerted(clean_run, f"max by (job, app) ({UP}) > 1")
    result = alerted.judged({})
    assert status(result) is Status.INCONCLUSIVE
    assert isinstance(result, Verdict)
    assert "too close to tell" in result.why


def test_a_rule_that_prometheus_cannot_evaluate_fails_with_its_reason(always: Alerted) -> None:
    """Its last error, as Prometheus tells it."""
    result = always.judged({}, health="err")
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert "Prometheus cannot evaluate it (boom)" in result.why


def test_without_evaluations_nothing_passes(always: Alerted) -> None:
    """Prometheus never evaluated the group, or nobody asked."""
    always.evaluations = []
    result = always.judged({})
    assert status(result) is Status.INCONCLUSIVE


def test_a_label_that_is_a_template_tells_no_alerts_apart(clean_run: StoredRun) -> None:
    """Its value is made for each alert, so it is not asked for; one that is no template is."""
    for value, expected in (("{{ $labels.job }}", Status.PASS), ("other", Status.FAIL)):
        alerted = Alerted(clean_run, f"max by (job, app) ({UP}) >= 0.5", labels={"severity": value})
        result = alerted.judged({"pending": [0, 1, 2], "firing": alerted.places(3)}, severity="django")
        assert status(result) is expected


def test_an_alert_on_a_record_follows_from_what_it_stored(clean_run: StoredRun) -> None:
    """Which follows from the raw samples."""
    alerted = Alerted(clean_run, "r >= 0.5", record=f"max by (job, app) ({UP})")
    result = alerted.judged({"pending": [0, 1, 2], "firing": alerted.places(3)})
    assert status(result) is Status.PASS


def test_a_record_that_stored_something_else_fails(clean_run: StoredRun) -> None:
    """It is told by its own name, with what it had to be."""
    alerted = Alerted(clean_run, "r >= 0.5", record=f"max by (job, app) ({UP})")
    result = alerted.judged({"pending": [0, 1, 2], "firing": alerted.places(3)}, recorded="2", name="r")
    assert status(result) is Status.FAIL
    assert isinstance(result, Verdict)
    assert (result.observed, result.expected) == (2.0, 1.0)
    assert "it recorded 2 and had to record 1" in result.why


def test_what_cannot_be_evaluated_is_not_proved(clean_run: StoredRun) -> None:
    """Nothing is claimed of it."""
    result = Alerted(clean_run, f"{UP} offset 5m < 1").judged({})
    assert isinstance(result, Finding)
    assert "offset" in result.text


def test_a_record_that_cannot_be_evaluated_is_told(clean_run: StoredRun) -> None:
    """The alert that reads it is judged on what it stored, and that this is taken on trust is said."""
    alerted = Alerted(clean_run, "r >= 0.5", record=f"max by (job, app) ({UP} offset 5m)")
    states = {"pending": [0, 1, 2], "firing": alerted.places(3)}
    result = alerted.judged(states, name="r")
    assert isinstance(result, Finding)
    assert "offset" in result.text
    assert "trust" in result.text


def test_an_alert_on_a_record_that_is_made_from_itself_is_not_proved(clean_run: StoredRun) -> None:
    """Nothing is claimed of it, whether it fires or not."""
    for firing in (True, False):
        alerted = Alerted(clean_run, "r >= 0.5", record="r + 1")
        result = alerted.judged({"pending": [0, 1, 2], "firing": alerted.places(3)} if firing else {})
        assert isinstance(result, Finding)
        assert "made from itself" in result.text
