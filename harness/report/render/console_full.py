"""What `-v` adds: every check, each verdict that did not pass, what is not proved, findings, figures of each view."""

from collections.abc import Iterable
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.core.report import Limitation, NotProved, Report, ViewReport
from harness.core.text import shorten
from harness.core.verdict import Status, Verdict
from harness.report.render import number_format as fmt
from harness.report.render.effects import HEAD, effect_rows
from harness.report.render.folding import FindingKind, kinds
from harness.report.render.overview import (
    LIMITATIONS,
    STATUS_NAMES,
    SYMBOLS,
    FigureRow,
    amount,
    figure_rows,
    limits_of_laws,
    name_of,
    open_by_limitation,
    summaries,
    unsettled,
)

STYLES = {Status.PASS: "green", Status.FAIL: "red", Status.INCONCLUSIVE: "yellow"}
NAME_LIMIT, WHY_LIMIT = 120, 1000
VIEW_LIMIT = 12
"""More views than this are left to the written reports."""
UNSETTLED_LIMIT = 40
"""More failed and inconclusive verdicts than this are left to the written reports."""
SUBJECTS = 6
"""More subjects of one finding than this are only counted."""


def parts(report: Report) -> Iterable[RenderableType]:
    """Everything below the first screen."""
    if report.verdicts:
        yield from ("", _checks(report))
    yield from _unsettled(unsettled(report))
    yield from _not_proved(report)
    if report.findings:
        yield from ("", heading("Findings"))
        yield from (_finding(kind) for kind in kinds(report.findings))
    yield from _views(report.views)
    yield from effects(report)


def heading(text: str) -> Text:
    """A line in bold."""
    return Text(text, style="bold")


