"""What is asked about the panels of dashboards, and the answers as values."""

from dataclasses import dataclass
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
from harness.monitoring.dashboards.panel_samples import PanelSamples, joined
from harness.promql import syntax, times
from harness.promql.own_series import UP
from harness.promql.selected import Memo
from harness.promql.selection import Selection
from harness.promql.vectors import Vector

MOST_SCRAPES = 11_000
"""Scrapes that are fetched of a series for one look of a panel; as many points as Prometheus gives in one curve."""
OLDER = "not checked: the run was made before panels that look at another time were asked about it; run again"


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
    def delay_s(self) -> float:
        """How long after t1 it is asked, so that the latest of what it looks at is t1; below zero for before.

        With `offset 1d` alone it shows the run a day after it.
        """
        return min((each.offset_s for each in self.selections if each.at_s is None), default=0.0)

    @property
    def is_elsewhere(self) -> bool:
        """It looks at another time than the one at which it is asked."""
        return any(each.offset_s or each.pinned for each in self.selections)

    @property
    def subject(self) -> str:
        """How the panel is called in verdicts."""
        return subject_of(self.panel)


@dataclass(frozen=True, slots=True)
class UnreadPanel:
    """One panel whose expression the parser refuses; Prometheus, which may be newer, is asked whether it does."""

    panel: Panel
    why: str
    """What the parser says."""

    def query(self, run: Run) -> Query | None:
        """The expression as it stands; None where it is too long to ask."""
        return Query(self.panel.expression, run.window.end_s) if len(self.panel.expression) <= syntax.LONGEST else None

    def answer(self, facts: Facts) -> Reading | NoData | None:
        """Prometheus's; None where it was not asked."""
        query = self.query(facts.run)
        return facts.evidence.read(query) if query and query in facts.evidence.answers else None


def subject_of(panel: Panel) -> str:
    """How a panel is called in verdicts."""
    return " / ".join(filter(None, (panel.dashboard, panel.title, panel.ref)))


def read(panel: Panel) -> ParsedPanel:
    """The panel's expression as a tree. Raises ValueError when it is not PromQL, UnsupportedError when not covered."""
    tree = syntax.parse(panel.expression)
    return ParsedPanel(panel, tree, tuple(dict.fromkeys(syntax.selections(tree))))


def asked_at_s(run: Run, asked: ParsedPanel) -> float:
    """When the panel is asked: at t1, or as much later or earlier as it looks at t1 then."""
    return run.window.end_s + asked.delay_s


def is_asked(run: Run, asked: ParsedPanel) -> bool:
    """False for a panel that looks at another time, in a run of before these were asked about it."""
    return run.other_times or not asked.is_elsewhere


def queries_of(run: Run, asked: ParsedPanel) -> tuple[Query, ...]:
    """The panel's own query, and the raw samples of each metric in it."""
    if not is_asked(run, asked):
        return ()
    return (_shown_query(run, asked), *raw_queries(run, asked))


def raw_queries(run: Run, asked: ParsedPanel) -> tuple[Query, ...]:
    """The raw samples of each metric in a panel wherever it looks, and when records were evaluated."""
    if not is_asked(run, asked) or _too_far(run, asked):
        return ()
    metrics = dict.fromkeys((UP, registry.of(run).responses_by_view, *asked.metrics))
    recorded = (_rule_evidence.evaluations_query(run),) if run.rules else ()
    return (*recorded, *(query for metric in metrics for query in _raw(run, metric, asked)))


def unread(facts: Facts, asked: ParsedPanel) -> str:
    """Why the panel is not compared: it looks at more than is fetched, or than was in a run of before; else empty."""
    return _too_far(facts.run, asked) if is_asked(facts.run, asked) else OLDER


def _too_far(run: Run, asked: ParsedPanel) -> str:
    """Why the panel is not compared, when it looks at more than is fetched; empty when it does not.

    What the harness started itself holds no more than the run.
    """
    most_s = MOST_SCRAPES * run.window.scrape_interval_s
    longest_s = max(end_s - start_s for start_s, end_s in _stretches(run, asked))
    if run.embedded or longest_s <= max(most_s, run.window.length_s + 2 * run.window.scrape_interval_s):
        return ""
    most = f"at most {MOST_SCRAPES:,} scrapes, {most_s:.6g} s, are read"
    return f"not checked: it looks at {longest_s:.6g} s at once; {most}"


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
    if not is_asked(facts.run, asked):
        return NoData(OLDER, Code.NOT_EVALUATED)
    reading = facts.evidence.read(_shown_query(facts.run, asked))
    if isinstance(reading, NoData):
        return {} if isinstance(reading, NoSeries) else reading
    return {each.sorted_labels(named=True): each.last for each in reading.series}


