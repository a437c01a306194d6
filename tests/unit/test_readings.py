"""From raw answers to exact deltas."""

import pytest

from harness import readings
from harness.model import NoData, Reading, Series
from harness.readings import Delta


def fold(*points: tuple[float, float], scraped: bool = True) -> Delta | NoData:
    """Fold a series over the window from 10 s to 20 s."""
    return readings.fold(Series({"instance": "i"}, points), 10, 20, scraped_at_start=scraped)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (((10, 5), (15, 7), (20, 9)), (4, 0, False)),
        (((9, 5), (10, 6), (20, 9), (21, 99)), (3, 0, False)),
        (((10.0004, 5), (20.0004, 9)), (4, 0, False)),
        (((15, 7), (20, 9)), (9, 0, True)),
        (((10, 100), (15, 3), (20, 9)), (9, 1, False)),
        (((10, 100), (15, 110), (20, 109)), (9, 1, False)),
        (((10, 5),), (0, 0, False)),
    ],
)
def test_growth_is_added_up(points: tuple[tuple[float, float], ...], expected: tuple[float, int, bool]) -> None:
    """Edges belong to the window, births count from zero, a restart counts again, a small fall counts as itself."""
    delta = fold(*points)
    assert isinstance(delta, Delta)
    assert (delta.value, delta.falls, delta.born) == expected


def test_a_series_born_without_a_scrape_at_the_start_is_no_data() -> None:
    """It may have counted before anybody looked."""
    assert isinstance(fold((15, 7), (20, 9), scraped=False), NoData)


def test_an_answer_is_read_in_both_shapes() -> None:
    """Vectors have one point, matrices several; special values are numbers."""
    vector = readings.parse_result([{"metric": {"a": "b"}, "value": [1, "2.5"]}])
    matrix = readings.parse_result([{"metric": {}, "values": [[1, "+Inf"], [2, "3"]]}])
    assert vector == Reading((Series({"a": "b"}, ((1.0, 2.5),)),))
    assert isinstance(matrix, Reading)
    assert matrix.series[0].points == ((1.0, float("inf")), (2.0, 3.0))
    assert matrix.series[0].last == 3.0
    assert readings.parse_result([]) == NoData(readings.NO_SERIES)


@pytest.mark.parametrize("item", [{"metric": 3, "value": [1, "2"]}, {"metric": {}}, {"metric": {}, "value": [1, "x"]}])
def test_a_damaged_answer_is_refused(item: dict[str, object]) -> None:
    """Nothing is read as zero."""
    with pytest.raises(ValueError, match=r"neither|could not convert"):
        readings.parse_result([item])


def test_sums_by_label() -> None:
    """Over all series, over some, by one or more labels."""
    items = [
        Delta({"view": "a", "le": "1"}, 2, 0, False),
        Delta({"view": "a", "le": "+Inf"}, 3, 0, False),
        Delta({"view": "b", "le": "1.0"}, 5, 0, False),
    ]
    assert readings.total(items) == 10
    assert readings.total(items, view="a") == 5
    assert readings.by(items, "view") == {("a",): 5, ("b",): 5}
    assert readings.buckets(items)[-1] == (float("inf"), 3)
