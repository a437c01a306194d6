"""What `harness verify` costs on 1,000,000 and 10,000,000 samples: time and peak memory.

The runs are made from the stored run of the tests: its samples repeated, its counters scaled, so that every check has
the same work as on a real run of that size. Repeated samples are not new ones, so checks that rest on chance fail (exit
1).
"""

import json
import tempfile
from pathlib import Path

import pyarrow as pa

from bench import measure
from harness.evidence.client.schema import CLOSING_KEY

STORED = measure.PROJECT / "tests" / "recorded" / "runs" / "clean"
SIZES = (1_000_000, 10_000_000)
ROUNDS = 5
COUNTED = ("scrape_", "up{", "process_start", "count by")
"""Answers that do not grow with the samples."""


def measure_all() -> str:
    """Verify each size `ROUNDS` times in a fresh process."""
    lines = ["| samples | wall time, median | peak memory, median | exit code |", "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as scratch:
        for size in SIZES:
            run = Path(scratch) / str(size)
            samples = _make(run, size)
            costs = []
            for number in range(ROUNDS):
                costs.append(measure.run(measure.harness("verify", str(run), "--quiet")))
                measure.progress(f"verify {samples:,} round {number}: {costs[-1]}")
            wall = measure.median_and_range([cost.wall_s for cost in costs])
            memory = measure.median_and_range([cost.peak_mb for cost in costs])
            codes = ", ".join(sorted({str(cost.exit_code) for cost in costs}))
            lines.append(
                f"| {samples:,} | {wall[0]:.1f} s ({wall[1]:.1f} to {wall[2]:.1f}) | {memory[0]:.0f} MB "
                f"({memory[1]:.0f} to {memory[2]:.0f}) | {codes} |"
            )
    return "\n".join(lines) + "\n"


def _make(directory: Path, size: int) -> int:
    """A run directory with about `size` samples; returns how many."""
    directory.mkdir()
    run = json.loads((STORED / "run.json").read_text())
    shard = next(shard for shard in run["shards"] if shard["phase"] == "measure")
    with pa.ipc.open_stream(STORED / shard["file"]) as reader:
        batches = [batch for batch in reader if batch.num_rows]
    times = -(-size // sum(batch.num_rows for batch in batches))
    rows: int = times * sum(batch.num_rows for batch in batches)
    with pa.OSFile(str(directory / shard["file"]), "wb") as file, pa.ipc.new_stream(file, batches[0].schema) as writer:
        for _ in range(times):
            for batch in batches:
                writer.write_batch(batch)
        writer.write_batch(batches[0].slice(0, 0), custom_metadata={CLOSING_KEY: str(rows)})
    run["shards"] = [shard | {"rows": rows}]
    run["panels"] = []  # what they show cannot be scaled like a counter
    (directory / "run.json").write_text(json.dumps(run))
    evidence = json.loads((STORED / "evidence.json").read_text())
    for answer in evidence["answers"]:
        _scale(answer, times, run)
    (directory / "evidence.json").write_text(json.dumps(evidence))
    return rows


def _scale(answer: dict[str, object], times: int, run: dict[str, object]) -> None:
    """Let counters grow `times` as much; rates follow, quantiles stay, scrapes stay what they are."""
    query = str(answer["query"])
    if query.startswith((*COUNTED, "histogram_quantile")):
        return
    for series in answer["result"]:  # type: ignore[attr-defined]
        own = series["metric"].get("view") == run["metrics_view"]
        points = series.get("values") or [series["value"]]
        base = 0.0 if "rate(" in query else float(points[0][1])
        for point in points:
            point[1] = repr(base + (float(point[1]) - base) * (1 if own else times))
