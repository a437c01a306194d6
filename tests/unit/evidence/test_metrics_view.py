"""The view that serves the scrapes is found by its growth, whatever it is called."""

import pytest

from harness.core.query import Series
from harness.evidence.metrics_view import Basis, MetricsView, find, found_unanswered, growths

USUAL, UNROUTED = "prometheus-django-metrics", "<unnamed view>"


def of(*intervals: dict[str, float], unanswered: bool | None = True) -> MetricsView:
    """What is found in the intervals of one target."""
    return find([intervals], USUAL, UNROUTED, unanswered=unanswered)


@pytest.mark.parametrize(
    ("intervals", "basis", "view"),
    [
        ([{USUAL: 1, "home": 40}, {USUAL: 1}], Basis.USUAL, USUAL),
        ([{USUAL: 1, "healthz": 1}] * 3, Basis.USUAL, USUAL),
        ([{"ops:numbers": 1, "home": 9}, {"ops:numbers": 1}], Basis.GROWTH, "ops:numbers"),
        ([{"ops:numbers": 2, "home": 9}, {"ops:numbers": 3, "home": 0}], Basis.GROWTH, "ops:numbers"),
        ([{"metrics": 1, "ping": 1}] * 4, Basis.NAME, "metrics"),
        ([{"numbers": 1, "ping": 15}] * 4, Basis.EVEN, "numbers"),
        ([{"numbers": 1, "ping": 1}] * 4, Basis.SEVERAL, ""),
        ([{"home": 5}, {"home": 0}, {"home": 2}], Basis.NONE, ""),
        ([{UNROUTED: 1}] * 3, Basis.GROWTH, UNROUTED),
        ([{"numbers": 1}], Basis.TOO_FEW, ""),
        ([], Basis.TOO_FEW, ""),
    ],
)
def test_the_view_that_grows_with_each_scrape(intervals: list[dict[str, float]], basis: Basis, view: str) -> None:
    """Under load and without, with probes and with a second Prometheus."""
    found = of(*intervals)
    assert (found.basis, found.view) == (basis, view)


def test_others_that_ask_for_the_metrics_are_counted() -> None:
    """By what is more than one in an interval."""
    assert of({USUAL: 2}, {USUAL: 2}, {USUAL: 1}).by_others == 1
    assert of({USUAL: 1}, {USUAL: 1}).by_others == 0


def test_a_redirected_scrape_is_two_requests() -> None:
    """One that no route matched, and the one that it led to."""
    assert of({"metrics": 1, UNROUTED: 1}, {"metrics": 1, UNROUTED: 1}).redirected
    assert not of({"metrics": 1, UNROUTED: 1}, {"metrics": 1}).redirected


def test_a_probe_is_not_taken_for_it_where_the_app_does_not_serve_the_metrics() -> None:
    """No scrape found its own request unanswered: it is none of the app's."""
    assert of({"ping": 1}, {"ping": 1}, unanswered=False).basis is Basis.NONE
    assert of({"ping": 1}, {"ping": 1}, unanswered=None).view == "ping"


def _series(value: list[float], start_s: float = 0.0, **labels: str) -> Series:
    return Series(labels, tuple((start_s + 15.0 * at, number) for at, number in enumerate(value)))


def test_growth_is_of_each_target_and_skips_what_fell() -> None:
    """Statuses and methods are added up; a view that appears began at nothing; a restart is no growth."""
    found = growths(
        [
            _series([1, 2, 3], instance="a", view="m", status="200"),
            _series([0, 0, 1], instance="a", view="m", status="500"),
            _series([4, 5], 15.0, instance="a", view="home"),
            _series([7, 1, 2], instance="b", view="m"),
        ],
        ("instance",),
        "view",
    )
    assert found == (({"m": 1, "home": 4}, {"m": 2, "home": 1}), ({"m": 1},))


def test_each_scrape_finds_its_own_request_unanswered() -> None:
    """Over all labels of a counter, at the times that both counters have."""
    arrived, answered = [_series([3, 4, 5], job="web", instance="a")], [_series([2, 3, 4], job="web", instance="a")]
    assert found_unanswered(arrived, answered) is True
    assert found_unanswered(arrived, arrived) is False
    assert found_unanswered(arrived, []) is None
