"""The report of all faults as text: faults.json, faults.html, faults.md, and what `harness faults` prints."""

from collections.abc import Callable, Mapping
from io import StringIO
from types import MappingProxyType

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.core.text import defuse, inert_json, shorten
from harness.core.verdict import Status
from harness.faults.results import Detection, FaultReport, Row
from harness.report.render import html, markdown
from harness.report.render import number_format as fmt
from harness.report.render.overview import SYMBOLS

MARKS = {
    Detection.QUIET: "✓",
    Detection.CAUGHT: "✓",
    Detection.OTHERWISE: "~",
    Detection.MISSED: "✗",
    Detection.FALSE_ALARM: "✗",
    Detection.UNKNOWN: "?",
}
STYLES = {"✓": "green", "~": "yellow", "✗": "red", "?": "yellow"}
TINTS = {"✓": Status.PASS, "~": Status.INCONCLUSIVE, "✗": Status.FAIL, "?": Status.INCONCLUSIVE}
NOTE_LIMIT = 300


def sentence(report: FaultReport) -> str:
    """The outcomes of the rows in one line."""
    faults = [row for row in report.rows if row.number]
    counts = [(outcome, sum(row.outcome is outcome for row in faults)) for outcome in Detection]
    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in counts if number)
    clean = next((row.outcome for row in report.rows if not row.number), Detection.UNKNOWN)
    named = sum(row.named for row in faults)
    return (
        f"{fmt.quantity(len(faults), 'faults')}: {outcomes or 'none run'}; {named} named as the likely cause; "
        f"the clean app: {clean}"
    )


def noticed(row: Row) -> tuple[str, ...]:
    """The checks that failed, those that must first."""
    failed = [check for check, status in row.checks.items() if status is Status.FAIL]
    named = [finding for finding in row.findings if finding in row.expected]
    return (*(c for c in failed if c in row.expected), *named, *(c for c in failed if c not in row.expected))


def render_json(report: FaultReport) -> str:
    """Indented JSON that ends in a newline."""
    return inert_json(msgspec.json.format(msgspec.json.encode(report), indent=2).decode()) + "\n"


def render_markdown(report: FaultReport) -> str:
    """A table, one row per fault."""
    rows = [
        (
            str(row.number or ""),
            markdown.code(row.id),
            f"{MARKS[row.outcome]} {row.outcome}",
            ", ".join(markdown.code(name) for name in noticed(row)) or fmt.UNKNOWN,
            markdown.escape(row.note),
        )
        for row in report.rows
    ]
    table = markdown.table(("#", "Fault", "Outcome", "Noticed by", "Note"), rows)
    return f"## Faults\n\n{markdown.escape(sentence(report))}.\n\n{table}\n"


def render_html(report: FaultReport) -> str:
    """A page with the matrix fault x check."""
    return html.page(
        "faults.html.j2",
        report=report,
        sentence=sentence(report),
        marks=MARKS,
        tints=TINTS,
        symbols_of=SYMBOLS,
        noticed=noticed,
    )


def render_console(report: FaultReport, *, width: int, color: bool, location: str) -> str:
    """What the command prints at its end."""
    console = Console(
        file=StringIO(),
        width=max(width, 60),
        color_system="standard" if color else None,
        force_terminal=color,
        no_color=not color,
        emoji=False,
        markup=False,
        highlight=False,
        _environ={},
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold" if color else "")
    for heading in ("#", "fault", "outcome", "noticed by"):
        table.add_column(heading, justify="right" if heading == "#" else "left", overflow="fold")
    for row in report.rows:
        mark = MARKS[row.outcome]
        description = ": ".join(filter(None, (", ".join(noticed(row)), row.note)))
        table.add_row(
            str(row.number or ""),
            shorten(row.id, 40),
            Text(f"{mark} {row.outcome}", style=STYLES[mark] if color else ""),
            Text(shorten(description, NOTE_LIMIT)),
        )
    with console.capture() as capture:
        console.print(table)
        console.print(f"\n{sentence(report)}; {fmt.number(report.took_s, 's')}")
        console.print(Text(f"Reports: {shorten(location, NOTE_LIMIT)}"))
    return "".join(f"{defuse(line.rstrip())}\n" for line in capture.get().splitlines())


FORMATS: Mapping[str, Callable[[FaultReport], str]] = MappingProxyType(
    {"faults.json": render_json, "faults.html": render_html, "faults.md": render_markdown}
)
"""File name -> its renderer."""
