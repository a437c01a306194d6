"""Quiet scrapes: what is no traffic, which targets are waited for, and when a scrape is visible in whole."""

from collections.abc import Mapping, Sequence

import pytest

from harness.core.query import Reading, Series
from harness.evidence import quiet
from harness.evidence.quiet import Scrape
from harness.evidence.targets import Targets

Values = Mapping[str, tuple[float, ...]]
"""By instance, each second from 1 s on."""


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
    later: Sequence[Values] = (),
) -> Scrape | None:
    """With scrapes each second, of the metrics under the view `page`, and `alive` declared as background."""
    by_view = [each for view, values in views.items() for each in reading(values, view=view).series]
    ups = {name: (1.0,) * len(values) for name, values in arrived.items()}
    counted = Reading(tuple(by_view)) if by_view else None
    given = (reading(ups), reading(arrived), reading(answered), counted, [reading(each) for each in later])
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


def beside(probes: Sequence[int], *later: Sequence[float], after_s: float = 0.5, own: Sequence[float] = ()) -> Scrape:
    """Judge scrapes of one target that is probed so often before each.

    `later` says of counters how many responses each has beyond those answered, `own` the same of the counter by view.
    """
    answered = [9.0]
    for number in probes:
        answered.append(answered[-1] + 1 + number)
    own = own or (0.0,) * len(answered)
    arrived = tuple(value + 1 for value in answered)
    page = tuple(3.0 + place for place in range(len(answered)))
    alive = tuple(value - each + more for value, each, more in zip(answered, page, own, strict=True))
    beyond = [tuple(value + more for value, more in zip(answered, each, strict=True)) for each in later]
    by_view = tuple(map(sum, zip(page, alive, strict=True)))
    views = {"page": {"a": page}, "alive": {"a": alive}}
    counters = [{"a": each} for each in (by_view, *beyond)] if later or any(own) else []
    found = judged({"a": arrived}, {"a": tuple(answered)}, views, after_s=after_s, later=counters)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("timed", "after_s", "torn", "whole"),
    [
        ((-1.0, 0.0, 0.0, 0.0), 0.5, 0, True),
        ((0.0, 0.0, 0.0, 1.0), 0.5, 1, False),
        ((0.0, 0.0, 1.0, 0.0), 0.5, 1, False),
        ((0.0, 0.0, 1.0, 1.0), 0.5, 1, False),
        ((0.0, 0.0, -1.0, 0.0), 0.5, 1, False),
        ((0.0, 0.0, 0.0, 0.0), 2.0, None, False),
        ((0.0, 0.0, 0.0, 0.0), 1.0, 0, True),
    ],
    ids=["whole", "this one", "the one before", "two alike", "file by file", "the load was on before", "three since"],
)
def test_a_probe_that_came_while_a_target_wrote_its_counters_tears_the_scrape(
    timed: tuple[float, ...], after_s: float, torn: int | None, *, whole: bool
) -> None:
    """A later counter then has a response that the first one lacks; two in a row may be torn alike."""
    found = beside((4, 4, 4), timed, after_s=after_s)
    assert (found.torn, found.is_whole(background=False), found.is_known) == (torn, whole, True)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_later_counter_shows_a_tear(place: int) -> None:
    """The one by view, one in the middle of the page, and the last one: a probe may come anywhere."""
    none, one = (0.0,) * 4, (0.0, 0.0, 0.0, 1.0)
    found = beside((4, 4, 4), *(one if place == each else none for each in (1, 2)), own=one if place == 0 else none)
    assert (found.torn, found.is_whole(background=False)) == (1, False)


@pytest.mark.parametrize(
    ("timed", "torn"),
    [
        ((0.0, -1.0, -2.0, -3.0, -4.0), 0),
        ((0.0, 2.0, 2.0, 4.0, 4.0), 0),
        ((0.0, 0.0, 0.0, 1.0, 1.0), 1),
        ((0.0, 1.0, 0.0, 1.0, 0.0), 1),
    ],
    ids=["never timed", "timed twice now and then", "it may come back", "torn each time"],
)
def test_what_goes_on_in_one_direction_is_no_tear(timed: tuple[float, ...], torn: int) -> None:
    """A target that never times its probes, or times them twice, is excused by nothing."""
    assert beside((2, 2, 2, 2), timed).torn == torn


