from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from harness.core.text import clean
from harness.core.verdict import Status
from harness.report.render import junit
from tests.unit.report.render.sample import HOSTILE, REPORTS, empty, failing, inconclusive, passing


@pytest.mark.parametrize("name", REPORTS)
def test_counts_are_the_verdicts(name: str) -> None:
    """A case per verdict; FAIL is a failure, INCONCLUSIVE an error, and the totals say so."""
    report = REPORTS[name]
    root = ET.fromstring(junit.render(report))
    failures = sum(verdict.status is Status.FAIL for verdict in report.verdicts)
    errors = sum(verdict.status is Status.INCONCLUSIVE for verdict in report.verdicts) if report.verdicts else 1
    assert len(root.findall(".//testcase")) == int(root.attrib["tests"]) == max(len(report.verdicts), 1)
    assert len(root.findall(".//failure")) == int(root.attrib["failures"]) == failures
    assert len(root.findall(".//error")) == int(root.attrib["errors"]) == errors
    assert root.attrib["skipped"] == "0"


def test_failure_says_why() -> None:
    """The message is the verdict's why, the text has the numbers."""
    failure = ET.fromstring(junit.render(failing())).find("testsuite[@name='request-counts']//failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("the metric is 1 short")
    assert "expected: 6,400 responses\nobserved: 6,399 responses\ntolerance: 0 (exact)" in (failure.text or "")


def test_inconclusive_is_an_error() -> None:
    """CI must not count as passed what could not be measured."""
    error = ET.fromstring(junit.render(inconclusive())).find("testsuite[@name='rate']//error")
    assert error is not None
    assert error.attrib["type"] == "inconclusive"


def test_nothing_judged_is_an_error() -> None:
    """A file without cases would count as passed."""
    assert ET.fromstring(junit.render(empty())).attrib["errors"] == "1"


def test_worse_status_than_the_verdicts() -> None:
    """A report that is worse than its verdicts has a case of its own."""
    root = ET.fromstring(junit.render(replace(passing(), status=Status.INCONCLUSIVE)))
    assert root.find("testsuite[@name='report']/testcase/error") is not None


def test_properties_name_the_run() -> None:
    """Once, in the first suite, which has the time of the window; every suite says when the run began."""
    suite, *others = ET.fromstring(junit.render(failing())).findall("testsuite")
    assert not any(each.findall(".//property") for each in others)
    assert {each.attrib["timestamp"] for each in (suite, *others)} == {"2026-01-31T12:00:00"}
    assert float(suite.attrib["time"]) == 61.0
    found = {prop.attrib["name"]: prop.attrib["value"] for prop in suite.iter("property")}
    assert found["run"] == "20260131-121500-dropped-request"
    assert {"target", "prometheus_version", "version.django", "fault"} <= set(found)


def test_hostile_names_survive_as_data() -> None:
    """They parse as XML and come out as they went in, but for control characters."""
    root = ET.fromstring(junit.render(REPORTS["hostile"]))
    assert {case.attrib["name"] for case in root.iter("testcase")} == {clean(text) for text in HOSTILE}
    tags = {"testsuites", "testsuite", "properties", "property", "testcase", "failure", "error"}
    assert {element.tag for element in root.iter()} == tags