def _checks(report: Report) -> Table:
    """One line per check; a reason that does not fit is given in full below."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True, header_style="dim")
    table.add_column("check", max_width=24, no_wrap=True, overflow="ellipsis")
    table.add_column("status", no_wrap=True)
    for status in (Status.PASS, Status.FAIL, Status.INCONCLUSIVE):
        table.add_column(SYMBOLS[status], justify="right", no_wrap=True, min_width=2)
    table.add_column("why", ratio=1, no_wrap=True, overflow="ellipsis")
    for check in summaries(report):
        counts = (len(check.of(status)) for status in (Status.PASS, Status.FAIL, Status.INCONCLUSIVE))
        table.add_row(
            Text(shorten(check.id, NAME_LIMIT)),
            Text(f"{SYMBOLS[check.status]} {STATUS_NAMES[check.status]}", style=STYLES[check.status]),
            *(Text(str(count)) if count else Text("") for count in counts),
            Text(shorten(check.why, WHY_LIMIT)),
        )
    return table


def _unsettled(verdicts: tuple[Verdict, ...]) -> Iterable[RenderableType]:
    for verdict in verdicts[:UNSETTLED_LIMIT]:
        yield from ("", _verdict(verdict))
    if len(verdicts) > UNSETTLED_LIMIT:
        yield from ("", Text(f"… and {len(verdicts) - UNSETTLED_LIMIT} more, in the written reports", style="dim"))


def _verdict(verdict: Verdict) -> Group:
    expected, observed = fmt.apart(verdict.expected, verdict.observed, verdict.unit)
    title = Text.assemble(
        (f"{SYMBOLS[verdict.status]} {verdict.status.upper()}", f"bold {STYLES[verdict.status]}"),
        (f"  {shorten(verdict.check, NAME_LIMIT)}", "bold"),
        f"  {shorten(verdict.subject, NAME_LIMIT)}" if verdict.subject else "",
    )
    rows = [("why", verdict.why)]
    if verdict.expected is not None or verdict.observed is not None:
        gap = fmt.difference(verdict.observed, verdict.expected, verdict.unit)
        basis = f" ({verdict.tolerance.basis})" if verdict.tolerance else ""
        rows += [
            ("expected", expected),
            ("observed", f"{observed}  ({gap})" if gap else observed),
            ("tolerance", fmt.tolerance(verdict.tolerance, verdict.unit) + basis),
        ]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    rows += [(name, verdict.labels[name]) for name in ("expression", "corrected") if name in verdict.labels]
    for name, text in (*rows, ("strength", verdict.strength)):
        grid.add_row(Text(name), Text(shorten(text, WHY_LIMIT)))
    return Group(title, Padding(grid, (0, 0, 0, 2)))


def _not_proved(report: Report) -> Iterable[RenderableType]:
    """One line per limitation; what and why are in the written reports."""
    if not report.not_proved:
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, entries in open_by_limitation(report):
        grid.add_row(Text(name), Text(shorten(_amounts_of(entries), WHY_LIMIT)))
    if limits := limits_of_laws(report):
        text = f"{fmt.quantity(len(limits), 'limits')} of the laws: docs/conservation.md"
        grid.add_row(Text(LIMITATIONS[Limitation.LAW]), Text(text))
    yield from ("", heading("Not proved"), Padding(grid, (0, 0, 0, 2)))


def _amounts_of(entries: Iterable[NotProved]) -> str:
    """Each entry with its number; a unit stands once for those that follow each other."""
    shown = []
    for unit, group in groupby(entries, key=lambda each: each.unit):
        *others, last = group
        shown += [f"{each.id} {fmt.number(each.number)}" for each in others]
        shown.append(f"{last.id} {amount(last.number, None, unit)}".rstrip())
    return ", ".join(shown)


def _finding(kind: FindingKind) -> Padding:
    """The kind, then each sentence once with its subjects."""
    text, between = Text(shorten(kind.code, NAME_LIMIT), style="bold"), "\n  "
    for index, (sentence, subjects) in enumerate(kind.sentences):
        shown = ", ".join(shorten(each, NAME_LIMIT) for each in subjects[:SUBJECTS])
        more = f" and {len(subjects) - SUBJECTS} more" if len(subjects) > SUBJECTS else ""
        text.append(f"{between if index else ' '}{shown}{more}: {shorten(sentence, WHY_LIMIT)}", style="not bold")
    return Padding(text, (0, 0, 0, 2))


def _views(views: tuple[ViewReport, ...]) -> Iterable[RenderableType]:
    if not views:
        return
    legend = Text("± is the distance to the witness, else to the client", style="dim")
    yield from ("", heading("Client beside metric"), legend)
    for view in views[:VIEW_LIMIT]:
        known = [row for row in figure_rows(view) if row.known]
        name = Text(shorten(name_of(view), 60), style="bold", overflow="ellipsis")
        yield from ("", name, _figures(known)) if known else ("", name, Text("  nothing known", style="dim"))
    if len(views) > VIEW_LIMIT:
        yield from ("", Text(f"… and {len(views) - VIEW_LIMIT} more views, in the written reports", style="dim"))


def effects(report: Report) -> Iterable[RenderableType]:
    """Base beside candidate, of a gate."""
    rows = effect_rows(report)
    if not rows:
        return
    table = Table.grid(padding=(0, 2))
    for index in range(len(HEAD) + 1):
        table.add_column(justify="left" if index < 2 else "right", overflow="fold")
    table.add_row("", *(Text(name, style="dim") for name in HEAD))
    for row in rows:
        symbol = Text(SYMBOLS[row.status], style=STYLES[row.status])
        table.add_row(symbol, *(Text(shorten(cell, NAME_LIMIT)) for cell in row.cells))
    yield from ("", heading("Base beside candidate"), Padding(table, (0, 0, 0, 2)))


def _figures(rows: Iterable[FigureRow]) -> Padding:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=11, style="dim")
    for name, least in (("client", 9), ("witness", 9), ("metric", 9), ("±", 8), ("panel", 9), ("±", 8)):
        table.add_column(name, justify="right", no_wrap=True, min_width=least)
    table.add_row("", *(Text(name, style="dim") for name in ("client", "witness", "metric", "±", "panel", "±")))
    for row in rows:
        table.add_row(
            Text(row.label),
            *(Text(fmt.number(value, row.unit)) for value in (row.client, row.witness, row.metric)),
            Text(fmt.difference(row.metric, row.truth, row.unit)),
            Text(fmt.number(row.panel, row.unit)),
            Text(fmt.difference(row.panel, row.truth, row.unit)),
        )
    return Padding(table, (0, 0, 0, 2))
