"""The panels of a stored run: what their verdicts rest on, changed or taken away."""

from typing import Any

import pytest

from harness.core.report import Report
from harness.core.verdict import Status, Verdict
from tests.recorded.stored import StoredRun

Answer = dict[str, Any]


def panels(report: Report) -> list[Verdict]:
    return [verdict for verdict in report.verdicts if verdict.check == "dashboards"]


def sample(value: str, **labels: str) -> dict[str, Any]:
    """One series of an instant answer."""
    return {"metric": labels, "value": [0, value]}


def expressions(run: StoredRun) -> list[str]:
    """The expressions of the run's panels."""
    found: list[str] = []
    run.change_run(lambda document: found.extend(panel["expression"] for panel in document["panels"]))
    return found


def test_every_panel_of_the_dashboard_is_judged(clean_run: StoredRun) -> None:
    """Each of its queries has a verdict, and all hold."""
    judged = panels(clean_run.judge())
    assert len(judged) == len(expressions(clean_run)) > 15
    assert {verdict.status for verdict in judged} == {Status.PASS}


@pytest.mark.parametrize("number", range(0, 17, 4))
def test_an_answer_that_is_not_what_the_samples_give_does_not_pass(clean_run: StoredRun, number: int) -> None:
    """A panel that shows one per cent more than it should."""
    text = expressions(clean_run)[number]

    def change(answers: list[Answer]) -> None:
        for series in next(a for a in answers if a["query"] == text)["result"]:
            series["value"][1] = repr(float(series["value"][1]) * 1.01 + 0.001)

    clean_run.change_evidence(change)
    assert [v.status for v in panels(clean_run.judge()) if v.status is not Status.PASS] == [Status.INCONCLUSIVE]


@pytest.mark.parametrize("result", [[], None])
def test_a_panel_without_an_answer_does_not_pass(clean_run: StoredRun, result: list[Answer] | None) -> None:
    """Empty where there is truth, or never given."""
    text = expressions(clean_run)[0]

    def change(answers: list[Answer]) -> None:
        if result is None:
            answers[:] = [answer for answer in answers if answer["query"] != text]
        else:
            next(a for a in answers if a["query"] == text)["result"] = result

    clean_run.change_evidence(change)
    report = clean_run.judge()
    assert [v.status for v in panels(report) if v.status is not Status.PASS] == [Status.INCONCLUSIVE]


def test_a_panel_that_prometheus_refused_fails(clean_run: StoredRun) -> None:
    """With what it said."""
    text = expressions(clean_run)[0]

    def change(answers: list[Answer]) -> None:
        answer = next(a for a in answers if a["query"] == text)
        del answer["result"]
        answer["error"] = "Prometheus refused the query: HTTP Status Code 422"

    clean_run.change_evidence(change)
    (verdict,) = (v for v in panels(clean_run.judge()) if v.status is not Status.PASS)
    assert (verdict.status, "422" in verdict.why) == (Status.FAIL, True)


def test_without_any_answer_no_panel_passes(clean_run: StoredRun) -> None:
    """No data is not 0."""

    def change(answers: list[Answer]) -> None:
        for answer in answers:
            answer["result"] = []

    clean_run.change_evidence(change)
    assert Status.PASS not in {verdict.status for verdict in panels(clean_run.judge())}


def test_a_metric_of_another_job_is_not_compared(clean_run: StoredRun) -> None:
    """The server has it, the target does not: a panel about something else."""
    metric = "django_migrations_unapplied_total"

    def change(answers: list[Answer]) -> None:
        for answer in answers:
            own = answer["query"].startswith((f"{metric}{{", 'count by (__name__) ({job="django"'))
            if own:
                answer["result"] = [s for s in answer["result"] if s["metric"].get("__name__") != metric]

    clean_run.change_evidence(change)
    report = clean_run.judge()
    assert [v.subject for v in panels(report) if "Migrations" in v.subject] == []
    assert [f.subject for f in report.findings if f.code == "unproved-panel"] == ["Django requests / Migrations / A"]


