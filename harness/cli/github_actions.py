"""What a CI server that runs the command gets beside the exit code. It never changes that code."""

from collections.abc import Mapping
from pathlib import Path

from harness.core.report import Report
from harness.report.render import annotations, markdown
from harness.runtime import files


def annotate(report: Report, environ: Mapping[str, str]) -> str:
    """In a step of GitHub Actions append the job summary, and return the annotations; elsewhere do nothing."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return ""
    annotations_ = annotations.render(report)
    if summary := environ.get("GITHUB_STEP_SUMMARY"):
        try:
            files.append_text(Path(summary), markdown.render(report))
        except OSError as error:
            annotations_ += annotations.warn(f"GITHUB_STEP_SUMMARY: {summary} cannot be written: {error.strerror}")
    return annotations_


def annotate_error(text: str, environ: Mapping[str, str]) -> str:
    """In a step of GitHub Actions the annotation of a command that came to no verdict; elsewhere nothing."""
    return annotations.fail(text) if environ.get("GITHUB_ACTIONS") == "true" else ""
