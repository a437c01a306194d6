"""A run directory -> its report, offline: judged from the samples and the evidence, or rendered again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.checks import Facts
from harness.core.errors import StoreError
from harness.core.query import Reading
from harness.core.report import Report
from harness.core.run import Run, Shard
from harness.evidence import prometheus_evidence
from harness.evidence.client import probes
from harness.evidence.client.aggregate import COLUMNS, REFINED, SampleAggregator
from harness.evidence.client.summary import ClientSummary
from harness.evidence.moments import moments
from harness.instrumentation import registry
from harness.report import verification
from harness.report.render import FORMATS, json_report
from harness.runs import manifest
from harness.runs.run_directory import RunDirectory
from harness.runtime.load import shards

REPORT = "report.json"
DAMAGE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What judging and rendering raise on a file that no harness wrote."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A judged run and where it lies."""

    report: Report
    directory: Path


def verify(path: Path) -> Outcome:
    """Judge a stored run again, offline, and write its reports anew. Raises UsageError or StoreError."""
    directory = RunDirectory(path)
    report = judge(directory)
    _write_again(directory, report)
    return Outcome(report, path)


def render_again(path: Path) -> Outcome:
    """Write the other formats again from report.json. Raises UsageError or StoreError."""
    directory = RunDirectory(path)
    report = directory.read_report(json_report.parse, set(FORMATS) - {REPORT})
    try:
        _write_again(directory, report)
    except DAMAGE as error:
        raise StoreError(
            f"{path / 'report.json'} cannot be rendered ({error}): it was changed; make it again"
        ) from error
    return Outcome(report, path)


def judge(directory: RunDirectory, *, fresh: bool = False) -> Report:
    """Read a run directory's samples and evidence and judge them. Raises UsageError or StoreError.

    Unless it is `fresh`, so not sealed yet, its manifest must agree with its files, the reports left aside.
    """
    if not fresh and directory.path.is_dir():
        directory.check(FORMATS)
    run_ = directory.read_run()
    evidence = directory.read_evidence(registry.of(run_).names)
    found = shards.find_repeats(directory.path, run_.shards)
    states = tuple(shards.state_of(directory.path, shard, found) for shard in _measured(run_))
    try:
        client = _tally(directory, run_, evidence, found, are_whole=not any(state.problem for state in states))
        return verification.verify(Facts(run_, client, evidence, states, _probes(directory, run_, found)))
    except DAMAGE as error:
        raise StoreError(
            f"{directory.path} cannot be judged ({type(error).__name__}: {error}); a file is damaged, run again"
        ) from error


def _write_again(directory: RunDirectory, report: Report) -> None:
    """Write the reports of a sealed directory and seal it again; what else is in it stays as it was vouched for."""
    sealed = manifest.read(directory.path)
    write_reports(directory, report)
    if sealed is not None:
        manifest.seal(directory.path, {name: entry for name, entry in sealed.files.items() if name not in FORMATS})


def write_reports(directory: RunDirectory, report: Report) -> None:
    """Write every format into the run directory."""
    for name, render in FORMATS.items():
        directory.write_text(name, render(report))


def _probes(directory: RunDirectory, made: Run, found: Mapping[str, shards.FoundRepeats]) -> probes.Probes:
    own = tuple(shard for shard in made.shards if shard.phase == "probe")
    states = [shards.state_of(directory.path, shard, found) for shard in own]
    problem = next((state.contradiction or state.problem for state in states), "")
    return probes.read(shards.tables(directory.path, own, probes.COLUMNS, found), problem)


def _tally(
    directory: RunDirectory,
    made: Run,
    evidence: prometheus_evidence.Evidence,
    found: Mapping[str, shards.FoundRepeats],
    *,
    are_whole: bool,
) -> ClientSummary:
    """What the samples of the measured phase say, as far as they can be read.

    Of a damaged shard both passes read all columns, so that both end at the same row.
    """
    measured, aggregator = _measured(made), _aggregator(made, evidence)
    for table in shards.tables(directory.path, measured, found=found, are_whole=are_whole):
        aggregator.add(table)
    columns = REFINED if are_whole else COLUMNS
    return aggregator.summary(shards.tables(directory.path, measured, columns, found, are_whole=are_whole))


def counted(directory: RunDirectory, made: Run, evidence: prometheus_evidence.Evidence) -> ClientSummary:
    """The same of shards that still grow: without latencies, and answers that came again are among the others."""
    aggregator = _aggregator(made, evidence)
    for table in shards.tables(directory.path, _measured(made)):
        aggregator.add(table)
    return aggregator.counted()


def _measured(made: Run) -> tuple[Shard, ...]:
    return tuple(shard for shard in made.shards if shard.phase == "measure")


def _aggregator(made: Run, evidence: prometheus_evidence.Evidence) -> SampleAggregator:
    names = registry.of(made)
    timed, sized = (names.latency_by_view, names.latency_all), names.attributes.sizes if names.attributes else ()
    return SampleAggregator(
        _bounds(made, evidence, timed),
        moments(made, evidence),
        _bounds(made, evidence, sized),
        made.shared_stall_s,
    )


def _bounds(made: Run, evidence: prometheus_evidence.Evidence, histograms: Iterable[str]) -> set[float]:
    """The upper bounds of the histograms' buckets."""
    bounds = set()
    for histogram in histograms:
        reading = evidence.read(prometheus_evidence.raw_query(made, f"{histogram}_bucket"))
        if isinstance(reading, Reading):
            bounds |= {float(series.labels["le"]) for series in reading.series if "le" in series.labels}
    return bounds
