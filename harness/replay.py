"""The evaluations of rules, made again from the raw samples of the scrapes.

A rule sees at its evaluation what is stored by then. A scrape bears the time at which it began and is stored when it
has ended, so whether the newest one was seen is not always known: then both are evaluated.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness import evaluation, expression, promql
from harness.corrections import Samples
from harness.evaluation import LOOKBACK_S
from harness.model import Rule, Series
from harness.vectors import NAME, Labels, UnsupportedError, Vector

STORED_S = 0.15
"""How long after its end a scrape, or after its time an evaluation, may be stored at the latest."""
INSTANCE = "instance"

Group = tuple[str, str]
"""File and name of a group of rules."""


class Sight(StrEnum):
    """Which samples an evaluation may have seen."""

    ALL = "all"
    """All that bear its time or an earlier one."""
    STORED = "stored"
    """Those that were stored by then for certain."""


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


@dataclass(frozen=True, slots=True)
class Replay:
    """Rules, and what they were evaluated on."""

    rules: Sequence[Rule]
    evaluations: Mapping[Group, Sequence[float]]
    """Times at which each group was evaluated, rising."""
    scraped: Scraped
    nudge: float = 0.0
    """Added to each quantile."""
    recorded: dict[tuple[int, float, Sight], Vector] = field(default_factory=dict)
    """What records gave, by rule, time and sight: each is evaluated once."""

    def vector(self, node: Any, rule: Rule, at_s: float, sight: Sight) -> Vector:
        """What a tree of a rule gave in its evaluation at `at_s`. Raises UnsupportedError."""
        series: dict[str, list[Series]] = {}
        evaluations: dict[str, list[float]] = {}
        for selection in dict.fromkeys(expression.selections(node)):
            since_s = at_s - (selection.range_s or LOOKBACK_S)
            records = records_of(self.rules, selection.metric)
            found = series.setdefault(selection.metric, [])
            if records:
                evaluations.setdefault(selection.metric, [])
            for place in records:
                times = self._evaluated(place, rule, at_s, sight)
                evaluations[selection.metric] = sorted({*evaluations[selection.metric], *times})
                first = bisect_left(times, since_s) if selection.range_s else max(len(times) - 1, 0)
                found += self._series(place, times[first:], sight)
            if not records:
                found += self._seen(selection.metric, since_s, at_s, sight)
        scrapes = {each: times[: self._count(each, at_s, sight)] for each, times in self.scraped.scrapes.items()}
        samples = Samples(series, scrapes, (), frozenset(), at_s, self.scraped.dialect, evaluations=evaluations)
        value = evaluation.evaluate(node, samples, shows=frozenset(), nudge=self.nudge)
        return value if isinstance(value, dict) else {(): value}

    def _evaluated(self, place: int, rule: Rule, at_s: float, sight: Sight) -> Sequence[float]:
        """When a record was evaluated, as far as a rule that is evaluated at `at_s` sees it."""
        record = self.rules[place]
        times = self.evaluations.get(group_of(record), ())
        if group_of(record) == group_of(rule):  # one after the other, each stored before the next
            after = self.rules.index(rule) > place
            return times[: bisect_right(times, at_s) if after else bisect_left(times, at_s)]
        return times[: bisect_right(times, at_s if sight is Sight.ALL else at_s - STORED_S)]

    def _series(self, place: int, times: Sequence[float], sight: Sight) -> Iterator[Series]:
        """What a record gave at these times."""
        rule, points = self.rules[place], dict[Labels, list[promql.Point]]()
        for at_s in times:
            for labels, value in self._record(place, at_s, sight).items():
                points.setdefault(labels, []).append((at_s, value))
        for labels, found in points.items():
            yield Series({**dict(labels), **rule.labels, NAME: rule.name}, tuple(found))

    def _record(self, place: int, at_s: float, sight: Sight) -> Vector:
        key = (place, at_s, sight)
        if key not in self.recorded:
            rule = self.rules[place]
            self.recorded[key] = self.vector(expression.parse(rule.expression), rule, at_s, sight)
        return self.recorded[key]

    def _seen(self, metric: str, since_s: float, at_s: float, sight: Sight) -> Iterator[Series]:
        """Raw samples of a metric in a stretch, as far as they were stored at its end."""
        until = {
            instance: times[count - 1] if (count := self._count(instance, at_s, sight)) else -1.0
            for instance, times in self.scraped.scrapes.items()
        }
        for series in self.scraped.series.get(metric, ()):
            points = series.points
            last_s = until.get(series.labels.get(INSTANCE, ""), at_s)
            kept = points[bisect_left(points, (since_s,)) : bisect_right(points, (last_s, float("inf")))]
            if kept:
                yield Series(series.labels, kept)

    def _count(self, instance: str, at_s: float, sight: Sight) -> int:
        """How many scrapes of an instance were seen."""
        count = bisect_right(self.scraped.scrapes[instance], at_s)
        ends = self.scraped.ends.get(instance, ())
        while sight is Sight.STORED and 0 < count <= len(ends) and ends[count - 1] + STORED_S > at_s:
            count -= 1
        return count


def group_of(rule: Rule) -> Group:
    """The group of a rule."""
    return rule.file, rule.group


def records_of(rules: Sequence[Rule], metric: str) -> list[int]:
    """The places of the rules that record a metric."""
    return [place for place, rule in enumerate(rules) if not rule.alert and rule.name == metric]


def scraped_metrics(rules: Sequence[Rule], rule: Rule, path: tuple[str, ...] = ()) -> frozenset[str]:
    """The metrics that a rule is made from in the end, through what it reads of other rules.

    Raises UnsupportedError when it reads itself, or a selector names no metric.
    """
    found: set[str] = set()
    for selection in expression.selections(expression.parse(rule.expression)):
        places = records_of(rules, selection.metric)
        if selection.metric in path:
            raise UnsupportedError(f"{selection.metric} is made from itself")
        for place in places:
            found |= scraped_metrics(rules, rules[place], (*path, selection.metric))
        if not places:
            found.add(selection.metric)
    return frozenset(found)


def reach_s(rules: Sequence[Rule], rule: Rule) -> float:
    """How far back a rule looks, through what it reads of other rules. Raises UnsupportedError as `scraped_metrics`."""
    longest_s = 0.0
    for selection in expression.selections(expression.parse(rule.expression)):
        inner = [reach_s(rules, rules[place]) for place in records_of(rules, selection.metric)]
        longest_s = max(longest_s, (selection.range_s or 0.0) + max(inner, default=0.0))
    return longest_s
