"""Baselines -> the CSV that Apache Otava reads, for change points over a long history.

A row per run, oldest first: time, commit, then a column per endpoint. Otava takes a cell for a number or stops, so a
column is left out when a row has no number for it. Source: https://github.com/apache/otava, docs/CSV.md and
otava/importer.py.
"""

import csv
import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from harness.gate.baseline.baseline_file import Baseline
from harness.gate.decision.endpoint import QUANTILES


def render(baselines: Sequence[Baseline]) -> tuple[str, tuple[str, ...]]:
    """Return the CSV and the names of the columns left out."""
    rows = sorted(baselines, key=lambda baseline: (baseline.started_s, baseline.arm.id))
    cells = [_cells(baseline) for baseline in rows]
    names = list(dict.fromkeys(name for row in cells for name in row))
    kept = [name for name in names if all(name in row for row in cells)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", "commit", *kept])
    for baseline, row in zip(rows, cells, strict=True):
        moment = datetime.fromtimestamp(baseline.started_s, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
        writer.writerow([moment, baseline.commit, *(repr(row[name]) for name in kept)])
    return text.getvalue(), tuple(name for name in names if name not in kept)


def _cells(baseline: Baseline) -> dict[str, float]:
    """Every number of a run by its column; latencies in seconds."""
    measured = baseline.arm
    found = {
        f"{view}.{kind}_s": sample.quantiles_s.get(kind, math.nan)
        for view, sample in measured.views.items()
        for kind in QUANTILES
    }
    if measured.throughput is not None:
        found["throughput"] = measured.throughput
    found["error_ratio"] = measured.errors / measured.requests if measured.requests else math.nan
    return {name: number for name, number in found.items() if math.isfinite(number)}
