"""What a CI server that runs the command is told beside the exit code."""

from collections.abc import Mapping
from pathlib import Path

from harness.errors import StoreError
from harness.model import Report
from harness.render import annotations, markdown


def tell(report: Report, environ: Mapping[str, str]) -> str:
    """In a step of GitHub Actions append the job summary, and return the annotations; elsewhere do nothing.

    Raises StoreError when the summary cannot be written.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return ""
    if summary := environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(markdown.render(report))
        except OSError as error:
            raise StoreError(f"GITHUB_STEP_SUMMARY: {summary} cannot be written: {error.strerror}") from None
    return annotations.render(report)
