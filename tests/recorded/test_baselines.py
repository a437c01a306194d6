"""Keeping a stored run as a baseline, and gates on kept runs, as the command does it."""

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.core.errors import HarnessError, StoreError, UsageError
from harness.core.report import Report
from harness.core.verdict import Status
from harness.gate.baseline import baseline_file, commands
from harness.gate.baseline.baseline_file import BASELINE_VERSION, Baseline
from harness.gate.decision import Measurement, ViewSample
from harness.report.render import FORMATS
from harness.runs.judge import render_again
from tests.recorded.stored import StoredRun
from tests.unit.gate.arms import FINGERPRINT, VIEW, jobs

PROJECT = Path(__file__).parents[2]
SETTINGS = {"users": "10", "scenario": "0123456789ab"}
VIEWS = (VIEW,)
NO_DATE = baseline_file.render(Baseline(BASELINE_VERSION, 1e18, "", "", jobs("base", 1)[0]))


def keep(to: Path, *arms: Measurement) -> Path:
    """Files of baselines as `add` writes them."""
    to.mkdir(exist_ok=True)
    for arm in arms:
        made = Baseline(BASELINE_VERSION, 1_700_000_000.0, "ci", "mixed.py", arm, "1a2b3c4", VIEWS)
        (to / f"{arm.id}.json").write_text(baseline_file.render(made))
    return to


def gate(tmp_path: Path, base: Path, *candidates: Path, views: tuple[str, ...] = ()) -> Report:
    """The report that the gate writes."""
    return commands.gate(base, candidates, views, None, tmp_path / "out").report


def why(report: Report, check: str = "gate-comparable") -> list[str]:
    """The reasons of one check's verdicts."""
    return [verdict.why for verdict in report.verdicts if verdict.check == check]


def modern(run: StoredRun) -> StoredRun:
    """The stored run with what runs tell since they are compared."""

    def change(document: dict[str, Any]) -> None:
        document["settings"] = SETTINGS
        document["machine"]["processor"] = "some processor"
        document["gated_views"] = ["work:fast"]

    run.change_run(change)
    return run


