"""Every id that a report may name is explained, from the pages that the wheel carries."""

import tomllib
from pathlib import Path

import pytest

from harness.checks import CHECKS
from harness.core.codes import Code, FindingCode
from harness.report import because, explain
from harness.report.blind_spots import BLIND_SPOTS
from harness.report.cause_rules import RULES
from tests.reference import FAULTS

PROJECT = Path(__file__).parents[3]
NAMED = {
    "check": {check.id for check in CHECKS},
    "fault": {fault.id for fault in FAULTS},
    "cause": {rule.id for rule in RULES},
    "reason": {each.id for each in (*because.REASONS, because.OTHER)},
    "code": {str(code) for code in Code} - {"unknown"},
    "finding": {str(code) for code in FindingCode} - {"unknown"},
    "limit": {spot.id for spot in BLIND_SPOTS},
}


@pytest.mark.parametrize("kind", NAMED)
def test_every_id_is_explained(kind: str) -> None:
    """None is missing, none is empty."""
    found = {topic.id: topic.text for own in explain.topics().values() for topic in own if topic.kind == kind}
    assert NAMED[kind] <= set(found)
    assert all(text for text in found.values())
    assert set(NAMED) | {"alert"} == set(explain.KINDS)


def test_alerts_are_explained_whatever_their_case() -> None:
    """Their names are those of the rules."""
    assert explain.explain("targetdown") == explain.explain("TargetDown")
    assert "(alert)" in explain.explain("TargetDown")


def test_a_page_is_plain_text() -> None:
    """Links are their words, code stands without fences."""
    text = explain.explain("one-replica")
    assert "How to fix it" in text
    assert "](" not in text
    assert "```" not in text
    assert explain.explain("no-such-id") == ""


def test_the_list_names_every_kind() -> None:
    """With all of its ids."""
    text = explain.listing()
    assert "check: alerts, attributes" in text
    assert "alert: " in text


def test_the_wheel_carries_the_pages() -> None:
    """Where the package is installed there is no docs/ beside it."""
    wheel = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    carried = set(wheel["only-include"])
    assert {"harness", "docs/checks", "docs/faults", "docs/monitoring.md", "docs/report-schema.md"} <= carried
    assert wheel["sources"] == {"docs": "harness/docs"}
