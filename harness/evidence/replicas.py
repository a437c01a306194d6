"""Series that are there several times, once from each replica of a Prometheus that scrapes the same targets.

A pair for high availability writes each sample to one server, and a querier without deduplication answers with both:
label sets that are equal but for the labels of the replica. So are those of two processes that share an `instance`; but
these report other numbers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.query import Reading
from harness.promql.query_text import label_value

ABOUT_TARGET = frozenset({"__name__", "job", "instance"})
REPLICA = re.compile(r"(?i)(^|_)replica|^prometheus$|^receive$")
"""Names of labels that a pair gives its replicas: `prometheus_replica`, `__replica__`, the operator's `prometheus`."""
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What tells the copies of a series apart."""

    matchers: str
    """Of one copy, as PromQL text, e.g. `prometheus_replica="a"`."""
    labels: tuple[str, ...]
    copies: int


def find(ups: Sequence[Labels], counted: Reading) -> Duplicates | None:
    """The copies of the targets' `up`; None where each target is there once.

    `counted` is a counter of seconds or requests of the same targets: two processes never report the same values of it.
    """
    groups = _by_target(ups)
    several = [group for group in groups if len(group) > 1]
    if not several or len(several) < len(groups):
        return None
    differ = sorted({name for group in several for each in group for name in each if _varies(name, group)})
    copies = {tuple(each.get(name, "") for name in differ) for group in several for each in group}
    whole = [copy for copy in copies if all(any(_is(each, differ, copy) for each in group) for group in several)]
    if not differ or len(whole) < 2 or any(len(group) != len(copies) for group in several):
        return None
    if not all(map(REPLICA.search, differ)) and not _is_same(counted, differ):
        return None
    chosen = dict(zip(differ, min(whole), strict=True))
    matchers = ",".join(f"{name}={label_value(value)}" for name, value in chosen.items())
    return Duplicates(matchers, tuple(differ), len(whole))


def are_some_missing(ups: Sequence[Labels]) -> bool:
    """Some targets are there several times, by a label that replicas bear, and others fewer times."""
    groups = _by_target(ups)
    differ = {name for group in groups for each in group for name in each if _varies(name, group)}
    return bool(differ) and all(map(REPLICA.search, differ)) and len({len(group) for group in groups}) > 1


def _by_target(ups: Sequence[Labels]) -> list[list[Labels]]:
    """Label sets that are of one target, whoever scraped it."""
    groups: dict[tuple[tuple[str, str], ...], list[Labels]] = {}
    for labels in ups:
        key = tuple(sorted((name, value) for name, value in labels.items() if name in ABOUT_TARGET))
        groups.setdefault(key, []).append(labels)
    return list(groups.values())


def _varies(name: str, group: Sequence[Labels]) -> bool:
    return len({each.get(name, "") for each in group}) > 1


def _is(labels: Labels, names: Sequence[str], values: Sequence[str]) -> bool:
    return all(labels.get(name, "") == value for name, value in zip(names, values, strict=True))


def _is_same(counted: Reading, differ: Sequence[str]) -> bool:
    """True when series that are equal but for these labels have equal values, to the last digit."""
    values: dict[frozenset[tuple[str, str]], set[float]] = {}
    for series in counted.series:
        rest = frozenset((name, value) for name, value in series.labels.items() if name not in differ)
        values.setdefault(rest, set()).add(series.last)
    return bool(values) and all(len(each) == 1 for each in values.values())
