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


def judged(
    arrived: Values,
    answered: Values,
    views: Mapping[str, Values],
    *,
    after_s: float = 1.0,
    timed: Values | None = None,
) -> Scrape | None:
    """With scrapes each second, of the metrics under the view `page`, and `alive` declared as background."""
    by_view = [each for view, values in views.items() for each in reading(values, view=view).series]
    ups = {name: (1.0,) * len(values) for name, values in arrived.items()}
    counted = Reading(tuple(by_view)) if by_view else None
    given = (reading(ups), reading(arrived), reading(answered), counted, reading(timed) if timed else None)
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


@pytest.mark.parametrize(
    ("timed", "after_s", "torn", "whole"),
    [
        ((9.0, 14.0), 0.5, 0, True),
        ((9.0, 15.0), 0.5, 1, False),
        ((10.0, 14.0), 0.5, 1, False),
        ((9.0, 15.0), 1.0, None, False),
        (None, 0.5, 0, True),
    ],
    ids=["as many", "one more at this one", "one more before", "the load was on before", "nothing is timed"],
)
def test_a_probe_that_came_while_a_target_wrote_its_counters_tears_the_scrape(
    timed: tuple[float, ...] | None, after_s: float, torn: int | None, *, whole: bool
) -> None:
    """Its histograms then have a response that its counters lack; while the load was on nothing follows from that."""
    views = {"page": {"a": (3.0, 4.0)}, "alive": {"a": (1.0, 5.0)}}
    found = judged(
        {"a": (10.0, 15.0)}, {"a": (9.0, 14.0)}, views, after_s=after_s, timed={"a": timed} if timed else None
    )
    assert found is not None
    assert (found.torn, found.is_whole(background=False), found.is_known) == (torn, whole, True)


def test_where_nobody_else_asks_no_scrape_is_torn() -> None:
    """The first one after the load will do: the one before it was written out while the load was on."""
    found = judged(ONE, BEFORE, {"page": {"a": (3.0, 4.0)}}, timed={"a": (8.0, 10.0)})
    assert found is not None
    assert found.is_whole(background=True)


@pytest.mark.parametrize("background", [True, False])
def test_a_quick_probe_may_be_in_the_histograms_alone(*, background: bool) -> None:
    """Where some are declared, that is no whole scrape; where none are, the app times a response twice."""
    found = judged(ONE, BEFORE, {"page": {"a": (3.0, 4.0)}}, after_s=0.5, timed={"a": (9.0, 11.0)})
    assert found is not None
    assert (found.others, found.torn, found.is_whole(background=background)) == (0, 1, not background)


def test_more_than_others_sent_does_not_come_from_them() -> None:
    """A target that times each response several times is not excused by a probe."""
    views = {"page": {"a": (3.0, 4.0)}, "alive": {"a": (1.0, 2.0)}}
    found = judged({"a": (10.0, 12.0)}, {"a": (9.0, 11.0)}, views, after_s=0.5, timed={"a": (9.0, 13.0)})
    assert found is not None
    assert (found.others, found.torn, found.is_known) == (1, 2, False)


SCRAPE = Scrape(2.0, 0, 0, 0, 0, None, (), {"a": 2.0}, Targets.of([{"instance": "a"}]))
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
