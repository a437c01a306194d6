"""Reports in every format, each a pure function of the report: `Report -> str`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from harness.core.report import Report
from harness.report.render import html, json_report, junit, markdown

FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {
        "report.json": json_report.render,
        "report.html": html.render,
        "junit.xml": junit.render,
        "summary.md": markdown.render,
    }
)
"""File name in the run directory -> its renderer; report.json comes first, the others can be made again from it."""

__all__ = ["FORMATS"]