RATE = 'rate(django_model_inserts_total{job="django"}[4s])'
INSERTS = "django_model_inserts_total{"


def test_a_constant_that_stands_for_missing_samples_does_not_pass(clean_run: StoredRun) -> None:
    """The series is there, and was not stored in the range: a 0 proves nothing."""
    subject = clean_run.add_panel(f"sum({RATE}) or vector(0)", [sample("0")])

    def change(answers: list[Answer]) -> None:
        for series in next(a for a in answers if a["query"].startswith(INSERTS))["result"]:
            del series["values"][-5:]

    clean_run.change_evidence(change)
    (verdict,) = (v for v in panels(clean_run.judge()) if v.subject == subject)
    assert (verdict.status, "has a sample in the last 4 s" in verdict.why) == (Status.INCONCLUSIVE, True), verdict.why


@pytest.mark.parametrize("matcher", ['model="nobody"', 'model=~"not"', 'model!~".+"'])
def test_a_constant_that_stands_for_unknown_values_does_not_pass(clean_run: StoredRun, matcher: str) -> None:
    """What there is is told."""
    subject = clean_run.add_panel(f"sum({RATE.replace('job', matcher + ',job')}) or vector(0)", [sample("0")])
    report = clean_run.judge()
    assert subject not in {v.subject for v in panels(report)}
    (finding,) = (f for f in report.findings if f.subject == subject)
    assert (finding.code, f"matches {matcher}; model is 'note', 'tag'" in finding.text) == ("empty-panel", True)


def test_a_gauge_that_is_no_number_leaves_the_rest_judged(clean_run: StoredRun) -> None:
    """A panel of the app's own metric; NaN is what both show."""
    name = {"__name__": "app_temperature", "job": "django", "instance": "a"}
    at = clean_run.add_panel(
        "max(app_temperature)",
        [sample("NaN")],
        [{"metric": name, "values": [[1795441650.0, "NaN"]]}],
        [sample("1", __name__="app_temperature")],
    )
    report = clean_run.judge()
    assert len(panels(report)) > 15
    assert {v.status for v in panels(report) if v.subject != at} == {Status.PASS}
    assert Status.FAIL not in {v.status for v in panels(report) if v.subject == at}


def test_another_language_under_a_name_that_tells_nothing_is_not_compared(clean_run: StoredRun) -> None:
    """It may be Loki's; without a doubt about the data source it fails."""
    clean_run.add_panel('{app="x"} |= "error"', presumed=True)
    report = clean_run.judge()
    assert [(f.code, "not PromQL" in f.text) for f in report.findings if f.subject == "Added / Panel / A"] == [
        ("unproved-panel", True)
    ]
    clean_run.change_run(lambda run: run["panels"][-1].update(presumed=False))
    (verdict,) = (v for v in panels(clean_run.judge()) if v.status is not Status.PASS)
    assert (verdict.status, "cannot be read" in verdict.why) == (Status.FAIL, True)


def test_a_dashboard_of_constants_proves_nothing(clean_run: StoredRun) -> None:
    """And asks for no metric."""
    clean_run.change_run(lambda run: run["panels"].clear())
    subject = clean_run.add_panel("vector(1)", [sample("1")])
    report = clean_run.judge()
    assert panels(report) == []
    assert [f.code for f in report.findings if f.subject == subject] == ["unproved-panel"]


@pytest.mark.parametrize("skew_s", [60.0, -60.0])
def test_a_load_generator_with_another_clock_is_named(clean_run: StoredRun, skew_s: float) -> None:
    """Panels show its load at another time than it tells."""
    clean_run.change_run(lambda run: run["generator"].update(clock_skew_s=skew_s))
    failed = [v for v in clean_run.judge().verdicts if v.status is not Status.PASS]
    assert [(v.check, v.subject, v.status) for v in failed] == [("scrape-health", "clock", Status.FAIL)]
    assert "the load generator's clock is" in failed[0].why
