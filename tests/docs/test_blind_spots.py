"""docs/conservation.md says, law by law, what cannot be seen, from the data that reports are made of."""

import re

from harness.checks import CHECKS
from harness.report.blind_spots import BLIND_SPOTS, Always
from tools.blind_spot_table import PAGE, when, written


def test_the_page_is_current() -> None:
    """Its tables are those of harness/report/blind_spots.py."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run `make docs`"
    assert all(f"| `{spot.id}` |" in page for spot in BLIND_SPOTS)


def test_every_law_has_its_part_in_the_order_of_reports() -> None:
    """With at least one blind spot that every run has: no check sees everything."""
    page = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    assert [part.partition("\n")[0] for part in parts] == ["Every law", *(check.id for check in CHECKS)]
    assert all(f"| {Always.EVERY_RUN.value} |" in part for part in parts)


def test_the_table_says_when_each_applies() -> None:
    """No two conditions read alike, and none is empty."""
    conditions = {spot.when for spot in BLIND_SPOTS}
    assert len({when(condition) for condition in conditions} - {""}) == len(conditions)
