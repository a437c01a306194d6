"""Stored baselines: keeping a run for later gates, and judging a candidate against what was kept."""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness.core.errors import StoreError, UsageError
from harness.core.report import Report
from harness.core.run import Run
from harness.core.verdict import Status
from harness.evidence import comparability
from harness.evidence.target_totals import State, TargetTotals
from harness.gate.baseline import baseline_file as stored
from harness.gate.baseline import otava_csv
from harness.gate.baseline.baseline_file import BASELINE_VERSION, END_OF_TIME_S, Baseline
from harness.gate.decision import Measurement, Plan, decide_stored, off_plan
from harness.gate.decision import report as gate_report
from harness.gate.decision.from_samples import Measure
from harness.instrumentation import registry
from harness.runs.judge import Outcome, judge, write_reports
from harness.runs.run_directory import RunDirectory
from harness.runtime import files
from harness.runtime.load import shards
from harness.runtime.load.pulse import PULSE_S

JOB_VARIABLES = ("GITHUB_RUN_ID", "CI_JOB_ID", "BUILD_TAG")
COMMIT_VARIABLES = ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT")
"""What GitHub, GitLab and Jenkins call them."""
CANDIDATE = "the candidate's job"
"""Of runs without a named job: they count as one job, since several would promise more than is known."""
GENERATOR = "generator-health"
NOT_IN_NAMES = r"[^\w.-]"


def add(
    run: Path, to: Path, job: str | None, commit: str | None, environment: Mapping[str, str]
) -> tuple[Path, Status]:
    """Keep a run in the directory `to`; returns the file, and what the run's own verification came to.

    Raises UsageError without a job, or when the run is kept already; StoreError when it cannot be read or written.
    """
    job = job or _first(environment, JOB_VARIABLES)
    if not job:
        raise UsageError(
            f"--job is missing, and none of {', '.join(JOB_VARIABLES)} is set: name the job, whose runs count as one"
        )
    kept = measure(run, job, commit if commit is not None else _first(environment, COMMIT_VARIABLES))
    name = f"{re.sub(NOT_IN_NAMES, '_', kept.arm.id)}.json"
    if (to / name).exists():
        raise UsageError(f"{to / name} already exists; remove it to add the run again")
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--to: {to} cannot be created: {error.strerror}") from None
    RunDirectory(to).write_text(name, stored.render(kept))
    return to / name, kept.arm.verification


def measure(path: Path, job: str, commit: str = "") -> Baseline:
    """What is kept of a run directory, judged anew. Raises UsageError or StoreError."""
    directory = RunDirectory(path)
    report = judge(directory)
    run = directory.read_run()
    totals = directory.read_evidence(registry.of(run).names).start
    samples = Measure()
    for table in shards.tables(directory.path, [shard for shard in run.shards if shard.phase == "measure"]):
        samples.add(table)
    measured = Measurement(
        id=_id(run),
        views=samples.views,
        requests=samples.requests,
        errors=samples.errors,
        verification=report.status,
        job=job,
        throughput=_throughput(run, samples),
        fingerprint=comparability.fingerprint(run, totals.state),
        rows=_rows(totals),
        problems=_problems(run, report),
    )
    return Baseline(BASELINE_VERSION, run.started_s, run.profile, run.scenario, measured, commit, run.gated_views)


def read(path: Path, job: str = "") -> tuple[Baseline, ...]:
    """A run directory, one baseline's file, or a directory of them. Raises UsageError for anything else."""
    try:
        if (path / "run.json").exists() or any(path.glob("samples-*.arrow")):
            return (measure(path, job),)
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; check its permissions") from None
    if not files:
        raise UsageError(f"{path} contains no baseline; add runs with `harness baseline add RUN --to {path}`")
    return tuple(_read_file(file) for file in files)


