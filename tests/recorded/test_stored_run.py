"""`harness.open_run` on the stored run: what notebooks and scripts get."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import harness
from harness.core.errors import StoreError, UsageError
from harness.core.query import Reading
from harness.core.verdict import Status
from harness.evidence.client.schema import SCHEMA
from harness.instrumentation.django_prometheus import metrics
from harness.report.render.json_report import parse
from harness.runs.judge import judge
from harness.runs.run_directory import RunDirectory
from tests.recorded.stored import StoredRun


def test_its_verdicts_are_those_of_harness_verify(clean_run: StoredRun) -> None:
    """And nothing beside the run is written."""
    before = sorted(file.name for file in clean_run.path.iterdir())
    run = harness.open_run(clean_run.path)
    report = judge(RunDirectory(clean_run.path))
    assert (run.status, run.verdicts, run.findings, run.causes) == (
        Status.PASS,
        report.verdicts,
        report.findings,
        report.causes,
    )
    assert run.report is run.report
    assert sorted(file.name for file in clean_run.path.iterdir()) == before


def test_its_samples_have_every_column_and_row(clean_run: StoredRun) -> None:
    """As many as the report counts, as a table and as a DataFrame; a path may be text."""
    run = harness.open_run(str(clean_run.path))
    table, frame = run.arrow(), run.samples()
    assert table.schema.names == SCHEMA.names == list(frame.columns)
    assert table.num_rows == len(frame) == run.report.samples
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["phase"]) == {"measure"}


def test_phases_are_kept_apart(clean_run: StoredRun) -> None:
    """The warm-up's shards are in no verdict, and are found beside those of the measured phase."""
    run = harness.open_run(clean_run.path)
    warm = run.samples("warmup")
    assert set(warm["phase"]) == {"warmup"}
    assert warm["started_s"].max() < run.samples()["started_s"].min()
    assert run.arrow(None).num_rows == len(warm) + run.report.samples
    with pytest.raises(UsageError, match="phase: 'load' must be one of warmup, measure"):
        run.arrow("load")


def test_a_damaged_shard_is_no_data_frame(clean_run: StoredRun) -> None:
    """Unless what is left of it is asked for."""
    shard = clean_run.measured()[0]
    shard.write_bytes(shard.read_bytes()[:-8])
    run = harness.open_run(clean_run.path)
    with pytest.raises(StoreError, match=rf"{shard.name}: .*partial=True"):
        run.samples()
    assert len(run.samples(partial=True)) > 0
    assert run.status is Status.INCONCLUSIVE


def test_what_prometheus_answered_is_found_by_the_text_of_its_query(clean_run: StoredRun) -> None:
    """Each with its time; nothing is found for what nobody asked."""
    run = harness.open_run(clean_run.path)
    found = run.answers("django_http_requests_before_middlewares_total")
    assert any(isinstance(answer, Reading) and answer.series for answer in found.values())
    assert all("django_http_requests_before_middlewares_total" in query.text for query in found)
    assert found.items() <= run.evidence.answers.items()
    assert run.answers("no_such_metric") == {}


def test_what_is_no_run_is_refused(clean_run: StoredRun, tmp_path: Path) -> None:
    """At once, as the command line does it."""
    with pytest.raises(UsageError, match="no such run directory"):
        harness.open_run(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="not a run directory"):
        harness.open_run(tmp_path)
    (clean_run.path / "run.json").write_text("{")
    with pytest.raises(StoreError, match=r"run\.json"):
        harness.open_run(clean_run.path)


def test_judging_needs_no_pandas(clean_run: StoredRun) -> None:
    """It takes longer to load than a short run to judge; who asks for a DataFrame has it."""
    program = (
        "import sys; from harness.cli.main import main; code = main(sys.argv[1:]); "
        "sys.exit('pandas is loaded' if 'pandas' in sys.modules else code)"
    )
    command = [sys.executable, "-c", program, "verify", str(clean_run.path), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    judged = parse((clean_run.path / "report.json").read_text())
    assert [each.check for each in judged.verdicts] == [each.check for each in clean_run.judge().verdicts]


def test_the_percentiles_over_all_views_know_no_scrapes(clean_run: StoredRun) -> None:
    """They are those of the views together, as a dashboard adds them up; the histogram with middlewares holds more."""
    before = judge(RunDirectory(clean_run.path)).views[0]
    for bound in ("10.0", "+Inf"):
        clean_run.add_to_counter(f"{metrics.LATENCY_ALL}_bucket", 1000, le=bound)
    after = judge(RunDirectory(clean_run.path)).views[0]
    assert (after.metric, after.metric_distribution) == (before.metric, before.metric_distribution)
    assert before.metric.p95_s is not None


def test_the_app_is_measured_where_the_histograms_by_view_are(clean_run: StoredRun) -> None:
    """By the inner witness: the outer one spans the middlewares too, which no histogram by view does."""
    run = harness.open_run(clean_run.path)
    shown_s = run.report.views[0].witness.p50_s
    assert shown_s == run.samples()["witness_view_s"].median()
    assert shown_s != run.samples()["witness_app_s"].median()
