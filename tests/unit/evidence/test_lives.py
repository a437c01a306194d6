"""Targets that come, leave and begin anew."""

from dataclasses import replace

import pytest

from harness.core.query import Reading, Series
from harness.evidence import lives
from harness.evidence.lives import Life
from harness.evidence.targets import Targets
from tests.unit.checks.facts import RUN

OWN = replace(RUN, embedded=False, window=replace(RUN.window, start_s=100.0, end_s=110.0, scrape_interval_s=1.0))
ALL = range(99, 111)


def lived(
    *times: int,
    counts: dict[int, float] | None = None,
    failed: tuple[int, ...] = (),
    starts: dict[int, float] | None = None,
) -> Life:
    """The life of `a`, scraped at `times`, beside `b` that lasts."""
    at_a = tuple((float(at), 0.0 if at in failed else 1.0) for at in sorted({*times, *failed}))
    up = Reading((Series({"instance": "a"}, at_a), Series({"instance": "b"}, tuple((float(at), 1.0) for at in ALL))))
    counted = {at: float(at) for at in times} | (counts or {})
    arrived = tuple((float(at), value) for at, value in sorted(counted.items()) if at in times)
    arrivals = Reading((Series({"instance": "a"}, arrived), Series({"instance": "b"}, ((99.0, 1.0), (110.0, 2.0)))))
    begun = [Series({"instance": "a"}, tuple((float(at), value) for at, value in (starts or {}).items()))]
    return lives.find(OWN, Targets.of(each.labels for each in up.series), up, arrivals, begun if starts else ())["a"]


def test_one_that_is_scraped_throughout_is_whole() -> None:
    """Also where a scrape failed."""
    assert lived(*ALL).whole
    assert lived(*range(99, 104), *range(105, 111), failed=(104,)).whole


def test_one_joins_whose_first_scrape_is_after_t0() -> None:
    """Its counters began at zero then."""
    life = lived(*range(104, 111))
    assert (life.joined, life.left, life.begun_s) == (True, False, (104.0,))


@pytest.mark.parametrize(("failed", "gone_s"), [((), 106.0), ((105, 106), 105.0)])
def test_one_leaves_that_is_no_longer_scraped_well(failed: tuple[int, ...], gone_s: float) -> None:
    """It answered no more at the scrape that failed, or else at the second that was due."""
    life = lived(*range(99, 105), failed=failed)
    assert (life.left, life.last_s, life.gone_s) == (True, 104.0, gone_s)


FELL = {at: float(at - 104) for at in range(105, 111)}


@pytest.mark.parametrize(
    ("life", "restarts"),
    [
        (lived(*ALL, counts=FELL), ((104.0, 105.0),)),
        (lived(*(at for at in ALL if at != 104), counts=FELL, failed=(104,)), ((103.0, 105.0),)),
        (lived(*ALL, counts={at: at - 40.0 for at in range(105, 111)}), ()),
        (lived(*ALL, starts={at: 1.0 if at < 105 else 104.5 for at in ALL}), ((104.0, 105.0),)),
        (lived(*ALL, counts=FELL, starts=dict.fromkeys(ALL, 1.0)), ()),
    ],
    ids=["nothing is left", "after a failed scrape", "some of it is left", "another start", "the same start"],
)
def test_a_process_began_anew(life: Life, restarts: tuple[tuple[float, float], ...]) -> None:
    """What fell while the process went on, or by a part, is no restart but a loss."""
    assert life.restarts == restarts


def test_a_stack_of_the_harness_has_no_lives() -> None:
    """There a change is a fault."""
    given = replace(OWN, embedded=True)
    assert lives.find(given, Targets.of([]), Reading(()), Reading(()), ()) == {}
