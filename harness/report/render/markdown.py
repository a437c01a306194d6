"""summary.md: GitHub flavoured Markdown, fit for a CI job summary.

Names from outside stand in `<code>` with character references, not in backticks: a reference is never read as Markdown,
so pipes, backticks, `<tags>`, mentions and `:emoji:` all show literally, also inside a table cell.
https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from harness.core.report import NotProved, Report, ViewReport
from harness.core.text import shorten
from harness.core.verdict import Finding, Verdict
from harness.report.render import folding
from harness.report.render import number_format as fmt
from harness.report.render.effects import HEAD, effect_rows
from harness.report.render.headline import headline, sentence, setting, statements
from harness.report.render.overview import (
    STATUS_NAMES,
    SYMBOLS,
    CheckSummary,
    FigureRow,
    amount,
    compared,
    figure_rows,
    limits_of_laws,
    name_of,
    open_by_limitation,
    scenario_failures,
    status_of,
    summaries,
    three_numbers,
)

ICONS = {"✓": "✅", "✗": "❌", "?": "⚠️"}
NAME_LIMIT = 200
WHY_LIMIT = 1000
MOST_BYTES = 1_000_000
"""GitHub drops a step's summary above 1 MiB; what does not fit is left to report.html, and that is said."""
SHOWN_OF_KIND = 5
"""Verdicts or subjects of one kind that are named; the others are counted."""
ACCOUNTS = ("client", "witness", "metric", "panel")
_SPECIAL = re.compile(r"[&<>|`*_\[\]~\\$#@\"']|:(?=//)|(?<=[Ww]{3})\.|(?<=mailto):|(?<=xmpp):")
"""The last ones begin links that need no brackets (https://github.github.com/gfm/#autolinks-extension-)."""


def render(report: Report) -> str:
    """Return the summary, at most `MOST_BYTES` long: what comes first is what a reader needs first."""
    text, left = "", 0
    for block in _blocks(report):
        if left or len((text + block).encode()) > MOST_BYTES:
            left += 1
        else:
            text += f"{block}\n\n"
    if left:
        text += f"{fmt.quantity(left, 'more sections')} did not fit: report.html has all of it.\n\n"
    return text.removesuffix("\n")


def _blocks(report: Report) -> Iterator[str]:
    """Verdict, what is proved, three numbers, the cause, then the rest folded. No block is cut in two."""
    yield f"## {ICONS[SYMBOLS[status_of(report)]]} {headline(report)}"
    yield sentence(report)
    if found := statements(report):
        rows = [(f"**{each.kind}**", escape(each.share), escape(each.text)) for each in found]
        yield table(("", "How much", "What"), rows)
    if advice := setting(report):
        yield f"Buckets that would do: {code(advice, WHY_LIMIT)}"
    if numbers := three_numbers(report):
        figures = [(row.label, *(_cell(row, account) for account in ACCOUNTS)) for row in numbers]
        yield table(("all views", "users saw", "app measured", "Prometheus", "panel"), figures)
    if report.failed_requests:
        yield escape(scenario_failures(report).capitalize() + ".")
    yield from _card(report)
    yield _facts(report)
    yield from _checks(summaries(report))
    yield from _undecided(report)
    yield from _not_proved(report)
    yield from _findings(report.findings)
    yield from _views(report.views)
    yield from _effects(report)


def _card(report: Report) -> Iterator[str]:
    """The likely cause with its evidence; what follows from it is folded."""
    card = folding.card(report)
    if card is None:
        return
    if card.cause:
        yield f"**{card.title}:** {code(card.cause.id)}: {escape(card.cause.text)}"
    yield "### What names it" if card.cause else "### What did not pass"
    yield "\n".join(_verdict_kind(kind) for kind in card.evidence)
    if card.consequences:
        yield f"<details><summary>{fmt.quantity(card.following, 'more verdicts')} with it</summary>"
        yield "\n".join(_verdict_kind(kind) for kind in card.consequences)
        yield "</details>"
    if card.others:
        yield "Less likely: " + "; ".join(f"{code(each.id)}: {escape(each.text)}" for each in card.others)


