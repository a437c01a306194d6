"""What is asked about the run's rules, and the answers as values."""

from collections.abc import Mapping

from harness import promql
from harness.checks.base import Facts
from harness.core import memo
from harness.core.codes import Code
from harness.core.query import NoData, NoSeries, Query, Reading, Series
from harness.core.rule import Rule
from harness.core.run import Run
from harness.monitoring.rules import reevaluation
from harness.monitoring.rules.reevaluation import Group, Origins, Replay, Scraped
from harness.monitoring.rules.rule_file import EVALUATION
from harness.promql.own_series import ALERTS, SCRAPE_DURATION, UP
from harness.promql.vectors import UnsupportedError

TEMPLATE = "{{"
"""In a label of a rule: its value is made anew for each alert."""
SPARE = 3
"""Scrapes, or evaluations, beyond what is needed."""


def queries(run: Run) -> tuple[Query, ...]:
    """The evaluations of the rules, the states of the alerts, and the records and samples that these follow from."""
    if not run.rules:
        return ()
    names = dict.fromkeys(rule.name for rule in run.rules if rule.alert)
    return (
        evaluations_query(run),
        *(_states_query(run, name) for name in names),
        *(_record_query(run, name) for name in _record_names(run)),
        *(_raw(run, metric) for metric in _metrics(run)),
    )


def origins_of(run: Run, rule: Rule) -> Origins:
    """What a rule is made from in the end; nothing when that is not known."""
    try:
        return reevaluation.origins(run.rules, rule)
    except UnsupportedError:
        return Origins()


def evaluations_query(run: Run) -> Query:
    """When each group of rules was evaluated."""
    return Query(promql.raw(EVALUATION, "", _span_s(run)), run.window.end_s)


@memo.by_identity()
def evaluations(facts: Facts) -> Mapping[Group, tuple[float, ...]]:
    """Times at which each group of rules was evaluated, rising; none when the harness did not load them."""
    reading = facts.evidence.read(evaluations_query(facts.run)) if facts.run.rules else None
    found = reading.series if isinstance(reading, Reading) else ()
    return {
        (each.labels.get("file", ""), each.labels.get("rule_group", "")): tuple(at for at, _ in each.points)
        for each in found
    }


@memo.by_identity()
def by_record(facts: Facts) -> dict[str, tuple[float, ...]]:
    """Times at which each record was evaluated, by its name."""
    times = evaluations(facts)
    found: dict[str, set[float]] = {}
    for rule in facts.run.rules:
        if not rule.alert and reevaluation.group_of(rule) in times:
            found.setdefault(rule.name, set()).update(times[reevaluation.group_of(rule)])
    return {name: tuple(sorted(each)) for name, each in found.items()}


def states(facts: Facts, rule: Rule) -> tuple[Series, ...] | NoData:
    """The samples that Prometheus stored of an alert's states."""
    reading = facts.evidence.read(_states_query(facts.run, rule.name))
    if isinstance(reading, NoData):
        return () if isinstance(reading, NoSeries) else reading
    own = [(key, value) for key, value in rule.labels.items() if TEMPLATE not in value]
    return tuple(each for each in reading.series if all(each.labels.get(key) == value for key, value in own))


def read(facts: Facts) -> Replay | NoData:
    """All that the rules were evaluated on."""
    run = facts.run
    try:
        dialect = promql.Dialect.of(run.prometheus_version)
    except ValueError as error:
        return NoData(str(error), Code.UNKNOWN_VERSION)
    series: dict[str, tuple[Series, ...]] = {}
    asked = {metric: _raw(run, metric) for metric in _metrics(run)}
    asked |= {name: _record_query(run, name) for name in _record_names(run)}
    for metric, query in asked.items():
        reading = facts.evidence.read(query)
        if isinstance(reading, NoData) and not isinstance(reading, NoSeries):
            return reading
        series[metric] = reading.series if isinstance(reading, Reading) else ()
    if not series[UP]:
        return NoData("no scrape of the target is known", Code.NO_SCRAPE)
    scrapes = {each.labels.get("instance", ""): tuple(at for at, _ in each.points) for each in series[UP]}
    took = {each.labels.get("instance", ""): dict(each.points) for each in series[SCRAPE_DURATION]}
    ends = {
        instance: tuple(at + took.get(instance, {}).get(at, run.window.scrape_interval_s) for at in times)
        for instance, times in scrapes.items()
    }
    recorded = {name: series.pop(name) for name in _record_names(run)}
    return Replay(run.rules, evaluations(facts), Scraped(series, scrapes, ends, dialect), recorded)


def judged_from_s(run: Run, rule: Rule) -> float:
    """From when on the state of an alert is followed, so that it is known at the start of the window."""
    return run.window.start_s - rule.for_s - rule.keep_firing_for_s - SPARE * rule.interval_s


def known_from_s(run: Run) -> float:
    """From when on all evaluations are in the evidence."""
    return run.window.end_s - _span_s(run)


def records(run: Run) -> list[int]:
    """The places of the records that alerts read, through others too."""
    return sorted({place for rule in run.rules if rule.alert for place in origins_of(run, rule).records})


@memo.by_identity()
def _record_names(run: Run) -> list[str]:
    return sorted({run.rules[place].name for place in records(run)})


@memo.by_identity()
def _metrics(run: Run) -> list[str]:
    """What was scraped of all that the alerts are made from."""
    return sorted({UP, SCRAPE_DURATION}.union(*(origins_of(run, rule).metrics for rule in run.rules if rule.alert)))


@memo.by_identity()
def _span_s(run: Run) -> float:
    reach = [
        reach_s(run, rule) + rule.for_s + rule.keep_firing_for_s + 2 * SPARE * rule.interval_s for rule in run.rules
    ]
    return run.window.length_s + max(reach, default=0.0) + SPARE * run.window.scrape_interval_s


def reach_s(run: Run, rule: Rule) -> float:
    """How far back a rule looks; 0 when that is not known."""
    try:
        reevaluation.origins(run.rules, rule)
        return reevaluation.reach_s(run.rules, rule)
    except UnsupportedError:
        return 0.0


def _states_query(run: Run, name: str) -> Query:
    return Query(promql.raw(ALERTS, "", _span_s(run), {"alertname": name}), run.window.end_s)


def _record_query(run: Run, name: str) -> Query:
    return Query(promql.raw(name, "", _span_s(run)), run.window.end_s)


def _raw(run: Run, metric: str) -> Query:
    return Query(promql.raw(metric, run.selector, _span_s(run)), run.window.end_s)
