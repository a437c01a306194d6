"""What the preflight takes: `harness doctor --target --prometheus` against a stack that runs, from start to end.

It waits for scrapes, so its limit is three scrape intervals and 2 s.
"""

import os
import tempfile
from pathlib import Path

from bench import measure
from harness.config import toml_file
from harness.runtime.stack import embedded

ROUNDS = 5
INTERVALS_S = (1.0, 5.0, 15.0)
SCRAPES, LIMIT_S = 3, 2.0


def measure_all() -> str:
    """A row for each scrape interval."""
    profile = toml_file.parse((measure.PROJECT / "harness.toml").read_text(), "harness.toml").profile("smoke")
    assert profile.start is not None
    lines = ["| scrape interval | wall time, median | limit | exit codes |", "| --- | --- | --- | --- |"]
    for interval_s in INTERVALS_S:
        with (
            tempfile.TemporaryDirectory(prefix="harness-bench-") as scratch,
            embedded.embedded(profile.start, measure.PROJECT, Path(scratch), interval_s) as running,
        ):
            flags = ("--target", running.target, "--prometheus", running.prometheus)
            costs = [measure.run(measure.harness("doctor", *flags), env=os.environ) for _ in range(ROUNDS)]
        middle, least, most = measure.median_and_range([cost.wall_s for cost in costs])
        codes = ", ".join(sorted({str(cost.exit_code) for cost in costs}))
        limit_s = SCRAPES * interval_s + LIMIT_S
        lines.append(f"| {interval_s:g} s | {middle:.1f} s ({least:.1f} to {most:.1f}) | {limit_s:g} s | {codes} |")
        measure.progress(lines[-1])
    return "\n".join(lines) + "\n"
