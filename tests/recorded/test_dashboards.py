"""The panels of a stored run: what their verdicts rest on, changed or taken away."""

from typing import Any

import pytest

from harness.model import Report, Status, Verdict
from tests.recorded.stored import StoredRun

Answer = dict[str, Any]


def panels(report: Report) -> list[Verdict]:
    return [verdict for verdict in report.verdicts if verdict.check == "dashboards"]


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
    assert [f.subject for f in report.findings if f.id == "unproved-panel"] == ["Django requests / Migrations / A"]


@pytest.mark.parametrize("skew_s", [60.0, -60.0])
def test_a_load_generator_with_another_clock_is_named(clean_run: StoredRun, skew_s: float) -> None:
    """Panels show its load at another time than it tells."""
    clean_run.change_run(lambda run: run["generator"].update(clock_skew_s=skew_s))
    failed = [v for v in clean_run.judge().verdicts if v.status is not Status.PASS]
    assert [(v.check, v.subject, v.status) for v in failed] == [("scrape-health", "clock", Status.FAIL)]
    assert "the load generator's clock is" in failed[0].why
