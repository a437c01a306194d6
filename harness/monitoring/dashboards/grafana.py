"""The queries that Grafana sends for dashboards: variables, repeated panels and ad hoc filters filled in.

Sources: https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/ and
https://grafana.com/docs/grafana/latest/panels-visualizations/configure-panel-options/#configure-repeating-panels.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

from harness.core.panel import Panel
from harness.core.run import Window
from harness.monitoring.dashboards import adhoc
from harness.monitoring.dashboards.board import LIBRARY, PROMETHEUS, Dashboard, Filter, Target
from harness.monitoring.dashboards.board_file import parse
from harness.monitoring.dashboards.intervals import RATE_SCRAPES, Steps, read_ms
from harness.monitoring.dashboards.variable_query import Ask
from harness.monitoring.dashboards.variables import REFERENCE, Resolver, Unknown, Values

__all__ = [
    "LIBRARY",
    "RATE_SCRAPES",
    "Asker",
    "Dashboard",
    "Target",
    "labels_of",
    "panels",
    "panels_of",
    "parse",
    "references",
    "unfilled",
]
MOST_COPIES = 50
"""Copies of a repeated panel that are judged."""
_EXACT = re.compile(r'(?<!\w)(\w++)\s*+=\s*+"((?:[^"\\]|\\.)*+)"')


@dataclass(frozen=True, slots=True)
class Asker:
    """What fills the variables of dashboards."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Values for variables of the name of a label: a team's job or instance."""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Values that the user chose for variables; they come first."""
    ask: Ask | None = None
    """Prometheus; None where nobody is to be asked."""


def labels_of(matchers: str) -> dict[str, str]:
    """The labels that PromQL matchers give one value: `job="django"`."""
    return {name: value.replace('\\"', '"').replace("\\\\", "\\") for name, value in _EXACT.findall(matchers)}


def references(dashboard: Dashboard) -> frozenset[str]:
    """Names in its expressions that look like those of variables."""
    found = (match for target in dashboard.targets for match in REFERENCE.finditer(target.expression))
    return frozenset(match[1] or match[2] or match[5] for match in found)


def panels_of(dashboards: Sequence[Dashboard], asker: Asker, window: Window) -> tuple[Panel, ...]:
    """The queries of dashboards over a window."""
    steps = Steps(round(window.length_s * 1000), round(window.scrape_interval_s * 1000), window.end_s)
    return tuple(panel for each in dashboards for panel in panels(each, asker, steps))


def panels(dashboard: Dashboard, asker: Asker, steps: Steps) -> tuple[Panel, ...]:
    """Each query with its variables filled in, a repeated one once for each value; `unknown` says what could not be."""
    if dashboard.problem:
        return (Panel(dashboard.title, "", "", "", problem=dashboard.problem, source=dashboard.source),)
    given = {name: Values((value,)) for name, value in asker.labels.items()}
    for name, values in asker.chosen.items():
        own = dashboard.variables.get(name)
        several = len(values) > 1 or (own is not None and own.several)
        given[name] = Values(tuple(values), several)
    resolver = Resolver(dashboard.variables, given, asker.ask, steps, dashboard.title)
    filters = tuple(each for variable in dashboard.variables.values() for each in variable.filters)
    return tuple(
        panel for target in dashboard.targets for panel in _copies(_Board(dashboard, resolver, filters), target, steps)
    )


@dataclass(frozen=True, slots=True)
class _Board:
    dashboard: Dashboard
    resolver: Resolver
    filters: tuple[Filter, ...]


def _copies(board: _Board, target: Target, steps: Steps) -> Iterator[Panel]:
    """A panel, once for each value of the variables for which it is repeated."""
    source = board.dashboard.source
    plain = Panel(board.dashboard.title, target.panel, target.ref, target.expression, source=source)
    if target.data_source not in (None, PROMETHEUS):
        yield replace(plain, other=target.data_source or "")
        return
    names = [name for name in target.repeats if name in board.dashboard.variables or name in board.resolver.given]
    found = [board.resolver.values(name) for name in names]
    for each in found:
        if isinstance(each, Unknown):
            yield replace(plain, unknown=str(each))
            return
    values = [each.values for each in found if isinstance(each, Values)]
    for own in islice(product(*values), MOST_COPIES):
        yield _panel(board, target, steps, dict(zip(names, own, strict=True)))
    count = _product(map(len, values))
    if count > MOST_COPIES:
        text = f"not checked: it is repeated for {count} values, of which the first {MOST_COPIES} are judged"
        yield replace(plain, unchecked=f"{text}; choose some with --var {names[0]}=VALUE")


def _product(sizes: Iterator[int]) -> int:
    count = 1
    for size in sizes:
        count *= size
    return count


def _panel(board: _Board, target: Target, steps: Steps, own: Mapping[str, str]) -> Panel:
    dashboard, resolver = board.dashboard, board.resolver

    def milliseconds(written: str) -> int:
        filled = resolver.filled(written, steps, own=own)
        return read_ms(filled) if isinstance(filled, str) else 0

    step = replace(
        steps,
        range_ms=milliseconds(target.time_from) or steps.range_ms,
        least_ms=milliseconds(target.least_interval),
        query_ms=milliseconds(target.least_step),
        most_points=target.most_points,
    )
    filled = resolver.filled(target.expression, step, own=own)
    title, caption = (resolver.filled(text, step, own=own) for text in (target.panel, target.caption))
    shown = title if isinstance(title, str) else target.panel
    if own and shown == target.panel:
        shown = f"{shown} ({', '.join(own.values())})"
    unknown = str(filled) if isinstance(filled, Unknown) else ""
    expression = target.expression if isinstance(filled, Unknown) else filled
    if odd := adhoc.unknown_operator(board.filters):
        unknown = unknown or f"the ad hoc filters have the operator {odd!r}, which PromQL does not; remove it"
    elif not unknown:
        expression = adhoc.filtered(expression, board.filters)
    names = (match[1] or match[2] or match[5] for match in REFERENCE.finditer(target.expression))
    return Panel(
        dashboard.title,
        shown,
        target.ref,
        expression,
        presumed=target.data_source is None,
        source=dashboard.source,
        whole_range=not target.time_from and any(name.startswith("__range") for name in names),
        unit=target.unit,
        caption=caption if isinstance(caption, str) else "",
        unknown=unknown,
        transformations=target.transformations,
        step_s=max(step.least_ms, step.query_ms) / 1000,
    )


def unfilled(text: str) -> str:
    """The first name in a filled-in text that looks like a variable's but was not filled in; empty without any."""
    names = (match[1] or match[2] or match[5] for match in REFERENCE.finditer(text))
    return next((name for name in names if not name.isdigit()), "")
