"""From raw answers to exact deltas."""

import pytest

from harness.core.query import NoData, NoSeries, Reading, Series
from harness.evidence import prometheus_evidence
from harness.evidence.prometheus_evidence import CounterIncrease


def counter_increase(*points: tuple[float, float], scraped: bool = True) -> CounterIncrease | NoData:
    """Fold a series over the window from 10 s to 20 s."""
    return prometheus_evidence.counter_increase(Series({"instance": "i"}, points), 10, 20, scraped_at_start=scraped)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (((10, 5), (15, 7), (20, 9)), (4, 0)),
        (((9, 5), (10, 6), (20, 9), (21, 99)), (3, 0)),
        (((10.0004, 5), (20.0004, 9)), (4, 0)),
        (((15, 7), (20, 9)), (9, 0)),
        (((10, 100), (15, 3), (20, 9)), (9, 1)),
        (((10, 100), (15, 110), (20, 109)), (9, 1)),
        (((10, 5),), (0, 0)),
    ],
)
def test_growth_is_added_up(points: tuple[tuple[float, float], ...], expected: tuple[float, int]) -> None:
    """Edges belong to the window, new series count from zero, a restart counts again, a small fall counts as itself."""
    delta = counter_increase(*points)
    assert isinstance(delta, CounterIncrease)
    assert (delta.value, delta.falls) == expected


def test_a_series_born_without_a_scrape_at_the_start_is_no_data() -> None:
    """It may have counted before anybody looked."""
    assert isinstance(counter_increase((15, 7), (20, 9), scraped=False), NoData)


def test_an_answer_is_read_in_both_shapes() -> None:
    """Vectors have one point, matrices several; special values are numbers."""
    vector = prometheus_evidence.parse_result([{"metric": {"a": "b"}, "value": [1, "2.5"]}])
    matrix = prometheus_evidence.parse_result([{"metric": {}, "values": [[1, "+Inf"], [2, "3"]]}])
    assert vector == Reading((Series({"a": "b"}, ((1.0, 2.5),)),))
    assert isinstance(matrix, Reading)
    assert matrix.series[0].points == ((1.0, float("inf")), (2.0, 3.0))
    assert matrix.series[0].last == 3.0
    assert prometheus_evidence.parse_result([]) == NoSeries()


@pytest.mark.parametrize("item", [{"metric": 3, "value": [1, "2"]}, {"metric": {}}, {"metric": {}, "value": [1, "x"]}])
def test_a_damaged_answer_is_refused(item: dict[str, object]) -> None:
    """Nothing is read as zero."""
    with pytest.raises(ValueError, match=r"neither|could not convert"):
        prometheus_evidence.parse_result([item])


def test_sums_by_label() -> None:
    """Over all series, over some, by one or more labels."""
    items = [
        CounterIncrease({"view": "a", "le": "1"}, 2, 0),
        CounterIncrease({"view": "a", "le": "+Inf"}, 3, 0),
        CounterIncrease({"view": "b", "le": "1.0"}, 5, 0),
    ]
    assert prometheus_evidence.total(items) == 10
    assert prometheus_evidence.total(items, view="a") == 5
    assert prometheus_evidence.by(items, "view") == {("a",): 5, ("b",): 5}
    assert prometheus_evidence.buckets(items)[-1] == (float("inf"), 3)


def test_added_labels_are_summed_over() -> None:
    """Totals, groups and buckets are those of the series without the label."""
    parts = [
        CounterIncrease({"view": "v", "le": le, "tenant": tenant}, grown, falls=0)
        for le, grown in (("0.1", 1.0), ("+Inf", 2.0))
        for tenant in ("a", "b")
    ]
    assert prometheus_evidence.total(parts, view="v", le="+Inf") == 4
    assert prometheus_evidence.by(parts, "view", "le") == {("v", "0.1"): 2, ("v", "+Inf"): 4}
    assert prometheus_evidence.buckets(parts) == ((0.1, 2.0), (float("inf"), 4.0))
