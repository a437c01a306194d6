"""What `harness run` prints at its end: verdict, checks, what did not pass, what is not proved, findings, figures.

Everything is built from `Text`, which never reads rich's markup, and passes `shorten`, so neither `[bold]` nor an
escape sequence in a view's name reaches the terminal.
"""

from collections.abc import Iterable
from io import StringIO
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.core.report import Limitation, NotProved, Report, ViewReport
from harness.core.text import defuse, shorten
from harness.core.verdict import Finding, Status, Verdict
from harness.report.render import number_format as fmt
from harness.report.render.effects import HEAD, effect_rows
from harness.report.render.overview import (
    LIMITATIONS,
    STATUS_NAMES,
    SYMBOLS,
    FigureRow,
    amount,
    compared,
    figure_rows,
    headline,
    limits_of_laws,
    name_of,
    open_by_limitation,
    sentence,
    status_of,
    summaries,
    unsettled,
)

STYLES = {Status.PASS: "green", Status.FAIL: "red", Status.INCONCLUSIVE: "yellow"}
NAME_LIMIT, WHY_LIMIT = 120, 1000
VIEW_LIMIT = 12
"""More views than this are left to the written reports."""
UNSETTLED_LIMIT = 40
"""More failed and inconclusive verdicts than this are left to the written reports."""


def render(report: Report, *, width: int, color: bool, location: str = "") -> str:
    """Return the report for a terminal `width` columns wide, with ANSI colours or with none.

    `location` says where the written reports lie. Reads no environment variable, so NO_COLOR is the caller's affair.
    """
    console = Console(
        file=StringIO(),
        width=max(width, 40),
        height=100,
        color_system="standard" if color else None,
        force_terminal=color,
        force_interactive=False,
        force_jupyter=False,
        no_color=not color,
        legacy_windows=False,
        emoji=False,
        markup=False,
        highlight=False,
        _environ={},
    )
    with console.capture() as capture:
        for part in _parts(report, location):
            console.print(part)
    return "".join(f"{defuse(line.rstrip())}\n" for line in capture.get().splitlines())


def _parts(report: Report, location: str) -> Iterable[RenderableType]:
    yield _banner(report)
    if report.verdicts:
        yield from ("", _checks(report))
    for cause in report.causes[:1]:
        named = f"{shorten(cause.id, NAME_LIMIT)}: {shorten(cause.text, WHY_LIMIT)}"
        yield from ("", Text.assemble(("Likely cause  ", "bold"), named))
    yield from _unsettled(unsettled(report))
    yield from _not_proved(report)
    if report.findings:
        yield from ("", _heading("Findings"))
        yield from (_finding(finding) for finding in report.findings)
    yield from _views(report.views)
    yield from _effects(report)
    if location:
        yield from ("", Text.assemble(("Reports: ", "bold"), shorten(location, WHY_LIMIT)))


def _banner(report: Report) -> Text:
    status = status_of(report)
    style = f"bold {STYLES[status]}"
    facts = [
        f"run {shorten(report.run_id, NAME_LIMIT)}" if report.run_id else "",
        f"profile {shorten(report.profile, NAME_LIMIT)}" if report.profile else "",
        f"variants {shorten(', '.join(report.variants), NAME_LIMIT)}" if report.variants else "",
        f"fault injected on purpose: {shorten(report.fault, NAME_LIMIT)}" if report.fault else "",
        *_amounts(report),
        fmt.rules(report.rules, report.rule_scale),
    ]
    return Text.assemble(
        (f"{SYMBOLS[status]} {status.upper()}  {headline(report)}", style),
        f" {fmt.UNKNOWN} {sentence(report)}\n",
        (" · ".join(fact for fact in facts if fact), "dim"),
    )


def _amounts(report: Report) -> tuple[str, ...]:
    """How much was seen. A gate has neither users nor a window of its own, panels alone have no load."""
    requests, window = fmt.quantity(report.samples, "requests"), f"window {fmt.number(report.window_s, 's')}"
    if report.gate:
        return shorten(compared(report), NAME_LIMIT), requests
    return (requests, fmt.quantity(report.users, "users"), window) if report.scenario else (window,)


def _heading(text: str) -> Text:
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
    yield from ("", _heading("Not proved"), Padding(grid, (0, 0, 0, 2)))


def _amounts_of(entries: Iterable[NotProved]) -> str:
    """Each entry with its number; a unit stands once for those that follow each other."""
    shown = []
    for unit, group in groupby(entries, key=lambda each: each.unit):
        *others, last = group
        shown += [f"{each.id} {fmt.number(each.number)}" for each in others]
        shown.append(f"{last.id} {amount(last.number, None, unit)}".rstrip())
    return ", ".join(shown)


def _finding(finding: Finding) -> Padding:
    subject = f" {shorten(finding.subject, NAME_LIMIT)}" if finding.subject else ""
    text = Text.assemble((shorten(finding.code, NAME_LIMIT), "bold"), f"{subject}: {shorten(finding.text, WHY_LIMIT)}")
    return Padding(text, (0, 0, 0, 2))


def _views(views: tuple[ViewReport, ...]) -> Iterable[RenderableType]:
    if not views:
        return
    legend = Text("± is the distance to the witness, else to the client", style="dim")
    yield from ("", _heading("Client beside metric"), legend)
    for view in views[:VIEW_LIMIT]:
        known = [row for row in figure_rows(view) if row.known]
        name = Text(shorten(name_of(view), 60), style="bold", overflow="ellipsis")
        yield from ("", name, _figures(known)) if known else ("", name, Text("  nothing known", style="dim"))
    if len(views) > VIEW_LIMIT:
        yield from ("", Text(f"… and {len(views) - VIEW_LIMIT} more views, in the written reports", style="dim"))


def _effects(report: Report) -> Iterable[RenderableType]:
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
    yield from ("", _heading("Base beside candidate"), Padding(table, (0, 0, 0, 2)))


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