def test_a_counter_without_a_sample_of_the_newest_scrape_says_nothing() -> None:
    """It may be on its way; a scrape that lacks it is not whole where others ask."""
    late = [{"a": (9.0, 14.0, 19.0)}]
    views = {"page": {"a": (3.0, 4.0, 5.0, 6.0)}, "alive": {"a": (6.0, 10.0, 14.0, 18.0)}}
    answered = (9.0, 14.0, 19.0, 24.0)
    found = judged({"a": tuple(each + 1 for each in answered)}, {"a": answered}, views, after_s=0.5, later=late)
    assert found is not None
    assert (found.torn, found.is_whole(background=False)) == (None, False)


def test_where_nothing_is_counted_later_nothing_shows_a_tear() -> None:
    """An exporter of another kind may have no such counter."""
    found = beside((4, 4))
    assert (found.torn, found.is_whole(background=True)) == (0, True)


def test_the_tears_of_all_targets_are_added_up() -> None:
    """The counters of a run are sums over its targets."""
    answered = (9.0, 14.0, 19.0)
    both = {"a": answered, "b": answered}
    arrived = {name: tuple(each + 1 for each in answered) for name in both}
    views = {"page": dict.fromkeys(both, (3.0, 4.0, 5.0)), "alive": dict.fromkeys(both, (6.0, 10.0, 14.0))}
    timed = {"a": (9.0, 14.0, 20.0), "b": (9.0, 14.0, 19.0)}
    for later, torn in ((timed, 1), (timed | {"b": (10.0, 14.0, 19.0)}, 2)):
        found = judged(arrived, both, views, after_s=0.5, later=[later])
        assert found is not None
        assert (found.torn, found.others, found.asked) == (torn, 8, 16)
    found = judged(arrived, both, views, after_s=0.5, later=[{"b": (9.0, 14.0, 20.0), "a": (9.0, 14.0, 19.0)}])
    assert found is not None
    assert found.torn == 1
    short = {"a": answered, "b": answered[1:]}  # a scrape of one target alone is not enough
    less = judged(short | {"b": (15.0, 20.0)}, short, views, after_s=0.5, later=[short])
    assert less is not None
    assert less.torn is None


def test_where_nobody_else_asks_no_scrape_is_torn() -> None:
    """The first one after the load will do: the one before it was written out while the load was on."""
    found = judged(ONE, BEFORE, {"page": {"a": (3.0, 4.0)}}, later=[{"a": (8.0, 10.0)}])
    assert found is not None
    assert (found.torn, found.is_whole(background=False)) == (None, True)


def test_where_probes_are_declared_one_scrape_is_not_enough() -> None:
    """A quick one may be in the later counters alone, unseen by the first: only further scrapes show that."""
    found = judged(ONE, BEFORE, {"page": {"a": (3.0, 4.0)}}, later=[{"a": (8.0, 10.0)}])
    assert found is not None
    assert not found.is_whole(background=True)


@pytest.mark.parametrize("background", [True, False])
def test_a_quick_probe_may_be_in_the_later_counters_alone(*, background: bool) -> None:
    """Where some are declared, that is no whole scrape; where none are, the app times a response twice."""
    found = beside((0, 0), (0.0, 0.0, 1.0))
    assert (found.others, found.torn, found.is_whole(background=background)) == (0, 1, not background)


@pytest.mark.parametrize(("probes", "known"), [((0, 1), False), ((1, 1), True), ((2, 0), True)])
def test_more_than_others_sent_does_not_come_from_them(probes: tuple[int, int], *, known: bool) -> None:
    """A target that times each response several times is not excused by a probe."""
    found = beside(probes, (0.0, 0.0, 2.0))
    assert (found.asked, found.torn, found.is_known) == (sum(probes), 2, known)


SCRAPE = Scrape(2.0, 0, 0, 0, 0, None, 0, (), {"a": 2.0}, Targets.of([{"instance": "a"}]))
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
