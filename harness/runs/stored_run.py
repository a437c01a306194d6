"""A stored run for notebooks and scripts: `harness.open_run` (docs/python-api.md)."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harness.core.errors import StoreError, UsageError
from harness.core.query import NoData, Query, Reading
from harness.core.report import Report
from harness.core.run import Run, Shard
from harness.core.verdict import Cause, Finding, Status, Verdict
from harness.evidence.client.schema import SCHEMA
from harness.evidence.prometheus_evidence import Evidence
from harness.instrumentation import registry
from harness.report.render import FORMATS
from harness.runs import judge
from harness.runs.run_directory import RunDirectory
from harness.runtime.load import shards

if TYPE_CHECKING:
    import pandas as pd

PHASES = ("warmup", "measure", "probe")


class StoredRun:
    """One run directory. Its files are read, and its verdicts made, when they are asked for, and once.

    Nothing is written: reports beside the run stay as they are. What cannot be read raises StoreError, and what is no
    run, or of a newer harness, UsageError; both are a HarnessError.
    """

    def __init__(self, path: Path) -> None:
        """Read run.json, and nothing else yet."""
        self._directory = RunDirectory(path)
        if path.is_dir():
            self._directory.check(FORMATS)
        self.run: Run = self._directory.read_run()
        """What was run: profile, window, versions, generator, thresholds."""

    def __repr__(self) -> str:
        return f"<harness run {self.run.id}: {self.run.profile}, {self.run.window.length_s:.1f} s>"

    @property
    def path(self) -> Path:
        """The run directory."""
        return self._directory.path

    @cached_property
    def report(self) -> Report:
        """The run judged anew by this version of the harness, as `harness verify` does."""
        return judge.judge(self._directory)

    @property
    def status(self) -> Status:
        """PASS, FAIL or INCONCLUSIVE, over all verdicts."""
        return self.report.status

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What each check says of each subject."""
        return self.report.verdicts

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed and is not a failure."""
        return self.report.findings

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The likely causes of what failed, the likeliest first."""
        return self.report.causes

    @cached_property
    def evidence(self) -> Evidence:
        """Everything that Prometheus answered, by query, and what the target reported of itself."""
        return self._directory.read_evidence(registry.of(self.run).names)

    def answers(self, text: str) -> dict[Query, Reading | NoData]:
        """Prometheus's answers to the queries whose text contains `text`, in the order they were asked."""
        return {query: answer for query, answer in self.evidence.answers.items() if text in query.text}

    def samples(self, phase: str | None = "measure", *, partial: bool = False) -> "pd.DataFrame":
        """`arrow` as a pandas DataFrame."""
        frame: pd.DataFrame = self.arrow(phase, partial=partial).to_pandas()
        return frame

    def arrow(self, phase: str | None = "measure", *, partial: bool = False) -> pa.Table:
        """One row per request as the client saw it, of a phase (`measure`, `warmup` or `probe`) or, with None, of all.

        All columns of the shards (docs/run-directory.md), in the order of the processes and then as they were recorded.
        With `partial`, what can be read of a damaged shard; without, that raises StoreError.
        """
        if phase is not None and phase not in PHASES:
            raise UsageError(f"phase: {phase!r} must be one of {', '.join(PHASES)}, or None for all")
        pieces = [SCHEMA.empty_table()]
        found = shards.NO_REPEATS if partial else shards.find_repeats(self.path, self.run.shards)
        for shard in self._shards():
            if problem := "" if partial else _problem(self.path, shard, found):
                raise StoreError(
                    f"{self.path / shard.file}: {problem}; partial=True reads what is left, which proves nothing"
                )
            pieces += shards.tables(self.path, [shard], SCHEMA.names)
        table = pa.concat_tables(pieces)
        return table if phase is None else table.filter(pc.equal(table["phase"], phase))

    def _shards(self) -> Iterable[Shard]:
        """Those of the measured phase as run.json names them, and before them those of the warm-up, found."""
        found = shards.unnamed(self.path, self.run.shards)
        return [*(Shard(file.name, "warmup", shards.closing_count(file)) for file in found), *self.run.shards]


def _problem(directory: Path, shard: Shard, found: Mapping[str, shards.FoundRepeats]) -> str:
    state = shards.state_of(directory, shard, found)
    return state.contradiction or state.problem
