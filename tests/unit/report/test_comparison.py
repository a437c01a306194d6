"""Two runs view by view: what changed, and what only one of them has."""

from dataclasses import replace

import pytest

from harness.core.report import Report
from harness.report import comparison
from harness.report.render import comparison as pages
from tests.unit.report.render.sample import HOSTILE, REPORTS, empty, passing


def slower() -> Report:
    """`passing` with one view whose p95 doubled for its users, another view, and other versions."""
    base = passing()
    slow = base.views[2]
    views = (
        *base.views[:2],
        replace(slow, client=replace(slow.client, p95_s=(slow.client.p95_s or 0) * 2)),
        *base.views[4:],
        replace(base.views[3], view="work:new"),
    )
    return replace(base, run_id="later", views=views, versions={**base.versions, "django": "6.0"})


def test_only_what_changed_is_marked() -> None:
    """Each number by client and metric; a view that one run lacks is marked, too."""
    found = comparison.compare(passing(), slower())
    marked = {(each.view, each.account, each.number) for each in found.changes if each.marked}
    assert ("work:slow", "client", "p95_s") in marked
    assert ("work:slow", "metric", "p95_s") not in marked
    assert {view for view, _, _ in marked} == {"work:slow", "work:database", "work:new"}
    assert found.facts == (("django", "5.2.19", "6.0"),)


@pytest.mark.parametrize(
    ("number", "before", "after", "marked"),
    [
        ("rate", 100.0, 110.1, True),
        ("rate", 100.0, 109.0, False),
        ("rate", 0.0, 0.0, False),
        ("rate", 0.0, 5.0, True),
        ("error_ratio", 0.0, 0.004, False),
        ("error_ratio", 0.0, 0.006, True),
        ("p95_s", None, 0.1, True),
        ("p95_s", None, None, False),
    ],
)
def test_marks(number: str, before: float | None, after: float | None, *, marked: bool) -> None:
    """10 % up, 9.1 % down, half a point of a ratio, or known in one run alone."""
    assert comparison.Change("v", "GET", "client", number, "", before, after).marked is marked


def test_the_console_shows_what_changed() -> None:
    """Both verdicts, what else differs, a line for each change; with `everything` all numbers."""
    text = pages.render_console(comparison.compare(passing(), slower()), everything=False)
    assert "django: 5.2.19 -> 6.0" in text
    assert any(
        line.split()[:4] == ["work:slow", "GET", "p95", "client"] and "+100 %" in line for line in text.splitlines()
    )
    assert "work:fast" not in text
    assert "work:fast" in pages.render_console(comparison.compare(passing(), slower()), everything=True)


def test_markdown_keeps_names_literal() -> None:
    """A name adds no cell and no row."""
    text = pages.render_markdown(comparison.compare(passing(), REPORTS["hostile"]), everything=True)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {4, 7}
    assert not any(each in text for each in HOSTILE if "<" in each)


def test_a_run_compared_with_itself_has_no_change() -> None:
    """Nor has one with nothing in it."""
    same = comparison.compare(passing(), passing())
    assert not any(each.marked for each in same.changes)
    assert same.facts == ()
    assert comparison.compare(empty(), empty()).changes == ()
