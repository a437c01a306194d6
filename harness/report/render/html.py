"""report.html: one self-contained page that works offline, in light and dark, on paper and on a phone.

The page has no script and loads nothing, and its Content-Security-Policy says so to the browser as well. Every value
passes `shorten` (which cleans it) and autoescape on its way into the template, so no template can forget it.
"""

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.core.report import Report
from harness.core.text import shorten
from harness.core.verdict import Status
from harness.report.render import effects, headline, overview, plots, svg
from harness.report.render import number_format as fmt

NAME_LIMIT, TEXT_LIMIT = 300, 2000
"""Longest name and longest sentence shown in full; report.json has the whole of it."""
EXPLAINED = {
    "client": "what the load generator measured, so what users saw",
    "witness": "the app's own time for each request",
    "metric": "exact counts from Prometheus over the window",
    "panel": "what a dashboard shows, with rate()",
}


def render(report: Report) -> str:
    """Return the page as HTML 5 text."""
    checks = overview.summaries(report)
    status = overview.status_of(report)
    return page(
        "report.html.j2",
        report=report,
        status=status,
        headline=headline.headline(report),
        sentence=headline.sentence(report),
        checks=checks,
        unsettled=[check for check in checks if check.status is not Status.PASS],
        settled=[check for check in checks if check.status is Status.PASS],
        views=[(overview.name_of(view), overview.figure_rows(view)) for view in report.views],
        accounts=EXPLAINED,
        left_open=overview.open_by_limitation(report),
        limits=overview.limits_of_laws(report),
        effects=effects.effect_rows(report),
        effect_head=effects.HEAD,
        compared=overview.compared(report),
        rates=plots.rate_plots(report),
        latencies=plots.latency_plots(report),
    )


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
        "symbols": overview.SYMBOLS,
        "status_names": overview.STATUS_NAMES,
        "number": fmt.number,
        "quantity": fmt.quantity,
        "amount": overview.amount,
        "apart": fmt.apart,
        "tolerance": fmt.tolerance,
        "difference": fmt.difference,
        "emphasis": fmt.emphasis,
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
