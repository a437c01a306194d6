"""The evaluations of rules, made again from what Prometheus had stored: samples of scrapes, and of records.

A rule sees at its evaluation what is stored by then. A scrape bears the time at which it began and is stored when it
has ended, so whether the newest ones were seen is not always known: then all that may have been are evaluated. Which of
them a record saw shows in what it recorded, so rules that read it are evaluated on that, and the record itself is
compared with all.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

from harness import promql
from harness.core.query import Series
from harness.core.rule import Rule
from harness.core.same import Same
from harness.promql import Engine, Samples, syntax
from harness.promql.engine import instance_of
from harness.promql.selected import Memo
from harness.promql.vectors import UnsupportedError, Vector

STORED_S = 0.15
"""How long after its end a scrape, or after its time an evaluation, may be stored at the latest."""

Group = tuple[str, str]
"""File and name of a group of rules."""


Source = str | Group
"""What has its newest seen by an evaluation or not: an instance its scrape, a group of rules its evaluation."""
Late = Mapping[Source, int]
"""Of how many of a source's newest an evaluation did not see; of slow scrapes that may be more than one."""
NEVER_S = -1.0
"""Before any sample."""
MOST_SEEN = 16
"""More that may have been seen is not followed: each source in doubt multiplies its number, by two or more."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """What was scraped, and when."""

    series: Mapping[str, Sequence[Series]]
    """Raw samples by metric name."""
    scrapes: Mapping[str, Sequence[float]]
    """Times of all scrapes by instance, failed ones too, rising: with these the series of the target become stale."""
    ends: Mapping[str, Sequence[float]]
    """When each of them had ended."""
    dialect: promql.Dialect
    source: Callable[[Series], str] = instance_of
    """Names in `scrapes` where a series comes from."""
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)
    """What selectors chose of the series."""


@dataclass(frozen=True, slots=True)
class Origins:
    """What a rule is made from."""

    metrics: frozenset[str] = frozenset()
    """Scraped metrics."""
    records: frozenset[int] = frozenset()
    """Places of rules that record, in between."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Rules, and what they were evaluated on."""

    rules: Sequence[Rule]
    evaluations: Mapping[Group, Sequence[float]]
    """Times at which each group was evaluated, rising."""
    scraped: Scraped
    recorded: Mapping[str, Sequence[Series]]
    """What Prometheus stored of the records, by name."""
    nudge: float = 0.0
    """Added to each quantile."""

    def lates(self, node: Any, rule: Rule, at_s: float) -> tuple[Late, ...]:
        """All that a tree of a rule may not have seen in its evaluation at `at_s`; that it saw everything first.

        Raises UnsupportedError when that is more than `MOST_SEEN`.
        """
        metrics = {selection.metric for selection in syntax.selections(node)}
        records = [place for metric in metrics for place in records_of(self.rules, metric)]
        sources: dict[Source, None] = dict.fromkeys(group_of(self.rules[place]) for place in records)
        sources.pop(group_of(rule), None)  # rules of a group: one after the other, each stored before the next
        if any(not records_of(self.rules, metric) for metric in metrics):
            sources |= dict.fromkeys(self.scraped.scrapes)
        doubtful = {each: unsure for each in sources if (unsure := self._unsure(each, at_s))}
        if prod(unsure + 1 for unsure in doubtful.values()) > MOST_SEEN:
            raise UnsupportedError(f"it is not known whether {sum(doubtful.values())} scrapes were stored in time")
        numbers = product(*(range(unsure + 1) for unsure in doubtful.values()))
        return tuple(dict(zip(doubtful, each, strict=True)) for each in numbers)

    def vector(self, node: Any, rule: Rule, at_s: float, late: Late) -> Vector:
        """What a tree of a rule gave in its evaluation at `at_s`. Raises UnsupportedError."""
        series: dict[str, Sequence[Series]] = {}
        evaluations: dict[str, Sequence[float]] = {}
        selections = tuple(syntax.selections(node))
        for selection in selections:
            selection.reach_s()  # raises where it looks at a time that is not so far from each evaluation
        for metric in dict.fromkeys(selection.metric for selection in selections):
            if places := records_of(self.rules, metric):
                evaluated = [self._evaluated(place, rule, at_s, late) for place in places]
                evaluations[metric] = sorted({at for times in evaluated for at in times})
                series[metric] = self._recorded(metric, places, evaluations[metric])
            else:
                series[metric] = self.scraped.series.get(metric, ())
        scrapes = {
            each: times[: self._count(each, at_s) - late.get(each, 0)] for each, times in self.scraped.scrapes.items()
        }
        samples = Samples(
            series=series,
            at_s=at_s,
            dialect=self.scraped.dialect,
            updates=scrapes,
            source=self.scraped.source,
            recordings=evaluations,
            seen_s={each: times[-1] if times else NEVER_S for each, times in scrapes.items()},
            memo=self.scraped.memo if all(map(self._is_one, evaluations)) else Memo(),
        )
        value = Engine(samples, self.nudge).value(node)
        return value if isinstance(value, dict) else {(): value}

    def _is_one(self, metric: str) -> bool:
        """Whether one rule alone records a metric: then what was seen of it is all up to a moment."""
        return len(records_of(self.rules, metric)) == 1

    def _recorded(self, metric: str, places: Sequence[int], seen: Sequence[float]) -> Sequence[Series]:
        """The samples of a record that its rules made; of one that several make those that were `seen`."""
        if not self._is_one(metric):
            return _only(self.recorded.get(metric, ()), frozenset(seen))
        known, key = self.scraped.memo.joined, (metric, Same(self.recorded), Same(self.evaluations))
        if key not in known:
            times = self.evaluations.get(group_of(self.rules[places[0]]), ())
            known[key] = _only(self.recorded.get(metric, ()), frozenset(times))
        return known[key]

    def _evaluated(self, place: int, rule: Rule, at_s: float, late: Late) -> Sequence[float]:
        """When a record was evaluated, as far as a rule that is evaluated at `at_s` sees it."""
        group = group_of(self.rules[place])
        times = self.evaluations.get(group, ())
        if group == group_of(rule):
            after = self.rules.index(rule) > place
            return times[: bisect_right(times, at_s) if after else bisect_left(times, at_s)]
        return times[: self._count(group, at_s) - late.get(group, 0)]

    def _times(self, source: Source) -> tuple[Sequence[float], Sequence[float]]:
        """When each scrape, or evaluation, of a source began, and when it had ended."""
        if isinstance(source, str):
            return self.scraped.scrapes[source], self.scraped.ends.get(source, ())
        times = self.evaluations.get(source, ())
        return times, times

    def _count(self, source: Source, at_s: float) -> int:
        """How many scrapes, or evaluations, of a source can have been seen."""
        return bisect_right(self._times(source)[0], at_s)

    def _unsure(self, source: Source, at_s: float) -> int:
        """How many of these were not certainly stored by then."""
        most, ends = self._count(source, at_s), self._times(source)[1]
        count = most
        while 0 < count <= len(ends) and ends[count - 1] + STORED_S > at_s:
            count -= 1
        return most - count