def test_what_is_kept_is_what_the_samples_say(clean_run: StoredRun, tmp_path: Path) -> None:
    """Nearest rank over the raw successful requests of a view, and the counts of all."""
    file, status = commands.add(clean_run.path, tmp_path / "kept", "job", "sha", {})
    kept = baseline_file.parse(file.read_text(), file.name)
    rows: list[dict[str, Any]] = []
    for shard in clean_run.measured():
        with pa.ipc.open_stream(shard.read_bytes()) as reader:
            rows += reader.read_all().to_pylist()
    good = [row for row in rows if 0 < row["status"] < 500 and row["error"] is None]
    fast = sorted(row["latency_s"] for row in good if row["view"] == "work:fast")
    sample = kept.arm.views["work:fast"]
    assert status is Status.PASS
    assert sample.n == len(fast)
    assert sample.quantiles_s["p50"] == fast[-(-len(fast) // 2) - 1]
    assert sample.quantiles_s["p95"] == fast[-(-len(fast) * 95 // 100) - 1]
    assert (kept.arm.requests, kept.arm.errors) == (len(rows), len(rows) - len(good))
    assert kept.arm.errors > 0
    assert (kept.arm.job, kept.commit) == ("job", "sha")
    assert kept.arm.rows["note"] == 116
    assert "127.0.0.1" not in file.read_text()


def test_a_run_of_an_older_harness_is_not_comparable(clean_run: StoredRun, tmp_path: Path) -> None:
    """It can be kept, and the gate names what it does not tell."""
    file, _ = commands.add(clean_run.path, tmp_path / "kept", "job", None, {})
    report = gate(tmp_path, file.parent, clean_run.path, views=("work:fast",))
    assert report.status is Status.INCONCLUSIVE
    assert any(text.startswith("profile.settings: not known") for text in why(report))
    assert any(text.startswith("machine.processor: not known") for text in why(report))


def test_the_job_and_the_commit_come_from_the_ci(clean_run: StoredRun, tmp_path: Path) -> None:
    """As GitHub calls them; a flag is stronger."""
    environment = {"GITHUB_RUN_ID": "4711", "GITHUB_SHA": "1a2b3c4"}
    file, _ = commands.add(clean_run.path, tmp_path / "one", None, None, environment)
    kept = baseline_file.parse(file.read_text(), file.name)
    assert (kept.arm.job, kept.commit) == ("4711", "1a2b3c4")
    file, _ = commands.add(clean_run.path, tmp_path / "two", "mine", "", environment)
    kept = baseline_file.parse(file.read_text(), file.name)
    assert (kept.arm.job, kept.commit) == ("mine", "")


def test_a_run_without_job_or_kept_already_is_refused(clean_run: StoredRun, tmp_path: Path) -> None:
    """Nothing is written, nothing is replaced."""
    with pytest.raises(UsageError, match="--job is missing"):
        commands.add(clean_run.path, tmp_path / "kept", None, None, {})
    assert not (tmp_path / "kept").exists()
    file, _ = commands.add(clean_run.path, tmp_path / "kept", "a", None, {})
    before = file.read_bytes()
    with pytest.raises(UsageError, match="already exists"):
        commands.add(clean_run.path, tmp_path / "kept", "b", None, {})
    assert file.read_bytes() == before


def test_runs_left_under_one_name_are_kept_apart(clean_run: StoredRun, tmp_path: Path) -> None:
    """`--out reports/run` gives each the same id; their time tells them apart, and no name leads elsewhere."""
    clean_run.change_run(lambda document: document.update(id="run"))
    one, _ = commands.add(clean_run.path, tmp_path / "kept", "1", None, {})
    clean_run.change_run(lambda document: document.update(started_s=document["started_s"] + 60, id="../run"))
    two, _ = commands.add(clean_run.path, tmp_path / "kept", "2", None, {})
    assert (one.name, two.name) == ("20261123-170611-run.json", "20261123-170711-.._run.json")
    assert {each.arm.job for each in commands.read(tmp_path / "kept")} == {"1", "2"}
    clean_run.change_run(lambda document: document.update(id="20260401-101500-3f9a52c8"))
    assert commands.measure(clean_run.path, "3").arm.id == "20260401-101500-3f9a52c8"


def _saturated(document: dict[str, Any]) -> None:
    document["generator"]["cpu_ratio"] = 0.99


def _short(document: dict[str, Any]) -> None:
    document["generator"]["peak_users"] = 9


def _brief(document: dict[str, Any]) -> None:
    document["generator"]["duration_s"] = document["generator"]["planned_duration_s"] - 1.9


def _died(document: dict[str, Any]) -> None:
    document["ended"] = ["the target (exit 7)"]
    document["checks"] = ["generator-health"]  # as in the pairs whose metrics are not verified


LOADS: Mapping[str, tuple[Callable[[dict[str, Any]], None], str, Status]] = {
    "saturated": (_saturated, "used 99% of a core", Status.INCONCLUSIVE),
    "too few users": (_short, "users: 9 of 10 planned", Status.INCONCLUSIVE),
    "too short": (_brief, "seconds of load: ", Status.PASS),
    "a target that died": (_died, "the target (exit 7) ended by itself", Status.PASS),
}


@pytest.mark.parametrize(("change", "reason", "verified"), LOADS.values(), ids=LOADS)
def test_a_load_that_was_not_the_planned_one_is_named(
    clean_run: StoredRun, tmp_path: Path, change: Callable[[dict[str, Any]], None], reason: str, verified: Status
) -> None:
    """The run is kept with its problem, and the gate cannot tell."""
    modern(clean_run).change_run(change)
    file, status = commands.add(clean_run.path, tmp_path / "kept", "job", None, {})
    assert status is verified
    report = gate(tmp_path, keep(tmp_path / "base", *jobs("base", 10)), file)
    assert report.exit_code == 3
    assert any(reason in text for text in why(report))


def test_the_throughput_of_an_open_model_is_kept(clean_run: StoredRun) -> None:
    """Successful requests per second of the plan; a closed model has none."""
    assert commands.measure(clean_run.path, "job").arm.throughput is None
    clean_run.change_run(lambda document: document.update(arrival_rate=100.0))
    kept = commands.measure(clean_run.path, "job").arm
    assert kept.throughput == pytest.approx((kept.requests - kept.errors) / 12)


def test_a_candidate_with_untrue_metrics_fails_the_gate(clean_run: StoredRun, tmp_path: Path) -> None:
    """One response more in the metric than the client saw."""
    clean_run.add_to_counter("django_http_responses_total_by_status_view_method_total", 1)
    report = gate(tmp_path, keep(tmp_path / "base", *jobs("base", 10)), modern(clean_run).path)
    assert report.exit_code == 1
    assert [verdict.check for verdict in report.verdicts if verdict.status is Status.FAIL] == ["gate-runs"]


def test_equal_runs_pass_and_slower_ones_fail(tmp_path: Path) -> None:
    """With every format written, and made again from report.json."""
    base = keep(tmp_path / "base", *jobs("base", 12))
    passed = commands.gate(base, [keep(tmp_path / "same", *jobs("new", 3))], (), None, tmp_path / "passed")
    assert (passed.report.status, passed.report.exit_code) == (Status.PASS, 0)
    failed = commands.gate(base, [keep(tmp_path / "slow", *jobs("new", 3, worse=1.2))], (), None, tmp_path / "failed")
    assert (failed.report.status, failed.report.exit_code) == (Status.FAIL, 1)
    assert {file.name for file in failed.directory.iterdir() if file.is_file()} == {*FORMATS}
    assert render_again(failed.directory).report == failed.report
    assert f"<code>{VIEW}" in (failed.directory / "summary.md").read_text().replace("&#58;", ":")
    assert "Base beside candidate" in (failed.directory / "report.html").read_text()


def test_runs_of_one_candidate_job_are_one_unit(clean_run: StoredRun, tmp_path: Path) -> None:
    """Run directories that nobody named a job for count once."""
    other = StoredRun(tmp_path / "other")
    modern(clean_run)
    subprocess.run(["cp", "-r", str(clean_run.path), str(other.path)], check=True)
    other.change_run(lambda document: document.update(id="rec2"))
    kept = commands.read(clean_run.path, commands.CANDIDATE), commands.read(other.path, commands.CANDIDATE)
    assert {each.arm.job for side in kept for each in side} == {commands.CANDIDATE}


def _other(document: dict[str, Any]) -> None:
    document["schema_version"] = BASELINE_VERSION + 1


def _older(document: dict[str, Any]) -> None:
    document["schema_version"] = 0
    document["arm"] = {"unlike": "any"}


def _machine(document: dict[str, Any]) -> None:
    document["arm"]["fingerprint"]["machine.cpus"] = "64"


def _no_view(document: dict[str, Any]) -> None:
    document["arm"]["views"] = {}


def _null(document: dict[str, Any]) -> None:
    document["arm"]["views"][VIEW]["quantiles_s"].pop("p95")


def _none(document: dict[str, Any]) -> None:
    document["arm"]["views"][VIEW] = {"n": 0, "quantiles_s": {}}


def _elsewhere(document: dict[str, Any]) -> None:
    document["arm"]["views"]["other"] = document["arm"]["views"][VIEW]
    document["arm"]["requests"] *= 2


def _throughput_gone(document: dict[str, Any]) -> None:
    document["arm"]["throughput"] = None


def _unverified(document: dict[str, Any]) -> None:
    document["arm"]["verification"] = "inconclusive"


def _lost_fingerprint(document: dict[str, Any]) -> None:
    document["arm"]["fingerprint"] = {}


def _grown(document: dict[str, Any]) -> None:
    document["arm"]["rows"] = {"note": 1000}


INCONCLUSIVE: Mapping[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a newer schema": (_other, "it has schema 2, this harness reads 1"),
    "an older schema": (_older, "it has schema 0, this harness reads 1"),
    "another machine": (_machine, "machine.cpus: "),
    "no view": (_no_view, f"has no successful request of {VIEW}"),
    "no p95": (_null, f"has no {VIEW} p95"),
    "no sample": (_none, f"has no successful request of {VIEW}"),
    "not verified": (_unverified, "its own verification was inconclusive"),
    "no fingerprint": (_lost_fingerprint, "not known"),
    "a larger database": (_grown, "data.rows.note: 0 to 1000"),
    "another view": (_elsewhere, "view other answered 5000 times on one side"),
    "no throughput": (_throughput_gone, "has no throughput"),
}


@pytest.mark.parametrize(("change", "reason"), INCONCLUSIVE.values(), ids=INCONCLUSIVE)
@pytest.mark.parametrize("side", ["base", "new"])
def test_a_file_that_cannot_be_compared_is_inconclusive(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], reason: str, side: str
) -> None:
    """On either side, with the reason in the report; never a pass."""
    for name, count in (("base", 12), ("new", 2)):
        keep(tmp_path / name, *jobs(name, count, noise=0.001))
    file = tmp_path / side / f"{side}-1.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))
    report = gate(tmp_path, tmp_path / "base", tmp_path / "new")
    assert report.exit_code == 3
    assert any(reason in verdict.why for verdict in report.verdicts)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "not a baseline"),
        ('{"schema_version": 1}', "not a baseline"),
        ('{"schema_version": "1", "arm": {}}', "not a baseline"),
        ('{"schema_version": 1, "arm": {}}', "cannot be read"),
        ('{"schema_version": 1, "arm": {"n": NaN}}', "cannot be read"),
        ('{"schema_version": 1, "arm": {"n": 1e999}}', "cannot be read"),
        ('{"run_id": "a report"}', "not a baseline"),
        (NO_DATE, "cannot be read"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str, reason: str) -> None:
    """Exit code 2, on either side; so that half a file is never left aside in silence."""
    base, new = keep(tmp_path / "base", *jobs("base", 12)), keep(tmp_path / "new", *jobs("new", 2))
    for side in (base, new):
        (side / "x.json").write_text(text, encoding="latin-1")
        with pytest.raises(UsageError, match=rf"x\.json cannot be read.*{reason if reason[0] == 'i' else ''}"):
            gate(tmp_path, base, new)
        (side / "x.json").unlink()
    assert not (tmp_path / "out").exists()


IMPOSSIBLE: Mapping[str, tuple[tuple[str, ...], object, str]] = {
    "no problems": (("problems",), None, "arm.problems is missing"),
    "no fingerprint": (("fingerprint",), None, "arm.fingerprint is missing"),
    "no job": (("job",), None, "arm.job is missing"),
    "an empty job": (("job",), " ", "arm.job is empty"),
    "no quantiles": (("views", VIEW, "quantiles_s"), None, "quantiles_s is missing"),
    "a misspelt key": (("problem",), ["saturated"], "arm.problem is not a key"),
    "requests out of range": (("requests",), 10**400, "arm.requests is out of range"),
    "requests below zero": (("requests",), -1, "arm.requests is -1"),
    "more errors than requests": (("errors",), 10**6, "arm.errors is 1,000,000"),
    "more samples than requests": (("views", VIEW, "n"), 10**6, "n is 1,000,000"),
    "a latency below zero": (("views", VIEW, "quantiles_s", "p95"), -1.0, "p95 is -1 s"),
    "a latency of ages": (("views", VIEW, "quantiles_s", "p95"), 1e308, "p95 is 1e+308 s"),
    "a p95 below the p50": (("views", VIEW, "quantiles_s", "p95"), 1e-6, "p95 is less than a lower quantile"),
    "a throughput below zero": (("throughput",), -1.0, "arm.throughput is -1"),
    "rows below zero": (("rows",), {"note": -1}, "arm.rows.note is -1"),
}


@pytest.mark.parametrize(("path", "value", "reason"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_number_that_no_run_has_is_refused(tmp_path: Path, path: tuple[str, ...], value: object, reason: str) -> None:
    """And a key that is missing, which would be taken for nothing wrong; by file and key."""
    base, new = keep(tmp_path / "base", *jobs("base", 12)), keep(tmp_path / "new", *jobs("new", 2))
    file = new / "new-1.json"
    document = json.loads(file.read_text())
    *way, last = path
    place = document["arm"]
    for key in way:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    file.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=rf"new-1\.json cannot be read: .*{re.escape(reason)}"):
        gate(tmp_path, base, new)


def test_a_key_that_stands_twice_and_nesting_without_end_are_refused(tmp_path: Path) -> None:
    """The last would win, and the reader would fall."""
    base, new = keep(tmp_path / "base", *jobs("base", 12)), keep(tmp_path / "new", *jobs("new", 2))
    file = new / "new-1.json"
    text = file.read_text()
    twice = text.replace('"verification": "pass"', '"verification": "fail", "verification": "pass"')
    for changed, reason in ((twice, "verification is there twice"), ("[" * 200_000, "nested too deeply")):
        assert changed != text
        file.write_text(changed)
        with pytest.raises(UsageError, match=reason):
            gate(tmp_path, base, new)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody may ever write to a named pipe."""
    base, new = keep(tmp_path / "base", *jobs("base", 12)), keep(tmp_path / "new", *jobs("new", 2))
    os.mkfifo(new / "pipe.json")
    with pytest.raises(UsageError, match=r"pipe\.json is not a file"):
        gate(tmp_path, base, new)


def test_what_the_system_refuses_is_named(tmp_path: Path) -> None:
    """A path that none can have, and standard output on a full disk; no traceback, and no exit code of a failure."""
    long = tmp_path / ("x" * 300)
    for command in (("gate", "--baseline", long, "--candidate", long), ("verify", long), ("report", long)):
        done = run(*command)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
        assert "too long" in done.stderr
    kept = keep(tmp_path / "kept", *jobs("base", 2))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli.main", "baseline", "csv", str(kept)],
            cwd=PROJECT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.startswith("harness: standard output cannot be written: No space left")
    assert "Traceback" not in done.stderr


def test_paths_that_hold_nothing_are_named(tmp_path: Path) -> None:
    """No directory, an empty one, no views, too many of them, an output that is not empty."""
    base, new = keep(tmp_path / "base", *jobs("base", 12)), keep(tmp_path / "new", *jobs("new", 2))
    (tmp_path / "empty").mkdir()
    for paths, message in (((tmp_path / "gone", new), "does not exist"), ((base, tmp_path / "empty"), "no baseline")):
        with pytest.raises(UsageError, match=message):
            gate(tmp_path, *paths)
    with pytest.raises(UsageError, match="takes 1 to 8 views"):
        gate(tmp_path, base, new, views=tuple("abcdefghi"))
    with pytest.raises(UsageError, match="is not empty"):
        commands.gate(base, [new], (), None, base)
    for file in new.iterdir():
        document = json.loads(file.read_text())
        file.write_text(json.dumps({**document, "gated_views": []}))
    with pytest.raises(UsageError, match="--view is missing"):
        gate(tmp_path, base, new)
    assert gate(tmp_path, base, new, views=("no:such",)).exit_code == 3


def test_nine_jobs_are_too_few(tmp_path: Path) -> None:
    """Also for a candidate three times as slow."""
    report = gate(tmp_path, keep(tmp_path / "base", *jobs("base", 9)), keep(tmp_path / "new", *jobs("n", 2, worse=3)))
    assert report.exit_code == 3
    assert any("9 jobs in the baseline, at least 10 are needed" in text for text in why(report))


def test_the_report_recommends_pairs(tmp_path: Path) -> None:
    """A stored baseline is inconclusive most of the time, and the report says so."""
    report = gate(tmp_path, keep(tmp_path / "base", *jobs("base", 10)), keep(tmp_path / "new", *jobs("new", 1)))
    assert [finding.code for finding in report.findings] == ["stored-baseline"]
    assert "in pairs" in report.findings[0].text


def test_a_full_disk_loses_nothing(clean_run: StoredRun, tmp_path: Path) -> None:
    """The write fails with the file's name, and what was there is there still, whole and alone."""
    to = keep(tmp_path / "kept", *jobs("base", 2))
    before = {file.name: file.read_bytes() for file in to.iterdir()}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "harness.cli.main",
            "baseline",
            "add",
            str(clean_run.path),
            "--to",
            str(to),
            "--job",
            "1",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)),
    )
    assert done.returncode == 3
    assert "20261123-170611-rec1.json cannot be written" in done.stderr
    assert {file.name: file.read_bytes() for file in to.iterdir()} == before


