"""Two runs side by side, for a terminal and as Markdown: what changed first, all of it where it is asked for."""

from collections.abc import Iterable, Sequence

from harness.core.text import shorten
from harness.report.comparison import Change, Comparison
from harness.report.render import number_format as fmt
from harness.report.render.headline import headline
from harness.report.render.markdown import code, escape, table
from harness.report.render.overview import STATUS_NAMES, status_of

HEAD = ("view", "number", "account", "before", "after", "change")
NAME_LIMIT, WIDEST = 120, 48


def render_console(comparison: Comparison, *, everything: bool) -> str:
    """Lines for a terminal: both verdicts, what else differs, and the numbers that changed, or all."""
    rows = [_cells(change) for change in _shown(comparison, everything=everything)]
    lines = [
        *_verdicts(comparison),
        *(f"{name}: {old or '-'} -> {new or '-'}" for name, old, new in comparison.facts),
        "",
    ]
    if rows:
        widths = [max(len(row[place]) for row in (HEAD, *rows)) for place in range(len(HEAD))]
        lines += [_line(row, widths) for row in (HEAD, *rows)]
        lines.append("")
    lines.append(_count(comparison))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def render_markdown(comparison: Comparison, *, everything: bool) -> str:
    """The same as GitHub flavoured Markdown."""
    blocks = ["### Two runs", "\n".join(f"- {escape(line)}" for line in _verdicts(comparison))]
    if comparison.facts:
        facts = [(escape(name), code(old), code(new)) for name, old, new in comparison.facts]
        blocks.append(table(("differs", "before", "after"), facts))
    rows = [_cells(change) for change in _shown(comparison, everything=everything)]
    if rows:
        blocks.append(table(HEAD, [(code(row[0]), *map(escape, row[1:])) for row in rows]))
    return "\n\n".join([*blocks, escape(_count(comparison))]) + "\n"


def _shown(comparison: Comparison, *, everything: bool) -> Iterable[Change]:
    return (change for change in comparison.changes if everything or change.marked)


def _cells(change: Change) -> tuple[str, ...]:
    return (
        shorten(f"{change.view} {change.method}".strip() or "all views", WIDEST),
        change.number.removesuffix("_s").replace("error_ratio", "5xx of the server"),
        change.account,
        fmt.number(change.before, change.unit),
        fmt.number(change.after, change.unit),
        fmt.difference(change.after, change.before, change.unit),
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Texts to the left, numbers to the right."""
    return "  ".join(
        cell.ljust(width) if place < 3 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )


def _verdicts(comparison: Comparison) -> list[str]:
    return [
        f"{name} {shorten(report.run_id, NAME_LIMIT)}, {fmt.moment(report.started_s)}: "
        f"{STATUS_NAMES[status_of(report)]}, {headline(report)}"
        for name, report in (("before", comparison.before), ("after ", comparison.after))
    ]


def _count(comparison: Comparison) -> str:
    marked = sum(change.marked for change in comparison.changes)
    return (
        f"{marked} of {fmt.quantity(len(comparison.changes), 'numbers')} changed by more than 10 %, of an error ratio "
        "by half a point: a hint, no proof; `harness gate` tells a change from chance"
    )