def _undecided(report: Report) -> Iterator[str]:
    if found := folding.undecided(report):
        number = sum(len(each.verdicts) for each in found)
        yield f"<details><summary>{fmt.quantity(number, 'verdicts')} could not be judged</summary>"
        yield "\n".join(_verdict_kind(kind) for kind in found)
        yield "</details>"


def _verdict_kind(kind: folding.VerdictKind) -> str:
    """The first verdict of a kind in full, and the subjects of the others."""
    others = [code(each.subject) for each in kind.verdicts[1 : 1 + SHOWN_OF_KIND]]
    more = len(kind.verdicts) - 1 - len(others)
    alike = f"<br>likewise {', '.join(others)}" + (f" and {more} more" if more else "") if others else ""
    return f"{_verdict(kind.first)}{alike}"


def escape(text: str) -> str:
    """Return `text` so that Markdown and HTML show it literally, on one line."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", shorten(text, WHY_LIMIT))


def code(text: str, limit: int = NAME_LIMIT) -> str:
    """Return a name literally and in monospace; a dash when it is empty."""
    return f"<code>{escape(shorten(text, limit))}</code>" if text else fmt.UNKNOWN


def _facts(report: Report) -> str:
    fault = f"**Fault injected on purpose:** {code(report.fault)} · " if report.fault else ""
    variants = f" · variants {code(', '.join(report.variants))}" if report.variants else ""
    if report.gate:
        return (
            f"Gate {code(report.run_id)}, {escape(compared(report))} · profile {code(report.profile)} · "
            f"scenario {code(report.scenario)} · {fmt.quantity(report.samples, 'requests')} · "
            f"{fmt.moment(report.started_s)}"
        )
    rules = fmt.rules(report.rules, report.rule_scale)
    users = f"{fmt.quantity(report.users, 'users')} · " if report.users else ""
    return (
        f"{fault}Run {code(report.run_id)} · profile {code(report.profile)}{variants} · "
        f"scenario {code(report.scenario)} · target {code(report.target)} · "
        f"Prometheus {code(report.prometheus_version)} · {fmt.quantity(report.samples, 'requests')} · "
        f"{users}window {fmt.number(report.window_s, 's')} · "
        f"{rules + ' · ' if rules else ''}"
        f"{fmt.moment(report.started_s)}"
    )


def _checks(checks: Sequence[CheckSummary]) -> list[str]:
    if not checks:
        return []
    rows = [
        (
            f"{ICONS[SYMBOLS[check.status]]} {STATUS_NAMES[check.status]}",
            code(check.id),
            escape(check.counts),
            escape(check.why),
        )
        for check in checks
    ]
    return ["### Checks", table(("Status", "Check", "Verdicts", "Why"), rows)]


def _verdict(verdict: Verdict) -> str:
    expected, observed = fmt.apart(verdict.expected, verdict.observed, verdict.unit)
    basis = f" ({escape(verdict.tolerance.basis)})" if verdict.tolerance else ""
    subject = f" {code(verdict.subject)}" if verdict.subject else ""
    numbers = (
        f"expected **{escape(expected)}**, observed **{escape(observed)}**, "
        f"tolerance {fmt.tolerance(verdict.tolerance, verdict.unit)}{basis}, "
    )
    known = verdict.expected is not None or verdict.observed is not None
    return (
        f"- {ICONS[SYMBOLS[verdict.status]]} **{escape(verdict.check)}**{subject} {STATUS_NAMES[verdict.status]}: "
        f"{escape(verdict.why)}<br>{numbers if known else ''}strength {escape(verdict.strength)}"
    )


def _not_proved(report: Report) -> list[str]:
    """What applies to this run as a table; what no run shows is folded."""
    rows = [
        (escape(name), code(each.id), escape(amount(each.number, each.total, each.unit)), escape(_what(each)))
        for name, entries in open_by_limitation(report)
        for each in entries
    ]
    limits = limits_of_laws(report)
    if not rows and not limits:
        return []
    blocks = ["### Not proved"]
    if rows:
        blocks.append(table(("", "Limit", "How much", "What cannot be seen"), rows))
    if limits:
        blocks += [f"<details><summary>{fmt.quantity(len(limits), 'limits')} of the laws, in every run</summary>"]
        blocks += ["\n".join(f"- {code(each.id)}: {escape(_what(each))}" for each in limits), "</details>"]
    return blocks


def _what(entry: NotProved) -> str:
    return f"{entry.what}; why: {entry.why}"


def _findings(findings: Sequence[Finding]) -> list[str]:
    """Each kind once; those that say that nothing happened which could be shown are folded."""
    found = folding.kinds(findings)
    if not found:
        return []
    blocks = ["### Findings"]
    if shown := [_finding(kind) for kind in found if not kind.shows_nothing]:
        blocks.append("\n".join(shown))
    if hidden := [kind for kind in found if kind.shows_nothing]:
        number = sum(len(kind.findings) for kind in hidden)
        blocks.append(f"<details><summary>{fmt.quantity(number, 'findings')} of what showed nothing</summary>")
        blocks += ["\n".join(_finding(kind) for kind in hidden), "</details>"]
    return blocks


def _finding(kind: folding.FindingKind) -> str:
    lines = []
    for text, subjects in kind.sentences:
        shown = ", ".join(code(each) for each in subjects[:SHOWN_OF_KIND])
        more = f" and {len(subjects) - SHOWN_OF_KIND} more" if len(subjects) > SHOWN_OF_KIND else ""
        lines.append(f"{escape(text)}{f' ({shown}{more})' if shown else ''}")
    number = f", {len(kind.findings)} times" if len(kind.findings) > 1 else ""
    return f"- **{escape(kind.code)}**{number} ({escape(kind.check)}): {'<br>'.join(lines[:SHOWN_OF_KIND])}" + (
        f"<br>and {len(lines) - SHOWN_OF_KIND} more" if len(lines) > SHOWN_OF_KIND else ""
    )


def _views(views: Sequence[ViewReport]) -> list[str]:
    """The first view open (it is the row over all), the others folded."""
    if not views:
        return []
    blocks = ["### Client beside metric", _view(views[0])]
    if len(views) > 1:
        blocks += [f"<details><summary>{fmt.quantity(len(views) - 1, 'more views')}</summary>"]
        blocks += [block for view in views[1:] for block in (f"#### {code(name_of(view))}", _view(view))]
        blocks += ["</details>"]
    return blocks


def _effects(report: Report) -> list[str]:
    rows = effect_rows(report)
    if not rows:
        return []
    head = ("", *HEAD)
    cells = [(ICONS[SYMBOLS[row.status]], code(row.subject), *map(escape, row.cells[1:])) for row in rows]
    return ["### Base beside candidate", table(head, cells)]


def _view(view: ViewReport) -> str:
    rows = figure_rows(view)
    accounts = [(account, *(_cell(row, account) for row in rows)) for account in ACCOUNTS]
    return table((code(name_of(view)), *(row.label for row in rows)), accounts)


def _cell(row: FigureRow, account: str) -> str:
    match account:
        case "client":
            return fmt.number(row.client, row.unit)
        case "witness":
            return fmt.number(row.witness, row.unit)
        case "metric":
            return _beside(row.metric, row)
        case _:
            return _beside(row.panel, row)


def _beside(value: float | None, row: FigureRow) -> str:
    difference = fmt.difference(value, row.truth, row.unit)
    return f"{fmt.number(value, row.unit)}{f' ({difference})' if difference else ''}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
