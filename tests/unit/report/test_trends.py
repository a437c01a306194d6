"""Several reports beside each other."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.core.report import Figures, Report, ViewReport
from harness.core.verdict import Status
from harness.report import trends
from harness.report.render import trends as pages
from harness.report.trends import Index
from tests.unit.report.render.sample import REPORTS, passing


def report(
    number: int, *, status: Status = Status.PASS, p95_s: float | None = None, errors: float | None = None
) -> Report:
    """One run of a view of these figures."""
    told = Figures(p95_s=p95_s, error_ratio=errors)
    view = ViewReport("shop:item", "GET", told, Figures(), Figures(), Figures())
    return replace(passing(), run_id=f"run-{number:02}", started_s=1e9 + number, status=status, views=(view,))


def changes(values: Sequence[float | None], number: str = "p95_s") -> list[float | None]:
    """The markers of runs with these values."""
    made = trends.index([("", report(place, **{number: value})) for place, value in enumerate(values)])  # type: ignore[arg-type]
    return [point.change for point in made.trends[0].points]


def test_runs_come_oldest_first_and_a_turned_verdict_is_told() -> None:
    """Whatever order they are found in."""
    statuses = [Status.PASS, Status.PASS, Status.FAIL, Status.PASS]
    found = [("", report(place, status=status, p95_s=0.1)) for place, status in enumerate(statuses)]
    made = trends.index(list(reversed(found)))
    assert [line.run_id for line in made.runs] == ["run-00", "run-01", "run-02", "run-03"]
    assert [line.turned for line in made.runs] == [False, False, True, True]


@pytest.mark.parametrize(
    ("values", "marked"),
    [
        ([0.1, 0.1, 0.1, 0.111], [None, None, None, pytest.approx(0.11)]),
        ([0.1, 0.1, 0.1, 0.1099], [None] * 4),
        ([0.1, 0.1, 0.1, 0.0911], [None] * 4),
        ([0.1, 0.1, 0.1, 0.09], [None, None, None, pytest.approx(-0.1)]),
        ([0.1, 0.1, 9.0], [None] * 3),
        ([0.1, None, 0.1, 9.0], [None] * 4),
        ([0.1, 0.1, 5.0, 0.1, 0.1], [None, None, None, None, None]),
        ([0.1, 0.1, 0.1, 0.0], [None] * 4),
    ],
)
def test_a_change_is_marked_against_the_median_before(values: list[float | None], marked: list[float | None]) -> None:
    """More than 10 % up or 9.1 % down, three runs before at least; one odd run moves no median."""
    assert changes(values) == marked


def test_a_ratio_is_marked_by_its_difference() -> None:
    """From 0, where no share can be told."""
    assert changes([0.0, 0.0, 0.0, 0.004, 0.006], "errors") == [None, None, None, None, pytest.approx(0.006)]


def test_runs_of_another_profile_are_another_trend() -> None:
    """Another load has other numbers, and that is no change; each stands at its run's place."""
    runs = [
        ("", replace(report(place, p95_s=0.1 + place % 2), profile=("ci", "nightly")[place % 2])) for place in range(8)
    ]
    made = trends.index(runs)
    assert [(trend.profile, [point.place for point in trend.points]) for trend in made.trends] == [
        ("ci", [1, 3, 5, 7]),
        ("nightly", [2, 4, 6, 8]),
    ]
    assert {point.change for trend in made.trends for point in trend.points} == {None}
    assert "shop:item GET, profile nightly" in pages.render_html(made)


def test_each_chart_says_what_it_shows() -> None:
    """A reader sees the number's name, not only a screen reader its title."""
    made = trends.index([("", report(1, p95_s=0.1, errors=0.02))])
    page = pages.render_html(made)
    assert "<figcaption>p95</figcaption>" in page
    assert "<figcaption>error ratio</figcaption>" in page
    assert "2.00 %" in page


def test_only_ten_runs_before_count() -> None:
    """What was long ago is not what is usual."""
    assert changes([1.0] * 8 + [0.1] * 10 + [0.1])[-1] is None


def test_a_view_that_a_run_does_not_have_leaves_a_gap() -> None:
    """And a number that no run has gives no trend."""
    made = trends.index([("", report(1, p95_s=0.1)), ("", replace(report(2), views=())), ("", report(3, p95_s=0.1))])
    assert [(trend.number, [point.value for point in trend.points]) for trend in made.trends] == [
        ("p95_s", [0.1, None, 0.1])
    ]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_be_shown(name: str) -> None:
    """With hostile names and odd numbers too, on a page that loads nothing."""
    made = trends.index([("somewhere", REPORTS[name])], ["<b>broken</b>"])
    page = pages.render_html(made)
    assert "<b>broken" not in page
    assert "<script" not in page
    assert not re.search(r"<[a-z]+ [^>]*\b(src|href)=|@import|url\(", page)
    assert '"schema_version": 1' in pages.render_json(made)


def test_an_empty_index_has_a_page() -> None:
    """No view at all."""
    assert "None." in pages.render_html(Index((), ()))
