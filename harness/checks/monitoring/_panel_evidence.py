"""What is asked about the panels of dashboards, and the answers as values."""

from dataclasses import dataclass, replace
from typing import Any

from harness import promql
from harness.checks.base import Facts
from harness.checks.monitoring import _rule_evidence
from harness.core.codes import Code
from harness.core.panel import Panel
from harness.core.query import NoData, NoSeries, Query, Reading, Series
from harness.core.run import Run
from harness.evidence import prometheus_evidence
from harness.instrumentation import registry
from harness.monitoring.dashboards.panel_samples import Memo, PanelSamples
from harness.promql import LOOKBACK_S, Samples, syntax, vectors
from harness.promql.own_series import UP
from harness.promql.syntax import Selection
from harness.promql.vectors import Vector

MOST_VALUES = 8
"""Values of a label that a message lists."""


@dataclass(frozen=True, slots=True)
class ParsedPanel:
    """One panel whose expression could be read."""

    panel: Panel
    tree: Any
    selections: tuple[Selection, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that it names."""
        return tuple(item.metric for item in self.selections)

    @property
    def subject(self) -> str:
        """How the panel is called in verdicts."""
        return subject_of(self.panel)


def subject_of(panel: Panel) -> str:
    """How a panel is called in verdicts."""
    return " / ".join(filter(None, (panel.dashboard, panel.title, panel.ref)))


def read(panel: Panel) -> ParsedPanel:
    """The panel's expression as a tree. Raises ValueError when it is not PromQL, UnsupportedError when not covered."""
    tree = syntax.parse(panel.expression)
    return ParsedPanel(panel, tree, tuple(dict.fromkeys(syntax.selections(tree))))


def queries_of(run: Run, asked: ParsedPanel) -> tuple[Query, ...]:
    """The panel's own query at t1, and the raw samples of each metric in it."""
    return (_shown_query(run, asked.panel), *raw_queries(run, asked))


def raw_queries(run: Run, asked: ParsedPanel) -> tuple[Query, ...]:
    """The raw samples of each metric in a panel, and when records were evaluated."""
    metrics = (UP, registry.of(run).responses_by_view, *asked.metrics)
    recorded = (_rule_evidence.evaluations_query(run),) if run.rules else ()
    return (*recorded, *(_raw(run, metric, _longest_s(run, asked)) for metric in metrics))


def names_query(run: Run) -> Query:
    """The names that the target exports."""
    return Query(f"count by (__name__) ({promql.selector('', run.selector)})", run.window.end_s)


def names(facts: Facts, query: Query) -> frozenset[str] | NoData:
    """The names in the answer to `names_query` or `elsewhere_query`."""
    reading = facts.evidence.read(query)
    if isinstance(reading, NoData):
        return frozenset() if isinstance(reading, NoSeries) else reading
    return frozenset(each.labels.get("__name__", "") for each in reading.series)


def elsewhere_query(run: Run, metrics: tuple[str, ...]) -> Query:
    """Which of the metrics, at least one, the server has at all, of whatever target."""
    pattern = promql.label_value("|".join(sorted(set(metrics))))
    return Query(f"count by (__name__) ({{__name__=~{pattern}}})", run.window.end_s)


def shown(facts: Facts, asked: ParsedPanel) -> Vector | NoData:
    """What Prometheus shows, by labels; empty when it has nothing to show."""
    reading = facts.evidence.read(_shown_query(facts.run, asked.panel))
    if isinstance(reading, NoData):
        return {} if isinstance(reading, NoSeries) else reading
    return {vectors.labels_of(each.labels, named=True): each.last for each in reading.series}


def samples(facts: Facts, asked: ParsedPanel, memo: Memo) -> PanelSamples | NoData:
    """The raw samples that the panel is made from; `memo` is shared by the panels of the same facts."""
    run, range_s = facts.run, _longest_s(facts.run, asked)
    answered, traffic = facts.names.responses_by_view, facts.names.traffic
    series: dict[str, tuple[Series, ...]] = {}
    for metric in (UP, answered, *asked.metrics):
        reading = facts.evidence.read(_raw(run, metric, range_s))
        if isinstance(reading, NoData) and not isinstance(reading, NoSeries):
            return reading
        series[metric] = reading.series if isinstance(reading, Reading) else ()
    scrapes: dict[str, tuple[float, ...]] = {}
    known = prometheus_evidence.targets(run, facts.evidence)
    for up in series[UP]:
        scrapes[known.name(up.labels)] = tuple(at for at, value in up.points if value == 1)
    if not scrapes:
        return NoData("no scrape of the target is known", Code.NO_SCRAPE)
    try:
        dialect = promql.Dialect.of(run.dialect_of)
    except ValueError as error:
        return NoData(str(error), Code.UNKNOWN_VERSION)
    views = facts.background
    return PanelSamples(
        series=series,
        at_s=run.window.end_s,
        dialect=dialect,
        updates=scrapes,
        source=lambda each: known.name(each.labels),
        recordings=_rule_evidence.by_record(facts),
        traffic=traffic,
        background=tuple(each for each in series[answered] if each.labels.get(traffic.view) in views),
        background_views=views,
        memo=memo,
    )


def unmatched(asked: ParsedPanel, samples: Samples) -> str:
    """Why the first selector that no series matches has none; empty when all have some."""
    for selection in asked.selections:
        series = samples.series.get(selection.metric, ())
        if any(selection.matches(each.labels) for each in series):
            continue
        for matcher in selection.matchers:
            values = sorted({each.labels.get(matcher.label, "") for each in series})
            if not any(map(matcher.accepts, values)):
                found = ", ".join(map(repr, values[:MOST_VALUES])) + (", ..." if len(values) > MOST_VALUES else "")
                return f"no series of {selection.metric} matches {matcher}; {matcher.label} is {found}"
        return f"no series of {selection.metric} matches {', '.join(map(str, selection.matchers))} together"
    return ""


def unsampled(asked: ParsedPanel, samples: Samples) -> str:
    """The first selector whose series have no sample in its range, as a reason; empty when all have some."""
    end_s = samples.at_s
    for selection in asked.selections:
        range_s = selection.range_s or LOOKBACK_S
        matched = [each for each in samples.series.get(selection.metric, ()) if selection.matches(each.labels)]
        if not any(end_s - range_s <= at <= end_s for each in matched for at, _ in each.points):
            return f"no series of {selection.metric} has a sample in the last {range_s:g} s of the run"
    return ""


def _shown_query(run: Run, panel: Panel) -> Query:
    return Query(panel.expression, run.window.end_s)


def _raw(run: Run, metric: str, range_s: float) -> Query:
    return replace(prometheus_evidence.raw_query(run, metric), text=promql.raw(metric, run.selector, range_s))


def _longest_s(run: Run, asked: ParsedPanel) -> float:
    """How far back the panel looks, and two scrapes more; at least as far as the other checks."""
    ranges = (selection.range_s or 0.0 for selection in asked.selections)
    return max(*ranges, run.window.length_s, 0.0) + 2 * run.window.scrape_interval_s
