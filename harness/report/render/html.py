"""report.html: one self-contained page that works offline, in light and dark, on paper and on a phone.

The page loads nothing, and its Content-Security-Policy says so to the browser as well: only its own scripts run, known
by their digest. Without them tables, details and still charts remain. Every value passes `shorten` (which cleans it)
and autoescape on its way into the template, so no template can forget it.
"""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.core.report import Report
from harness.core.text import clean, shorten
from harness.core.verdict import Status
from harness.report import explain
from harness.report.render import effects, folding, headline, overview, plots, report_script, svg, view_table
from harness.report.render import number_format as fmt
from harness.report.render.boards import boards

NAME_LIMIT, TEXT_LIMIT = 300, 2000
"""Longest name and longest sentence shown in full; report.json has the whole of it."""
ROWS_SHOWN = 200
"""Views with a detail of their own; the page's script adds the rows of the others."""
LINES_SHOWN, PASSED_SHOWN, ALIKE_SHOWN, EVIDENCE_SHOWN = 60, 12, 20, 2
"""Verdicts of one check or board, those that passed, subjects of one sentence, kinds of evidence above the fold."""
CHECKS_EXPLAINED = 3
"""Failed checks whose page the report carries."""
MARKS: Mapping[str, str] = {
    Status.FAIL: "✗ wrong",
    Status.INCONCLUSIVE: "? not judged",
    view_table.COARSE: "≈ too coarse",
    Status.PASS: "✓ proved",
    view_table.NONE: f"{fmt.UNKNOWN} nothing to judge",
}
"""What an outcome is called; the colour never says it alone."""


def render(report: Report) -> str:
    """Return the page as HTML 5 text."""
    said, status, card = headline.headline(report), overview.status_of(report), folding.card(report)
    rows, charts = view_table.rows(report), plots.time_charts(report)
    checks = sorted(overview.summaries(report), key=lambda check: check.status is Status.PASS)
    return page(
        "report.html.j2",
        report=report,
        status=status,
        headline=said,
        tint=view_table.COARSE if said == headline.COARSE else status,
        sentence=headline.sentence(report),
        statements=headline.statements(report),
        setting=headline.setting(report),
        idle=headline.idle(report),
        card=card,
        following=card.following + sum(len(kind.verdicts) for kind in card.evidence[EVIDENCE_SHOWN:]) if card else 0,
        with_it=folding.counts((*card.evidence[EVIDENCE_SHOWN:], *card.consequences)) if card else "",
        undecided=folding.undecided(report),
        tiles=view_table.tiles(report),
        failures=overview.scenario_failures(report) if report.failed_requests else "",
        rows=rows,
        plots=[plots.latency_plot(row.view, f"latency-{index}") for index, row in enumerate(rows[:ROWS_SHOWN])],
        columns=view_table.COLUMNS,
        short=view_table.SHORT,
        marks=MARKS,
        checks=checks,
        boards=boards(report),
        findings=folding.kinds(report.findings),
        left_open=overview.open_by_limitation(report),
        limits=overview.limits_of_laws(report),
        explained=[(name, f"explain-{name}", escape(text)) for name, text in _explained(report, card)],
        effects=effects.effect_rows(report),
        effect_head=effects.HEAD,
        compared=overview.compared(report),
        charts=[(chart.title, chart.wide, chart.narrow) for chart in charts],
        rows_shown=ROWS_SHOWN,
        lines_shown=LINES_SHOWN,
        passed_shown=PASSED_SHOWN,
        alike_shown=ALIKE_SHOWN,
        evidence_shown=EVIDENCE_SHOWN,
        data=report_script.embedded(_data(rows[ROWS_SHOWN:], charts)),
        scripts=report_script.scripts(),
        policy=report_script.policy(),
        chart_style=report_script.chart_style(),
    )


def _explained(report: Report, card: folding.Card | None) -> list[tuple[str, str]]:
    """What `harness explain` says of the cause, and of the first checks that failed."""
    if card is None:
        return []
    checks = [check.id for check in overview.summaries(report) if check.status is card.status]
    names = [*([card.cause.id] if card.cause else []), *checks[:CHECKS_EXPLAINED]]
    return [(name, text) for name in dict.fromkeys(names) if (text := explain.explain(name))]


def _data(rows: tuple[view_table.ViewRow, ...], charts: tuple[plots.TimeChart, ...]) -> dict[str, object]:
    """What the page's script draws: the chart's points, and the rows that the page does not hold as HTML."""
    return {
        "time": charts[0].elapsed_s if charts else (),
        "charts": [
            {"title": chart.title, "unit": chart.unit, "client": chart.client, "metric": chart.metric}
            for chart in charts
        ],
        "rows": [
            (
                row.outcome,
                shorten(row.name, NAME_LIMIT),
                [(cell.text, cell.off, cell.outcome, cell.key, clean(cell.title)) for cell in row.cells],
            )
            for row in rows
        ],
    }


def page(template: str, **values: object) -> str:
    """Return one of the templates filled with values; each is escaped and cut to a bearable length."""
    return _environment().get_template(template).render(**values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.report.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["name"] = _name
    environment.globals |= {
        "PASS": Status.PASS,
        "FAIL": Status.FAIL,
        "symbols": overview.SYMBOLS,
        "status_names": overview.STATUS_NAMES,
        "figures": overview.figure_rows,
        "number": fmt.number,
        "quantity": fmt.quantity,
        "amount": overview.amount,
        "apart": fmt.apart,
        "tolerance": fmt.tolerance,
        "difference": fmt.difference,
        "moment": fmt.moment,
        "rules": fmt.rules,
        "swatch": svg.swatch,
    }
    return environment


def _name(text: str, limit: int = NAME_LIMIT) -> Markup:
    """A name from outside: monospace, cut to a bearable length, and its writing direction kept to itself."""
    return Markup('<bdi class="name">{}</bdi>').format(shorten(text, limit))


def _finalize(value: object) -> object:
    return shorten(value, TEXT_LIMIT) if isinstance(value, str) and not isinstance(value, Markup) else value
