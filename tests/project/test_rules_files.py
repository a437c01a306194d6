"""The project's own rules: promtool's word on them, and that none is without its cases."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.instrumentation.django_prometheus.metrics import NAMES
from harness.promql import syntax
from tests import promtool

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring" / "prometheus"
FILES = sorted((MONITORING / "rules").glob("*.yml"))
CASES = sorted((MONITORING / "tests").glob("*.yml"))
RULES: tuple[Mapping[str, Any], ...] = tuple(
    rule for file in FILES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
)
RECORDS = [rule["record"] for rule in RULES if "record" in rule]
ALERTS = [rule["alert"] for rule in RULES if "alert" in rule]
LEAST_RANGE_S = 12 * 15
"""Twelve scrapes of production's interval."""


def cases(kind: str) -> Iterator[Mapping[str, Any]]:
    """The cases of one kind, of all tests of all files."""
    for file in CASES:
        for test in yaml.safe_load(file.read_text())["tests"]:
            yield from test.get(kind, ())


def test_promtool_accepts_the_rules() -> None:
    """Syntax, templates, and no rule twice."""
    done = promtool.run("check", "rules", *FILES)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_the_cases_hold(file: Path) -> None:
    """Each value and each alert is what the case says, at each moment that it names."""
    done = promtool.run_cases(file)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_has_a_case_with_a_value_and_one_without(name: str) -> None:
    """A record that is never empty may count what it must leave out; one that is always empty is dead."""
    asked = [case["exp_samples"] for case in cases("promql_expr_test") if name in case["expr"]]
    assert any(samples for samples in asked)
    assert any(not samples for samples in asked)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_case_that_fires_and_one_that_is_silent(name: str) -> None:
    """An alert that was never seen to fire is not known to work, nor is one that was never seen to be silent."""
    asked = [case["exp_alerts"] for case in cases("alert_rule_test") if case["alertname"] == name]
    assert any(alerts for alerts in asked)
    assert any(not alerts for alerts in asked)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_tells_what_it_found_and_what_to_do(name: str) -> None:
    """Its value and its limit, how bad it is, and a page that says what to do."""
    rule = next(rule for rule in RULES if rule.get("alert") == name)
    assert rule["labels"]["severity"] in ("critical", "warning")
    annotations = rule["annotations"]
    assert "$labels" in annotations["summary"]
    assert "$value" in annotations["description"]
    page, _, heading = annotations["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.*)$", (ROOT / page).read_text(), re.MULTILINE)
    assert heading in [each.lower() for each in headings]
    assert heading == name.lower()


def test_each_metric_is_one_that_the_library_exports() -> None:
    """A rule on a name without its second `_total` is silent for ever, and so is one on a record that is not there."""
    asked = {selection.metric for rule in RULES for selection in syntax.selections(syntax.parse(rule["expr"]))}
    assert asked <= NAMES | {"up", *RECORDS}
    assert len(asked & NAMES) > 5


def test_each_range_holds_twelve_scrapes() -> None:
    """Fewer are stretched too far, and a few that fail make a gap."""
    ranges = [selection.range_s for rule in RULES for selection in syntax.selections(syntax.parse(rule["expr"]))]
    assert min(each for each in ranges if each is not None) >= LEAST_RANGE_S
