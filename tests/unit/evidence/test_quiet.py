"""Quiet scrapes: what is no traffic, which targets are waited for, and when a scrape is visible in whole."""

from collections.abc import Mapping

import pytest

from harness.core.query import Reading, Series
from harness.evidence import quiet
from harness.evidence.quiet import Scrape
from harness.evidence.targets import Targets

Values = Mapping[str, tuple[float, ...]]
"""By instance, at 1 s and at 2 s."""


def reading(values: Values, **labels: str) -> Reading:
    return Reading(tuple(_series(name, each, **labels) for name, each in values.items()))


def _series(name: str, values: tuple[float, ...], **labels: str) -> Series:
    return Series({"instance": name, **labels}, tuple((place + 1.0, value) for place, value in enumerate(values)))


def judged(arrived: Values, answered: Values, views: Mapping[str, Values], *, after_s: float = 1.0) -> Scrape | None:
    """With scrapes each second, of the metrics under the view `page`, and `alive` declared as background."""
    by_view = [each for view, values in views.items() for each in reading(values, view=view).series]
    ups = {name: (1.0,) * len(values) for name, values in arrived.items()}
    counted = Reading(tuple(by_view)) if by_view else None
    given = (reading(ups), reading(arrived), reading(answered), counted)
    return quiet.judge(*given, "view", {"page", "alive"}, after_s, 1.0)


ONE = {"a": (10.0, 11.0)}
MORE = {"a": (10.0, 14.0)}
BEFORE = {"a": (9.0, 10.0)}


@pytest.mark.parametrize(
    ("arrived", "answered", "views", "flying", "strange", "seen"),
    [
        (ONE, BEFORE, {"page": {"a": (3.0, 4.0)}}, 0, 0, ()),
        (ONE, BEFORE, {}, 0, 0, ()),
        ({"a": (10.0, 16.0)}, {"a": (9.0, 15.0)}, {"page": {"a": (3.0, 5.0)}, "alive": {"a": (1.0, 5.0)}}, 0, 0, ()),
        (
            {"a": (10.0, 14.0)},
            {"a": (9.0, 13.0)},
            {"page": {"a": (3.0, 4.0)}, "cart": {"a": (0.0, 3.0)}},
            0,
            3,
            ("cart",),
        ),
        ({"a": (10.0, 13.0)}, BEFORE, {"page": {"a": (3.0, 4.0)}}, 2, 2, ()),
        ({"a": (5.0, 5.0)}, {"a": (5.0, 5.0)}, {}, 0, 0, ()),
    ],
    ids=["a scrape", "without counts by view", "a pair and probes", "a visitor", "in flight", "metrics elsewhere"],
)
def test_known_views_are_no_traffic(
    arrived: Values, answered: Values, views: Mapping[str, Values], flying: int, strange: int, seen: tuple[str, ...]
) -> None:
    """Scrapes of whomever and declared background are taken off by the view that they bear."""
    found = judged(arrived, answered, views)
    assert found is not None
    assert (found.time_s, found.flying, found.strange, found.views) == (2.0, flying, strange, seen)


def test_a_scrape_that_is_stored_in_part_is_not_judged() -> None:
    """The responses of the scrape before say nothing about the requests of this one."""
    assert judged(ONE, {"a": (9.0,)}, {}) is None
    assert judged(ONE, BEFORE, {}, after_s=2.0) is None


SCRAPE = Scrape(2.0, 0, 0, 0, 0, (), {"a": 2.0}, Targets.of([{"instance": "a"}]))
KEPT = reading({"a": (2.0, 2.0)})


@pytest.mark.parametrize(
    ("samples", "whole"),
    [
        ((_series("a", (1.0, 1.0), le="1"), _series("a", (1.0, 1.0), le="2")), True),
        ((_series("a", (1.0, 1.0), le="1"), _series("a", (1.0,), le="2")), False),
        ((_series("a", (1.0, 1.0), le="1"),), False),
        ((_series("a", (1.0, 1.0, 1.0), le="1"),), True),
    ],
    ids=["all", "one is late", "a new one is missing", "all have a later one"],
)
def test_a_scrape_is_visible_when_all_of_its_samples_are(samples: tuple[Series, ...], *, whole: bool) -> None:
    """As many as the scrape kept; or each series has a sample of a later scrape, so that none is on its way."""
    assert quiet.is_whole(Reading(samples), KEPT, SCRAPE) is whole
