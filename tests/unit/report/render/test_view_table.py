from dataclasses import replace

from harness.core.verdict import Status
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


def test_tiles_say_how_far_metric_and_panel_are_off() -> None:
    """And what the verdict allows, in the unit in which it judges."""
    tiles = {tile.row.label: tile for tile in view_table.tiles(passing())}
    assert tiles["rate"].off == ("Prometheus exact", "panel +1.7 %")
    assert tiles["rate"].limit == "0"
    assert tiles["p95"].outcome == Status.PASS
    assert view_table.tiles(REPORTS["empty"]) == ()