def gate(baseline: Path, candidates: Sequence[Path], views: Sequence[str], job: str | None, out: Path) -> Outcome:
    """Judge the candidate's runs against the stored ones and write the reports into `out`.

    Raises UsageError when something cannot be read or no view is named, StoreError when the report cannot be written.
    """
    base = read(baseline)
    candidate = [each for path in candidates for each in read(path, job or CANDIDATE)]
    old, new = ([each.arm for each in side] for side in (base, candidate))
    gated = views or tuple(dict.fromkeys(view for each in candidate for view in each.gated_views))
    plan = _plan(gated, throughput=any(each.throughput is not None for each in (*old, *new)))
    directory = RunDirectory(out)
    directory.create()
    report = gate_report.report(
        decide_stored(old, new, plan),
        gate="stored",
        id=out.name,
        started_s=time.time(),
        profile=candidate[-1].profile,
        scenario=candidate[-1].scenario,
        measurements=[*old, *new],
    )
    write_reports(directory, report)
    return Outcome(report, out)


def _plan(views: Sequence[str], *, throughput: bool) -> Plan:
    if not views:
        raise UsageError("--view is missing, and the candidate's profile has no gated_views: name the views to compare")
    try:
        return Plan(tuple(views), throughput=throughput)
    except ValueError as error:
        raise UsageError(f"--view: {error}") from None


def _read_file(file: Path) -> Baseline:
    try:
        if file.exists() and not file.is_file():
            raise UsageError(f"{file} is not a file; name a run directory, or a directory of baselines")
        return stored.parse(files.read_text(file, files.INPUT_BYTES), file.name)
    except FileNotFoundError:
        raise UsageError(f"{file} does not exist; name a run directory, or a directory of baselines") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}; remove it, or add the run again") from None


def _problems(run: Run, report: Report) -> tuple[str, ...]:
    """Why it cannot be compared: what ended by itself, the generator's own checks, missing users or time."""
    health = run.generator
    found = [
        verdict.why
        for verdict in report.verdicts
        if verdict.check == GENERATOR and verdict.status is Status.INCONCLUSIVE
    ]
    found += [f"{ended} ended by itself while the load was on" for ended in run.ended]
    # A pulse a second shows how long the load lasted, and the last one that was begun is not written.
    lasted_s = min(health.duration_s + PULSE_S, max(health.planned_duration_s, health.duration_s))
    found.append(off_plan("users", health.planned_users, health.peak_users))
    found.append(
        off_plan("seconds of load", health.planned_duration_s, lasted_s) if lasted_s < health.planned_duration_s else ""
    )
    return tuple(filter(None, found))


def _throughput(run: Run, samples: Measure) -> float | None:
    """Successful requests per second of the plan, in an open model."""
    planned_s = run.generator.planned_duration_s
    return (samples.requests - samples.errors) / planned_s if run.arrival_rate is not None and planned_s > 0 else None


def _id(run: Run) -> str:
    """The run's own id, with its time before it where `--out` gave it a name that the next run may have too."""
    if re.match(r"\d{8}-\d{6}-", run.id):
        return run.id
    if not 0 <= run.started_s < END_OF_TIME_S:
        raise StoreError(f"{run.id}: started_s is {run.started_s:g}; run.json was changed, run again")
    return f"{datetime.fromtimestamp(run.started_s, UTC):%Y%m%d-%H%M%S}-{run.id}"


def _rows(totals: TargetTotals) -> Mapping[str, int]:
    return totals.state.rows if isinstance(totals.state, State) else {}


def _first(environment: Mapping[str, str], names: Sequence[str]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")


def export(path: Path) -> tuple[str, tuple[str, ...]]:
    """The CSV for Apache Otava of a directory of baselines, and the columns left out. Raises UsageError, StoreError."""
    kept = read(path)
    if other := next((each for each in kept if each.schema_version != BASELINE_VERSION), None):
        raise StoreError(f"{path / other.arm.id}: {other.arm.problems[0]}")
    return otava_csv.render(kept)
