"""summary.md: GitHub flavoured Markdown, fit for a CI job summary.

Names from outside stand in `<code>` with character references, not in backticks: a reference is never read as Markdown,
so pipes, backticks, `<tags>`, mentions and `:emoji:` all show literally, also inside a table cell.
https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references
"""

import re
from collections.abc import Iterable, Sequence

from harness.core.report import NotProved, Report, ViewReport
from harness.core.text import shorten
from harness.core.verdict import Finding, Verdict
from harness.report.render import number_format as fmt
from harness.report.render.effects import HEAD, effect_rows
from harness.report.render.overview import (
    STATUS_NAMES,
    SYMBOLS,
    CheckSummary,
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

ICONS = {"✓": "✅", "✗": "❌", "?": "⚠️"}
NAME_LIMIT = 200
WHY_LIMIT = 1000
ACCOUNTS = ("client", "witness", "metric", "panel")
_SPECIAL = re.compile(r"[&<>|`*_\[\]~\\$#@\"']|:(?=//)|(?<=[Ww]{3})\.|(?<=mailto):|(?<=xmpp):")
"""The last ones begin links that need no brackets (https://github.github.com/gfm/#autolinks-extension-)."""


def render(report: Report) -> str:
    """Return the summary: verdict line, checks, what did not pass, what is not proved, findings, figures."""
    status = status_of(report)
    blocks = [
        f"## {ICONS[SYMBOLS[status]]} {headline(report)}",
        sentence(report),
        _facts(report),
        *(f"**Likely cause:** {code(cause.id)}: {escape(cause.text)}" for cause in report.causes[:1]),
        *_checks(summaries(report)),
        *_verdicts(unsettled(report)),
        *_not_proved(report),
        *_findings(report.findings),
        *_views(report.views),
        *_effects(report),
    ]
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Return `text` so that Markdown and HTML show it literally, on one line."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", shorten(text, WHY_LIMIT))


def code(text: str) -> str:
    """Return a name literally and in monospace; a dash when it is empty."""
    return f"<code>{escape(shorten(text, NAME_LIMIT))}</code>" if text else fmt.UNKNOWN


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
    return (
        f"{fault}Run {code(report.run_id)} · profile {code(report.profile)}{variants} · "
        f"scenario {code(report.scenario)} · target {code(report.target)} · "
        f"Prometheus {code(report.prometheus_version)} · {fmt.quantity(report.samples, 'requests')} · "
        f"{fmt.quantity(report.users, 'users')} · window {fmt.number(report.window_s, 's')} · "
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


def _verdicts(verdicts: Sequence[Verdict]) -> list[str]:
    if not verdicts:
        return []
    return ["### What did not pass", "\n".join(_verdict(verdict) for verdict in verdicts)]


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
    if not findings:
        return []
    lines = [
        f"- **{escape(each.code)}** {code(each.subject)} ({escape(each.check)}): {escape(each.text)}"
        for each in findings
    ]
    return ["### Findings", "\n".join(lines)]


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
