from dataclasses import replace

from harness.core.codes import Code
from harness.core.report import Report
from harness.core.verdict import Status, Verdict
from harness.report.render import view_table
from harness.report.render.overview import ERRORS
from tests.unit.report.render.sample import REPORTS, coarse, failing, passing


def test_the_worst_view_comes_first() -> None:
    """A failed verdict on a view, then what is too coarse, then the most requests."""
    base = failing()
    verdicts = [
        replace(each, labels={"view": "work:cache", "method": "POST"}) if each.check == "timer-span" else each
        for each in base.verdicts
    ]
    rows = view_table.rows(replace(base, verdicts=tuple(verdicts), views=coarse().views))
    assert [(row.name, row.outcome) for row in rows[:2]] == [
        ("work:cache POST", Status.FAIL),
        ("work:fast GET", view_table.COARSE),
    ]


def test_colours_follow_verdicts() -> None:
    """A cell that no verdict judged has no colour, however far it is off; a judged one has its verdict's."""
    base = passing()
    label = {"view": "work:slow", "method": "GET", "quantile": "p95"}
    judged = [replace(each, labels=label) if each.check == "percentiles" else each for each in base.verdicts]
    far = replace(base.views[2], panel=replace(base.views[2].panel, p50_s=99.0))
    report = replace(base, verdicts=tuple(judged), views=(base.views[0], far), percentile_ratio=1e9)
    (row,) = view_table.rows(report)
    outcomes = dict(zip(view_table.COLUMNS, (cell.outcome for cell in row.cells), strict=True))
    assert outcomes["p95"] == Status.PASS
    assert outcomes["p50"] == outcomes["rate"] == view_table.NONE


def test_a_cell_is_what_a_dashboard_shows() -> None:
    """Beside how far that lies from what the app measured, and with all accounts for a pointer that rests there."""
    row = view_table.rows(passing())[0]
    cells = dict(zip(view_table.COLUMNS, row.cells, strict=True))
    assert (cells["p95"].text, cells["p95"].off) == ("1.67 ms", "+4.2 %")
    assert cells["p95"].title.startswith("users saw ")
    assert cells[ERRORS].text == "0 %"


def tiles_of(report: Report) -> dict[str, view_table.Tile]:
    """By what they show."""
    return {tile.row.label: tile for tile in view_table.tiles(report)}


def test_tiles_say_how_far_metric_and_panel_are_off() -> None:
    """And how far Prometheus may be, by the verdict or, for a percentile, by its bucket."""
    tiles = tiles_of(passing())
    assert tiles["rate"].notes == ("Prometheus exact (limit 0)", "panel +1.7 %")
    assert tiles["p95"].notes == ("Prometheus +3.1 %, panel +4.2 % against the app", "its bucket: 5.00 ms to 10.0 ms")
    assert tiles["p95"].outcome == Status.PASS
    assert view_table.tiles(REPORTS["empty"]) == ()


def test_a_percentile_over_all_views_is_wrong_where_that_of_a_view_is() -> None:
    """It is made of theirs; another percentile is not its own, and a bucket far from it says nothing of it."""
    report = passing()
    wrong = Verdict(
        "percentiles", "a p95", Status.FAIL, "low", code=Code.TOO_LOW, labels={"view": "a", "quantile": "p95"}
    )
    other = replace(wrong, labels={"view": "a", "quantile": "p99"})
    bucket = replace(wrong, check="latency-buckets", labels={"view": "a"})
    for more, outcome in ((wrong, Status.FAIL), (other, Status.PASS), (bucket, Status.PASS)):
        assert tiles_of(replace(report, verdicts=(*report.verdicts, more)))["p95"].outcome == outcome


def test_a_share_that_is_equal_by_chance_says_of_how_many() -> None:
    """No error of fewer requests is no error, and the counts are wrong."""
    report = passing()
    whole = report.views[0]
    share = replace(whole, metric=replace(whole.metric, requests=9, error_ratio=whole.client.error_ratio))
    wrong = Verdict("error-ratio", "all views 5xx", Status.FAIL, "less", code=Code.SHORT, labels={"status": "5xx"})
    tile = tiles_of(replace(report, views=(share,), verdicts=(wrong,)))[ERRORS]
    assert tile.notes == (f"the same share, of 9 in place of {whole.client.requests:,} requests",)
