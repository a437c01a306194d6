"""Labels that an app adds to the library's metrics are summed over: they change no verdict."""

from collections.abc import Iterable
from typing import Any

from harness.core.report import Report
from harness.core.verdict import Verdict
from harness.instrumentation.django_prometheus import DJANGO_PROMETHEUS, metrics
from tests.recorded.stored import StoredRun, failed

GAUGES = frozenset({metrics.MIGRATIONS_APPLIED, metrics.MIGRATIONS_UNAPPLIED})
COUNTERS = DJANGO_PROMETHEUS.names - GAUGES


def split(answers: list[dict[str, Any]], metrics: Iterable[str] = COUNTERS) -> None:
    """Make two of every raw counter series, by a label `tenant`; each grows half as much."""
    for answer in answers:
        if answer["query"].endswith("ms]") and answer["query"].partition("{")[0] in metrics:
            answer["result"] = [part for series in answer["result"] for part in halves(series)]


def halves(series: dict[str, Any]) -> list[dict[str, Any]]:
    """Halves of a float are exact, so that their sums are too."""
    points = [[at, repr(float(value) / 2)] for at, value in series["values"]]
    return [{"metric": {**series["metric"], "tenant": name}, "values": points} for name in ("a", "b")]


def numbers(verdict: Verdict) -> tuple[object, ...]:
    """All that a verdict says but for its sentence's own digits."""
    return verdict.check, verdict.subject, verdict.status, verdict.expected, verdict.observed, verdict.tolerance


def verdicts(report: Report) -> list[tuple[object, ...]]:
    """All of a report's verdicts."""
    return [numbers(verdict) for verdict in report.verdicts]


def test_every_counter_split_by_another_label_is_judged_as_before(clean_run: StoredRun) -> None:
    """Every verdict has the same status and numbers, and every finding is there."""
    before = clean_run.judge()
    clean_run.change_evidence(split)
    after = clean_run.judge()
    assert verdicts(after) == verdicts(before)
    assert [(each.code, each.subject) for each in after.findings] == [
        (each.code, each.subject) for each in before.findings
    ]
    assert after.views == before.views


def test_a_loss_under_an_added_label_is_still_a_loss(clean_run: StoredRun) -> None:
    """Summing over a label forgives nothing: one request less in one of the two is noticed."""
    clean_run.change_evidence(split)
    clean_run.add_to_counter(metrics.RESPONSES_BY_VIEW, -1, view="work:fast", tenant="b")
    assert "request-counts" in failed(clean_run.judge())


def test_two_series_of_one_process_are_no_twins(clean_run: StoredRun) -> None:
    """Two instances with other sums differ, though each has two series with the same sum by another label."""

    def second(answers: list[dict[str, Any]]) -> None:
        split(answers)
        for answer in answers:
            if answer["query"].startswith(f"{metrics.LATENCY_BY_VIEW}_sum{{"):
                own = answer["result"]
                answer["result"] = [*own, *(other_instance(series) for series in own)]

    clean_run.change_evidence(second)
    twins = [each for each in clean_run.judge().verdicts if each.subject == "instances"]
    assert [each.status for each in twins] == ["pass"]


def other_instance(series: dict[str, Any]) -> dict[str, Any]:
    """The same series of another process, which took twice as long."""
    points = [[at, repr(2 * float(value))] for at, value in series["values"]]
    return {"metric": {**series["metric"], "instance": "other:1"}, "values": points}