def _only(recorded: Sequence[Series], times: Collection[float]) -> tuple[Series, ...]:
    """The samples of these times."""
    return tuple(
        each
        if all(at in times for at in each.columns.seconds.tolist())
        else Series(each.labels, tuple(point for point in each.points if point[0] in times))
        for each in recorded
    )


def group_of(rule: Rule) -> Group:
    """The group of a rule."""
    return rule.file, rule.group


def records_of(rules: Sequence[Rule], metric: str) -> list[int]:
    """The places of the rules that record a metric."""
    return [place for place, rule in enumerate(rules) if not rule.alert and rule.name == metric]


def origins(rules: Sequence[Rule], rule: Rule, path: tuple[str, ...] = ()) -> Origins:
    """What a rule is made from in the end, through what it reads of other rules.

    Raises UnsupportedError when it reads itself, or a selector names no metric.
    """
    metrics: set[str] = set()
    records: set[int] = set()
    for selection in syntax.selections_of(rule.expression):
        places = records_of(rules, selection.metric)
        if selection.metric in path:
            raise UnsupportedError(f"{selection.metric} is computed from itself")
        for place in places:
            inner = origins(rules, rules[place], (*path, selection.metric))
            metrics |= inner.metrics
            records |= inner.records | {place}
        if not places:
            metrics.add(selection.metric)
    return Origins(frozenset(metrics), frozenset(records))


def reach_s(rules: Sequence[Rule], rule: Rule) -> float:
    """How far back a rule looks, through what it reads of other rules. Raises UnsupportedError as `origins`."""
    longest_s = 0.0
    for selection in syntax.selections_of(rule.expression):
        inner = [reach_s(rules, rules[place]) for place in records_of(rules, selection.metric)]
        longest_s = max(longest_s, selection.reach_s() + max(inner, default=0.0))
    return longest_s
