"""Every stored run, judged afresh by the harness, and again by the oracle."""

import shutil
from pathlib import Path

import pytest

from harness.runs.judge import verify
from tests.oracle.__main__ import main
from tests.oracle.compare import differences
from tests.recorded.cases import CASES
from tests.recorded.changes import identified, run_with
from tests.recorded.stored import Row, StoredRun

RUNS = Path(__file__).parents[1] / "recorded" / "runs"
CHANGES = (
    "a truncated shard",
    "refused queries",
    "no finite bound",
    "one process under two addresses",
    "an unreadable state",
    "a late value",
    "an early value",
    "no scrape between",
    "a series with a gap",
    "a series with its own times",
    "an instance whose responses are another's",
    "another label",
    "no total that is right",
    "responses of another charset",
    "larger responses",
    "a timing less of a view, where a scrape of others tore the end",
    "a bucket less of a view, where a scrape of others tore the end",
    "a success less, where a scrape of others tore the end",
    "all latencies between",
    "a late bucket",
    "an early bucket",
    "no bucket between",
    "no counter at any reading",
    "no bucket at any reading",
    "no histogram between",
    "a probe that is not timed",
    "probes of which the timer misses a share",
    "probes without a witness, timed too long",
    "refused queries on the probes",
)


@pytest.mark.parametrize("name", sorted(path.name for path in RUNS.iterdir()))
def test_both_judges_agree_on_every_stored_run(tmp_path: Path, name: str) -> None:
    """In every verdict of every check that the oracle covers."""
    run = Path(shutil.copytree(RUNS / name, tmp_path / "run"))
    verify(run)
    assert differences(run) == []


@pytest.mark.parametrize("name", CHANGES)
def test_both_judges_agree_on_a_run_that_is_damaged(tmp_path: Path, name: str) -> None:
    """Also where little or nothing can be judged."""
    run = Path(shutil.copytree(RUNS / "clean", tmp_path / "run"))
    CASES[name].change(StoredRun(run))
    verify(run)
    assert differences(run) == []


@pytest.mark.parametrize("by", ["before the app", "between the witnesses"])
def test_both_judges_agree_where_answers_came_again(tmp_path: Path, by: str) -> None:
    """Each third answer is the first one's."""
    run = StoredRun(Path(shutil.copytree(RUNS / "clean", tmp_path / "run")))
    identified(run)

    def cached(rows: list[Row]) -> list[Row]:
        for row in rows[3::3]:
            row["inner_nonce"] = rows[0]["inner_nonce"]
            if by == "before the app":
                row["outer_nonce"] = rows[0]["outer_nonce"]
        return rows

    run.change_rows(cached)
    run_with(checks=["identity", "attributes", "request-counts", "latency-buckets", "timer-span"])(run)
    verify(run.path)
    assert differences(run.path) == []


def test_the_command_says_whether_they_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0 and a sentence, 1 and the differences, 2 for what is no judged run."""
    run = Path(shutil.copytree(RUNS / "append-slash", tmp_path / "run"))
    assert main([str(run)]) == 2
    verify(run)
    assert main([str(run)]) == 0
    assert "what the oracle says" in capsys.readouterr().out
    report = run / "report.json"
    report.write_text(report.read_text().replace('"observed": 188.0', '"observed": 187.0'))
    assert main([str(run)]) == 1
    assert "observed is 187.0 in the report, 188.0 by the oracle" in capsys.readouterr().out
    assert main([]) == 2
