"""The stored runs are judged as they always were: a change of structure, names or words changes no verdict.

`expected/` holds what the harness concluded of each when it was recorded.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.report import Report
from harness.core.verdict import Verdict
from harness.runs.judge import judge
from harness.runs.run_directory import RunDirectory

HERE = Path(__file__).parent
RUNS = sorted(path.stem for path in (HERE / "expected").glob("*.json"))


@pytest.fixture(scope="module", params=RUNS)
def judged(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Report]:
    """What was concluded when the run was recorded, and what is now."""
    name: str = request.param
    expected = json.loads((HERE / "expected" / f"{name}.json").read_text())
    return expected, judge(RunDirectory(HERE / "runs" / name))


def test_every_stored_run_has_its_expectations() -> None:
    """None is stored and never compared."""
    assert sorted(path.name for path in (HERE / "runs").iterdir()) == RUNS


def test_every_verdict_is_as_before(judged: tuple[dict[str, Any], Report]) -> None:
    """Check, subject, status, both numbers, tolerance, unit and strength of each, in the same order."""
    before, report = judged
    assert [_row(verdict) for verdict in report.verdicts] == before["verdicts"]
    assert report.status == before["status"]


def test_findings_and_causes_are_as_before(judged: tuple[dict[str, Any], Report]) -> None:
    """The same findings of the same subjects, and the same likely causes in the same order."""
    before, report = judged
    assert [[finding.check, finding.code, finding.subject] for finding in report.findings] == before["findings"]
    assert [cause.id for cause in report.causes] == before["causes"]


def _row(verdict: Verdict) -> list[Any]:
    tolerance = verdict.tolerance
    return [
        verdict.check,
        verdict.subject,
        verdict.status.value,
        verdict.expected,
        verdict.observed,
        [tolerance.below, tolerance.above] if tolerance else None,
        verdict.unit,
        verdict.strength.value,
    ]
