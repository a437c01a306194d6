"""Copies of series from replicas of Prometheus, and what only looks like them."""

from collections.abc import Mapping

import pytest

from harness.core.query import Reading, Series
from harness.evidence import replicas

Labels = Mapping[str, str]


def ups(*instances: str, **varied: tuple[str, ...]) -> list[Labels]:
    """`up` of each instance, once for each place in the values of the labels."""
    places = range(max((len(values) for values in varied.values()), default=1))
    return [
        {"job": "shop", "instance": name, **{label: values[place] for label, values in varied.items()}}
        for name in instances
        for place in places
    ]


def counted(labels: list[Labels], *values: float) -> Reading:
    """A counter of the same targets."""
    given = values or (1.25,) * len(labels)
    return Reading(tuple(Series(each, ((1.0, value),)) for each, value in zip(labels, given, strict=True)))


PAIR = ups("a:1", "b:1", prometheus_replica=("p-0", "p-1"))
OPERATOR = ups("a:1", prometheus=("mon/one", "mon/one"), prometheus_replica=("x-0", "x-1"))
UNUSUAL = ups("a:1", "b:1", scraper=("left", "right"))


@pytest.mark.parametrize(
    ("labels", "values", "matchers"),
    [
        (PAIR, (), 'prometheus_replica="p-0"'),
        (OPERATOR, (), 'prometheus_replica="x-0"'),
        (UNUSUAL, (0.5, 0.5, 7.25, 7.25), 'scraper="left"'),
    ],
    ids=["a pair", "of the operator", "under an unusual name, with equal seconds"],
)
def test_copies_are_narrowed_to_one(labels: list[Labels], values: tuple[float, ...], matchers: str) -> None:
    """By the labels that differ, as a selector takes them."""
    found = replicas.find(labels, counted(labels, *values))
    assert found is not None
    assert (found.matchers, found.copies) == (matchers, 2)


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (ups("a:1", "b:1"), ()),
        (ups("shop", pod=("shop-1", "shop-2")), (0.5, 0.75)),
        ([*PAIR, *ups("c:1")], ()),
        (PAIR[:3], ()),
        ([], ()),
    ],
    ids=["each once", "two processes of one instance", "one target is there once", "a copy is missing", "nothing"],
)
def test_what_is_no_copy_is_left_alone(labels: list[Labels], values: tuple[float, ...]) -> None:
    """Two processes report other seconds, and a pair scrapes the same targets."""
    assert replicas.find(labels, counted(labels, *values)) is None


@pytest.mark.parametrize(
    ("labels", "some"),
    [
        (PAIR[:3], True),
        (PAIR, False),
        (PAIR[::2], False),
        (UNUSUAL[:3], False),
        ([], False),
    ],
)
def test_copies_that_are_still_to_come_are_known_by_those_of_others(labels: list[Labels], some: bool) -> None:
    """By labels that replicas bear: what else is there for some targets alone may stay so."""
    assert replicas.are_some_missing(labels) is some
