"""A stored run that is damaged or incomplete: it is refused or inconclusive, and never passes for a whole one."""

import contextlib
import json
from typing import Any

import pytest

from harness.checks import CHECKS
from harness.core.errors import ExitCode, StoreError, UsageError
from harness.core.verdict import Status
from harness.instrumentation.django_prometheus import metrics as names
from harness.report.render import json_report
from tests.recorded.stored import StoredRun, failed, of


@pytest.mark.parametrize("bytes_kept", [0, 8, 1000, -1, -8, -200, -5000])
def test_a_shard_without_its_end_is_inconclusive(clean_run: StoredRun, bytes_kept: int) -> None:
    """A truncated shard is never counted: exit 3, whatever else the numbers say."""
    shard = clean_run.measured()[0]
    data = shard.read_bytes()
    shard.write_bytes(data[: bytes_kept if bytes_kept >= 0 else len(data) + bytes_kept])
    report = clean_run.judge()
    assert failed(report) == set()
    assert report.exit_code == ExitCode.INCONCLUSIVE


def test_a_missing_shard_is_inconclusive(clean_run: StoredRun) -> None:
    """A shard that run.json names and that is gone is named."""
    clean_run.measured()[0].unlink()
    report = clean_run.judge()
    assert report.exit_code == ExitCode.INCONCLUSIVE
    assert any("the file is missing" in v.why for v in report.verdicts)


def test_no_shard_of_the_measured_phase_is_inconclusive(clean_run: StoredRun) -> None:
    """Zero samples never pass."""
    clean_run.change_run(lambda run: run.update(shards=[s for s in run["shards"] if s["phase"] == "warmup"]))
    assert clean_run.judge().exit_code == ExitCode.INCONCLUSIVE


@pytest.mark.parametrize("check", [check.id for check in CHECKS])
def test_no_check_passes_without_any_evidence(clean_run: StoredRun, check: str) -> None:
    """With every answer deleted no check that asks Prometheus passes on anything it asked."""
    clean_run.change_evidence(lambda answers: answers.clear())
    report = clean_run.judge()
    assert report.exit_code == ExitCode.INCONCLUSIVE
    if check not in ("generator-health", "quiescence", "scrape-health", "thresholds", "blind-spot"):
        assert Status.PASS not in {v.status for v in of(report, check)}


def test_answers_without_any_series_pass_nothing_that_asks_for_them(clean_run: StoredRun) -> None:
    """Prometheus answered every query well and had nothing: a target without metrics is no true one."""

    def empty(answers: list[dict[str, object]]) -> None:
        for answer in answers:
            if not str(answer["query"]).startswith("up{"):
                answer["result"] = []

    clean_run.change_evidence(empty)
    report = clean_run.judge()
    assert report.exit_code == ExitCode.FAILED
    assert {"request-conservation", "request-counts"} <= failed(report)
    passed = {v.check for v in report.verdicts if v.status is Status.PASS and not v.subject.endswith(" rows")}
    assert next(v for v in of(report, "scrape-health") if v.subject == "raw samples").status is Status.INCONCLUSIVE
    assert passed <= {
        "generator-health",
        "scrape-health",
        "quiescence",
        "rate",
        "error-ratio",
        "blind-spot",
        "thresholds",
    }


PARTS = 8
"""Each judges the run once for every so many answers: two seconds of CPU each."""


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, PARTS))])
def test_each_deleted_answer_leaves_the_run_inconclusive(clean_run: StoredRun, part: int) -> None:
    """Every answer is needed by somebody: without it the run is not passed."""
    evidence = clean_run.path / "evidence.json"
    whole = evidence.read_text()
    answers = json.loads(whole)["answers"]
    assert len(answers) > PARTS
    passed = []
    for index in range(part, len(answers), PARTS):
        clean_run.change_evidence(lambda answers, at=index: answers.pop(at))  # type: ignore[misc]
        if clean_run.judge().exit_code != ExitCode.INCONCLUSIVE:
            passed.append(answers[index]["query"])
        evidence.write_text(whole)
    assert [query for query in passed if not query.startswith(("process_start_time", "sum (rate("))] == []


DAMAGED = [
    ("run.json", ("window", "start_s"), -1),
    ("run.json", ("window", "end_s"), 1e300),
    ("run.json", ("window", "scrape_interval_s"), 0),
    ("run.json", ("generator", "loop_lag_s"), float("nan")),
    ("evidence.json", ("answers",), None),
    ("evidence.json", ("answers",), 5),
    ("evidence.json", ("ledgers",), 5),
]


@pytest.mark.parametrize(("name", "path", "value"), DAMAGED)
def test_a_number_that_no_run_has_is_damage(
    clean_run: StoredRun, name: str, path: tuple[str, ...], value: object
) -> None:
    """Never an endless loop, a traceback or a pass."""

    def change(document: dict[str, Any]) -> None:
        *way, last = path
        for key in way:
            document = document[key]
        document[last] = value

    clean_run.change_file(name, change)
    with pytest.raises(StoreError, match=r"damaged"):
        clean_run.judge()


@pytest.mark.parametrize("value", ["NaN", "+Inf", "1e400", "many"])
@pytest.mark.parametrize("metric", [names.REQUESTS, f"{names.LATENCY_BY_VIEW}_bucket", "scrape_duration_seconds"])
def test_a_raw_value_that_is_no_number_is_damage(clean_run: StoredRun, metric: str, value: str) -> None:
    """Prometheus keeps finite numbers for what the checks read raw."""

    def change(answers: list[dict[str, Any]]) -> None:
        answer = next(a for a in answers if a["query"].startswith(f"{metric}{{") and a["query"].endswith("ms]"))
        answer["result"][0]["values"][-1][1] = value

    clean_run.change_evidence(change)
    with pytest.raises(StoreError, match=r"damaged"):
        clean_run.judge()


@pytest.mark.parametrize("value", ["NaN", "+Inf"])
def test_a_computed_value_that_is_no_number_decides_nothing(clean_run: StoredRun, value: str) -> None:
    """It is inconclusive, and can be rendered."""

    def change(answers: list[dict[str, Any]]) -> None:
        for answer in answers:
            if answer["query"].startswith("histogram_quantile"):
                for series in answer["result"]:
                    series["value"][1] = value

    clean_run.change_evidence(change)
    report = clean_run.judge()
    assert report.exit_code != ExitCode.PASSED
    json_report.render(report)


def test_any_missing_answer_is_told(clean_run: StoredRun) -> None:
    """Also the one that only a plot needs."""
    clean_run.change_evidence(lambda answers: answers.remove(next(a for a in answers if "step_s" in a)))
    verdict = next(v for v in clean_run.judge().verdicts if v.subject == "evidence")
    assert (verdict.status, "no answer to 1" in verdict.why) == (Status.INCONCLUSIVE, True)


def test_a_response_turned_into_none_fails(clean_run: StoredRun) -> None:
    """A status of 0 would widen the tolerance, but its witness is still there."""

    def change(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        next(row for row in rows if row["status"] == 200)["status"] = 0
        return rows

    clean_run.change_rows(change)
    assert failed(clean_run.judge()) >= {"generator-health"}


def test_no_flipped_bit_breaks_the_reader(clean_run: StoredRun) -> None:
    """A shard with one bit changed is judged or refused, and never passes for another than it is by a crash."""
    shard = clean_run.measured()[0]
    whole = bytearray(shard.read_bytes())
    for place in range(200, len(whole), len(whole) // 30):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        shard.write_bytes(changed)
        with contextlib.suppress(StoreError, UsageError):
            clean_run.judge()
