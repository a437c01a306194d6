"""Several stored reports: found below directories, read, and written as an index with trends."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from harness.core.errors import HarnessError, StoreError, UsageError
from harness.core.report import Report
from harness.report import trends
from harness.report.render import json_report
from harness.report.render import trends as pages
from harness.runs.run_directory import RunDirectory
from harness.runtime import files

REPORT = "report.json"
HTML_REPORT = "report.html"
HTML, JSON = "index.html", "index.json"


def is_run(path: Path) -> bool:
    """Whether a path is that of one run, or of none at all: then the reader of runs says what is wrong with it."""
    return (path / REPORT).exists() or not any(path.glob(f"*/{REPORT}"))


def write(paths: Sequence[Path], out: Path) -> tuple[Path, tuple[str, ...]]:
    """Write index.html and index.json into `out`; returns it, and what could not be read with the reason.

    Raises UsageError when nothing can be read, StoreError when the index cannot be written.
    """
    reports: list[tuple[str, Report]] = []
    left_out: list[str] = []
    for path in dict.fromkeys(files.resolved(each) for given in paths for each in _runs(given)):
        try:
            report = RunDirectory(path).read_report(json_report.parse)
        except HarnessError as error:
            left_out.append(str(error))
            continue
        if report.gate or not report.views:
            left_out.append(f"{path}: {'a gate' if report.gate else 'a report without views'}, which has no trend")
        else:
            reports.append((str(path), report))
    if not reports:
        raise UsageError(f"no run to index: {'; '.join(left_out) or ', '.join(map(str, paths))}")
    index = trends.index(reports, left_out)
    index = replace(index, runs=tuple(replace(line, link=_link(line.directory, out)) for line in index.runs))
    if (out / HTML).exists() and not (out / JSON).exists():
        raise UsageError(
            f"--out: {out / HTML} is not an index of runs and would be overwritten; name another directory"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in ((JSON, pages.render_json(index)), (HTML, pages.render_html(index))):
            files.write_text(out / name, text)
    except OSError as error:
        raise StoreError(f"--out: {out} cannot be written: {error.strerror}") from None
    return out, tuple(left_out)


def _link(directory: str, out: Path) -> str:
    """The address of a run's page in the index, which moves with both; one with a scheme cannot be made of a name."""
    relative = os.path.relpath(Path(directory) / HTML_REPORT, out.resolve())
    return f"./{quote(relative)}" if (Path(directory) / HTML_REPORT).exists() else ""


def _runs(path: Path) -> list[Path]:
    """The run directory itself, or those in it."""
    if (path / REPORT).exists() or not path.is_dir():
        return [path]
    return sorted(each.parent for each in path.glob(f"*/{REPORT}")) or [path]