def run(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command itself."""
    return subprocess.run(
        [sys.executable, "-m", "harness.cli.main", *map(str, arguments)],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_keep_compare_and_export(clean_run: StoredRun, tmp_path: Path) -> None:
    """As a job calls them, one after the other."""
    kept = tmp_path / "kept"
    added = run("baseline", "add", modern(clean_run).path, "--to", kept, GITHUB_RUN_ID="1", GITHUB_SHA="1a2b3c4")
    assert (added.returncode, added.stdout) == (
        0,
        f"{kept / '20261123-170611-rec1.json'}: kept; its own verification: pass\n",
    )
    table = run("baseline", "csv", kept).stdout.splitlines()
    assert table[0].startswith("time,commit,")
    assert table[1].startswith("2026-11-23 17:06:11 +0000,1a2b3c4,")
    judged = run("gate", "--baseline", kept, "--candidate", clean_run.path, "--json", "--out", tmp_path / "gate")
    assert judged.returncode == 3
    report = json.loads(judged.stdout)
    assert (report["gate"], report["exit_code"]) == ("stored", 3)
    assert judged.stdout == (tmp_path / "gate" / "report.json").read_text()
    quiet = run("gate", "--baseline", kept, "--candidate", tmp_path / "gone", "--quiet")
    assert quiet.returncode == 2
    assert "gone does not exist" in quiet.stderr


def test_history_is_not_exported_from_another_schema(tmp_path: Path) -> None:
    """What its columns mean is not known."""
    kept = keep(tmp_path / "kept", *jobs("base", 2))
    (kept / "base-1.json").write_text('{"schema_version": 9, "arm": {}}')
    with pytest.raises(StoreError, match="schema 9"):
        commands.export(kept)


def test_numbers_that_json_has_not_are_not_kept() -> None:
    """A NaN would be stored as null and read as something else."""
    arm = replace(jobs("base", 1)[0], views={VIEW: ViewSample(5000, {"p50": float("nan")})})
    with pytest.raises((ValueError, HarnessError)):
        baseline_file.render(Baseline(BASELINE_VERSION, 0.0, "", "", arm))
    assert arm.fingerprint == FINGERPRINT
