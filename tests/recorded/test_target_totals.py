"""What the target tells of itself, judged again: the witness's account, its rows and logs, its processes."""

from typing import Any

import pytest

from harness.core.errors import ExitCode
from harness.core.verdict import Status
from harness.instrumentation.django_prometheus import metrics as names
from tests.recorded.stored import StoredRun, failed, of

LEDGERS = [
    ("start", "state", ("rows", "note"), "model-ops"),
    ("end", "state", ("rows", "tag"), "model-ops"),
    ("end", "state", ("migrations", "default", "applied"), "migrations"),
    ("start", "sql_log", ("totals", "default", "execute"), "database"),
    ("end", "sql_log", ("totals", "default", "sets"), "database"),
]


@pytest.mark.parametrize(("when", "name", "path", "check"), LEDGERS)
def test_one_more_in_the_targets_own_books_fails_the_check_that_reads_them(
    clean_run: StoredRun, when: str, name: str, path: tuple[str, ...], check: str
) -> None:
    """The target's rows, migrations and SQL log are a third account."""

    def change(ledgers: dict[str, Any]) -> None:
        *way, last = path
        place = ledgers[when][name]["result"]
        for key in way:
            place = place[key]
        place[last] += 1

    clean_run.change_ledgers(change)
    assert failed(clean_run.judge()) == {check}


@pytest.mark.parametrize("name", ["state", "sql_log"])
def test_books_that_are_lost_make_it_inconclusive(clean_run: StoredRun, name: str) -> None:
    """No data never passes: one end without the other proves nothing."""
    clean_run.change_ledgers(lambda ledgers: ledgers["end"].pop(name))
    report = clean_run.judge()
    assert failed(report) == set()
    if name == "sql_log":
        assert report.exit_code == ExitCode.INCONCLUSIVE


@pytest.mark.parametrize("kind", ["db", "cache", "model"])
def test_a_witness_that_leaves_something_out_is_noticed(clean_run: StoredRun, kind: str) -> None:
    """One request whose digest is gone makes the metric count more than was witnessed; the log tells of its SQL."""

    def change(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        next(row for row in rows if "insert=1" in str(row[kind]) or (row[kind] and kind != "model"))[kind] = None
        return rows

    clean_run.change_rows(change)
    report = clean_run.judge()
    if kind == "db":
        assert "statements-outside" in {finding.code for finding in report.findings}
        clean_run.change_ledgers(lambda ledgers: ledgers.clear())
        report = clean_run.judge()
    assert {"db": "database", "cache": "cache", "model": "model-ops"}[kind] in failed(report)


def test_an_operation_that_the_database_refused_is_an_attempt(clean_run: StoredRun) -> None:
    """The library counts before it asks: one more is right with a request that failed, and wrong without."""
    clean_run.add_to_counter(names.MODEL_INSERTS, 1, model="note")
    assert "model-ops" in failed(clean_run.judge())

    def fail(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        next(row for row in rows if "note insert" in str(row["model"]))["exception"] = "IntegrityError"
        return rows

    clean_run.change_rows(fail)
    report = clean_run.judge()
    assert "model-ops" not in failed(report)
    assert "failed-operations-counted" in {finding.code for finding in report.findings}
    clean_run.add_to_counter(names.MODEL_INSERTS, 1, model="note")
    assert "model-ops" in failed(clean_run.judge())


def test_a_query_timer_that_stands_at_0_fails(clean_run: StoredRun) -> None:
    """Also where a layer of Python costs more than the statements."""
    clean_run.scale_growth(f"{names.QUERY_DURATION}_sum", 0.0)
    verdict = next(v for v in of(clean_run.judge(), "database") if v.subject == "SQL time")
    assert verdict.status is Status.FAIL


def raised(series: dict[str, Any], more: int) -> dict[str, Any]:
    """A series whose last value is larger."""
    *before, (at, value) = series["values"]
    return {**series, "values": [*before, [at, repr(float(value) + more)]]}


@pytest.mark.parametrize(("more", "fails"), [(2, False), (-1, True)])
def test_a_process_that_starts_in_the_window_may_run_more_and_not_less(
    clean_run: StoredRun, more: int, fails: bool
) -> None:
    """It asks for its migrations outside of any request."""

    def start(answers: list[dict[str, Any]]) -> None:
        for answer in answers:
            if answer["query"].startswith(f"{names.MIGRATIONS_APPLIED}{{"):
                old = answer["result"][0]
                born = {"metric": {**old["metric"], "pid": "99999"}, "values": old["values"][-1:]}
                answer["result"].append(born)

    clean_run.change_evidence(start)
    for metric in (names.EXECUTES, f"{names.QUERY_DURATION}_count"):
        clean_run.add_to_counter(metric, more)
    clean_run.change_series(f"{names.QUERY_DURATION}_bucket", lambda found: [raised(series, more) for series in found])
    assert ("database" in failed(clean_run.judge())) is fails


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.FAIL), (1.0000001, Status.PASS)])
def test_instances_that_agree_to_the_last_digit_are_one(clean_run: StoredRun, factor: float, status: Status) -> None:
    """Two processes never take the same seconds."""

    def double(answers: list[dict[str, Any]]) -> None:
        for answer in answers:
            if answer["query"].startswith((f"{names.LATENCY_BY_VIEW}_sum{{", "up{")):
                answer["result"] += [
                    {
                        "metric": {**series["metric"], "instance": "localhost:1"},
                        "values": [[time_s, repr(float(value) * factor)] for time_s, value in series["values"]],
                    }
                    for series in answer["result"]
                ]

    clean_run.change_evidence(double)
    verdict = next(v for v in of(clean_run.judge(), "request-conservation") if v.subject == "instances")
    assert verdict.status is status


def test_a_process_that_ended_by_itself_is_told(clean_run: StoredRun) -> None:
    """Whatever its metrics said until then."""
    clean_run.change_run(lambda run: run.update(ended=["the target (exit -9)"]))
    report = clean_run.judge()
    assert failed(report) == {"scrape-health"}
    assert any("the target (exit -9)" in verdict.why for verdict in report.verdicts)


def test_answers_that_the_client_rejected_are_named(clean_run: StoredRun) -> None:
    """A status tells them as successes, so the counts agree and no check fails."""

    def reject(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        next(row for row in rows if row["status"] == 200)["error"] = "the page is an apology"
        return rows

    assert "failures-as-success" not in {finding.code for finding in clean_run.judge().findings}
    clean_run.change_rows(reject)
    report = clean_run.judge()
    assert failed(report) == set()
    assert "failures-as-success" in {finding.code for finding in report.findings}