def samples(facts: Facts, asked: ParsedPanel, memo: Memo) -> PanelSamples | NoData:
    """The raw samples that the panel is made from; `memo` is shared by the panels of the same facts."""
    run = facts.run
    answered, traffic = facts.names.responses_by_view, facts.names.traffic
    series: dict[str, tuple[Series, ...]] = {}
    for metric in (UP, answered, *asked.metrics):
        found = _series(facts, _raw(run, metric, asked), memo)
        if isinstance(found, NoData):
            return found
        series[metric] = found
    scrapes: dict[str, tuple[float, ...]] = {}
    scraped: dict[str, tuple[float, ...]] = {}
    known = prometheus_evidence.targets(run, facts.evidence)
    for up in series[UP]:
        scrapes[known.name(up.labels)] = tuple(at for at, _ in up.points)
        scraped[known.name(up.labels)] = tuple(at for at, value in up.points if value == 1)
    if not scrapes:
        return NoData("no scrape of the target is known", Code.NO_SCRAPE)
    try:
        dialect = promql.Dialect.of(run.dialect_of)
    except ValueError as error:
        return NoData(str(error), Code.UNKNOWN_VERSION)
    views = facts.background
    return PanelSamples(
        series=series,
        at_s=asked_at_s(run, asked),
        until_s=run.window.end_s,
        step_s=run.default_step_s or (times.DEFAULT_STEP_S if run.embedded else None),
        dialect=dialect,
        updates=scrapes,
        scraped=scraped,
        source=lambda each: known.name(each.labels),
        recordings=_rule_evidence.by_record(facts),
        traffic=traffic,
        background=tuple(each for each in series[answered] if each.labels.get(traffic.view) in views),
        background_views=views,
        memo=memo,
    )


def earlier(run: Run, asked: ParsedPanel) -> str:
    """That a panel looks at a time that was over before the run began; empty when it does not."""
    moment_s = asked_at_s(run, asked)
    ago_s = max((run.window.end_s - each.stretch(moment_s)[1] for each in asked.selections), default=0.0)
    if ago_s <= run.window.length_s:
        return ""
    return f"it looks at what was {ago_s:.6g} s before the end of the run, and the run is {run.window.length_s:.3g} s"


def _series(facts: Facts, queries: tuple[Query, ...], memo: Memo) -> tuple[Series, ...] | NoData:
    """The series that answer all the queries; none where Prometheus has none."""
    found: list[tuple[Series, ...]] = []
    for query in queries:
        reading = facts.evidence.read(query)
        if isinstance(reading, NoData) and not isinstance(reading, NoSeries):
            return reading
        found.append(reading.series if isinstance(reading, Reading) else ())
    if len(found) == 1:
        return found[0]
    if queries not in memo.joined:
        memo.joined[queries] = joined(found)
    return memo.joined[queries]


def _shown_query(run: Run, asked: ParsedPanel) -> Query:
    return Query(asked.panel.expression, asked_at_s(run, asked))


def _raw(run: Run, metric: str, asked: ParsedPanel) -> tuple[Query, ...]:
    """The raw samples of a metric in each stretch at which a panel looks."""
    return tuple(
        Query(promql.raw(metric, run.selector, end_s - start_s), end_s) for start_s, end_s in _stretches(run, asked)
    )


def _stretches(run: Run, asked: ParsedPanel) -> tuple[tuple[float, float], ...]:
    """The times at which the panel looks, each with two scrapes more before it; the first of them holds the window.

    Those that meet are one. What lies after t1 is in none: it is not known.
    """
    moment_s, spare_s, end_s = asked_at_s(run, asked), 2 * run.window.scrape_interval_s, run.window.end_s
    first_s, others = end_s - run.window.length_s - spare_s, list[tuple[float, float]]()
    for since_s, until_s in sorted((each.stretch(moment_s) for each in asked.selections), key=lambda each: -each[1]):
        if until_s >= first_s:
            first_s = min(first_s, since_s - spare_s)
        else:
            others.append((since_s - spare_s, until_s))
    apart: list[tuple[float, float]] = [(first_s, end_s)]
    for since_s, until_s in others:
        if until_s >= apart[-1][0]:
            apart[-1] = (min(apart[-1][0], since_s), apart[-1][1])
        else:
            apart.append((since_s, until_s))
    return tuple(apart)
