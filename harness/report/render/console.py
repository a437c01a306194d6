"""What a command prints at its end, on one screen: verdict, what is proved, three numbers, the cause, failed checks.

With `verbose` everything else follows. Everything is built from `Text`, which never reads rich's markup, and passes
`shorten`, so neither `[bold]` nor an escape sequence in a view's name reaches the terminal.
"""

from collections.abc import Iterable
from io import StringIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.report import Report
from harness.core.text import defuse, shorten
from harness.core.verdict import Status
from harness.report.render import console_full, folding
from harness.report.render import number_format as fmt
from harness.report.render.console_full import NAME_LIMIT, STYLES, WHY_LIMIT
from harness.report.render.folding import Card
from harness.report.render.headline import COARSE, Kind, headline, sentence, setting, statements
from harness.report.render.overview import SYMBOLS, compared, scenario_failures, status_of, summaries, three_numbers

KIND_STYLES = {Kind.PROVED: "green", Kind.WRONG: "red", Kind.COARSE: "yellow", Kind.UNSEEN: "dim"}
CHECKS_SHOWN = 6
"""More failed checks than this are only counted."""
EVIDENCE_SHOWN = 1
"""Kinds of verdicts that name the cause."""
STATEMENT_LIMIT = 240
SENTENCE_LIMIT = 320


def render(report: Report, *, width: int, color: bool, location: str = "", verbose: bool = False) -> str:
    """Return the report for a terminal `width` columns wide, with ANSI colours or with none.

    `location` says where the written reports lie; `verbose` shows all that they say. Reads no environment variable, so
    NO_COLOR is the caller's affair.
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
        for part in _parts(report, location, verbose=verbose):
            console.print(part)
    return "".join(f"{defuse(line.rstrip())}\n" for line in capture.get().splitlines())


def _parts(report: Report, location: str, *, verbose: bool) -> Iterable[RenderableType]:
    yield _banner(report)
    if card := folding.card(report):
        yield from ("", _card(card))
    yield from _statements(report)
    yield from _numbers(report)
    if advice := setting(report):
        yield from ("", Text.assemble(("Buckets that would do  ", "bold"), shorten(advice, WHY_LIMIT)))
    if verbose:
        yield from console_full.parts(report)
    else:
        yield from console_full.effects(report)
        yield from _failed(report)
    if location:
        more = "" if verbose else f"  {fmt.UNKNOWN} everything here with -v"
        yield from ("", Text.assemble(("Reports: ", "bold"), shorten(location, WHY_LIMIT), (more, "dim")))


def _banner(report: Report) -> Text:
    status = status_of(report)
    text = headline(report)
    style = "bold yellow" if text == COARSE else f"bold {STYLES[status]}"
    facts = [
        f"run {shorten(report.run_id, NAME_LIMIT)}" if report.run_id else "",
        f"profile {shorten(report.profile, NAME_LIMIT)}" if report.profile else "",
        f"variants {shorten(', '.join(report.variants), NAME_LIMIT)}" if report.variants else "",
        f"fault injected on purpose: {shorten(report.fault, NAME_LIMIT)}" if report.fault else "",
        *_amounts(report),
        fmt.rules(report.rules, report.rule_scale),
    ]
    return Text.assemble(
        (f"{SYMBOLS[status]} {status.upper()}  {text}", style),
        f" {fmt.UNKNOWN} {sentence(report)}\n",
        (" · ".join(fact for fact in facts if fact), "dim"),
    )


def _amounts(report: Report) -> tuple[str, ...]:
    """How much was seen. A gate has neither users nor a window of its own, panels alone have no load."""
    requests, window = fmt.quantity(report.samples, "requests"), f"window {fmt.number(report.window_s, 's')}"
    if report.gate:
        return shorten(compared(report), NAME_LIMIT), requests
    users = fmt.quantity(report.users, "users") if report.users else ""
    return (requests, users, window) if report.scenario else (window,)


def _statements(report: Report) -> Iterable[RenderableType]:
    """What is proved, wrong, too coarse and not seen, each with its share."""
    found = statements(report)
    if not found:
        return
    grid = _grid(2)
    for each in found:
        quiet = each.kind is Kind.WRONG and status_of(report) is not Status.FAIL
        style = "dim" if quiet else KIND_STYLES[each.kind]
        said = Text.assemble((shorten(each.share, NAME_LIMIT), "bold"), f": {each.text}" if each.text else "")
        said.truncate(STATEMENT_LIMIT, overflow="ellipsis")
        grid.add_row(Text(each.kind, style=style), said)
    yield from ("", grid)


def _numbers(report: Report) -> Iterable[RenderableType]:
    """Rate, errors and p95 over all views: what users saw, what Prometheus says, what the panel shows."""
    rows = three_numbers(report)
    if not rows:
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    for _ in range(5):
        table.add_column(justify="right", no_wrap=True)
    table.add_row(
        "", *(Text(name, style="dim") for name in ("users saw", "app measured", "Prometheus", "panel", "off"))
    )
    for row in rows:
        table.add_row(
            Text(row.label),
            *(Text(fmt.number(value, row.unit)) for value in (row.client, row.witness, row.metric, row.panel)),
            Text(fmt.difference(row.shown, row.truth, row.unit), style="dim"),
        )
    yield from ("", table)
    if report.failed_requests:
        yield Text(scenario_failures(report), style="dim")


def _card(card: Card) -> Table:
    """The likely cause or the reason, the verdicts that name it, and how many follow from it."""
    grid = _grid(2)
    if card.cause:
        named = Text.assemble((shorten(card.cause.id, NAME_LIMIT), "bold"), f": {shorten(card.cause.text, WHY_LIMIT)}")
        grid.add_row(Text(card.title, style="bold"), _cut(named))
    elif card.is_unexplained:
        grid.add_row(Text(card.title, style="bold"), Text("none that is known leaves these signs"))
    for kind in card.evidence[:EVIDENCE_SHOWN]:
        verdict = kind.first
        more = f" (and {len(kind.verdicts) - 1} more)" if len(kind.verdicts) > 1 else ""
        subject = f" {shorten(verdict.subject, NAME_LIMIT)}" if verdict.subject else ""
        said = f"{SYMBOLS[verdict.status]} {shorten(verdict.check, NAME_LIMIT)}{subject}{more}: {verdict.why}"
        grid.add_row(Text("evidence", style="dim"), _cut(Text(shorten(said, WHY_LIMIT))))
    if card.consequences:
        following = f"{fmt.quantity(card.following, 'more verdicts')}: {folding.counts(card.consequences)}"
        grid.add_row(Text("with it", style="dim"), _cut(Text(shorten(following, WHY_LIMIT))))
    if card.cause:
        grid.add_row(Text("more", style="dim"), Text(f"harness explain {shorten(card.cause.id, NAME_LIMIT)}"))
    return grid


def _failed(report: Report) -> Iterable[RenderableType]:
    """One line for each check that failed, or of a run without a failure could not be judged."""
    status = status_of(report)
    checks = [check for check in summaries(report) if check.status is status]
    if status is Status.PASS or not checks:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True, show_header=False)
    table.add_column(max_width=26, no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for check in checks[:CHECKS_SHOWN]:
        name = Text(f"{SYMBOLS[status]} {shorten(check.id, NAME_LIMIT)}", style=STYLES[status])
        number = f"{len(check.of(status)):,} of {len(check.verdicts):,}"
        table.add_row(name, Text(number), Text(shorten(check.why, WHY_LIMIT)))
    yield from ("", table)
    if len(checks) > CHECKS_SHOWN:
        yield Text(f"… and {len(checks) - CHECKS_SHOWN} more checks", style="dim")


def _cut(text: Text) -> Text:
    """At most `SENTENCE_LIMIT` characters: the written reports have the whole."""
    text.truncate(SENTENCE_LIMIT, overflow="ellipsis")
    return text


def _grid(columns: int) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    for _ in range(columns - 1):
        grid.add_column(overflow="fold")
    return grid
